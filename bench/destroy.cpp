// Ending namespaces: what the caller pays, what the kernel does later on its own, and all together.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "measure/benchmark.h"
#include "measure/holder.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

Sample timed_end(std::uint64_t flags) {
  auto holder = hold(flags);
  if (!holder) return {.failed = holder.error().number};
  quiesce();
  const pid_t pid = holder->child.release();
  return timed([pid] {
    ::kill(pid, SIGKILL);
    return ::waitpid(pid, nullptr, __WALL);
  });
}

NSVET_BENCHMARK_EACH(end_last, ns_sets,
                     {.id = "end",
                      .title = "end of the last process of a namespace ({})",
                      .timed = "kill(2) and waitpid(2) of the only process in new {}",
                      .source = "namespaces(7)"}) {
  m.take([&] { return timed_end(set.flags); });
}

NSVET_BENCHMARK(end_plain, {.id = "end/none",
                            .title = "end of a process in the namespaces of its parent",
                            .timed = "kill(2) and waitpid(2)",
                            .source = "waitpid(2)",
                            .admin = false}) {
  m.take([] { return timed_end(0); });
}

// A PID or time namespace is left by no process that has members in it, and an own user namespace
// cannot be left at all.
bool register_leaving() {
  using enum NsType;
  for (const NsType type : {cgroup, ipc, mnt, net, uts}) {
    const NsSet& set = single_type(type);
    register_benchmark(
        {.id = "leave/" + set.name,
         .title = fmt::format("setns() away from a namespace, its last member ({})", set.name),
         .timed = fmt::format("one setns(2) back, after unshare({})", set.flags_text),
         .source = "setns(2)",
         .types = set.types},
        [&set](Measurement& m) {
          // A home that is ours: an ordinary user may not come back to the initial namespaces.
          if (auto in = enter_new(set.flags); !in) return m.fail(in.error());
          const auto home = sys::open_ns(set.types.front());
          if (!home) return m.fail(home.error());
          m.take_in_child([&]() -> Sample {
            if (::syscall(SYS_unshare, set.flags) != 0) return {.failed = errno};
            quiesce();
            return timed([&] { return ::syscall(SYS_setns, home->get(), set.flags); });
          });
        });
  }
  return true;
}
const bool leaving_registered = register_leaving();

// How much a crowd of namespaces costs the whole system, for each of them and beyond what as many
// plain processes cost. Waiting is free under -icount, and a crowd makes what the kernel does by
// itself small.
template <class Window>
void take_busy(Measurement& m, const NsSet& set, Window window) {
  if (chosen_clock() != model::Clock::insn) {
    m.skip("needs a machine that does nothing else: only on the insn clock");
    return;
  }
  const auto clock = BusyClock::open();
  if (!clock) {
    m.skip(
        "this kernel tells neither its idle time (/proc/timer_list) nor its run time "
        "(/proc/schedstat), or not to us");
    return;
  }
  const bool net = (set.flags & CLONE_NEWNET) != 0;
  const int count = net ? 8 : 32;
  auto once = [&](std::uint64_t flags) -> sys::Result<std::int64_t> {
    Crowd crowd(set.flags);
    return window(*clock, crowd, count, flags);
  };
  m.take_few([&]() -> Sample {
    const auto plain = once(0);
    const auto busy = once(set.flags);
    if (!busy) return {.failed = busy.error().number};
    return {.cost = std::max<std::int64_t>(0, (*busy - plain.value_or(0)) / count)};
  });
}

NSVET_BENCHMARK_EACH(
    deferred, single_types,
    {.id = "deferred",
     .title = "what freeing a namespace costs later ({})",
     .timed = "work of the whole system, until quiet, after many {} have ended; for "
              "each, beyond that of processes without",
     .source = "namespaces(7)"}) {
  take_busy(m, set,
            [](const BusyClock& clock, Crowd& crowd, int count,
               std::uint64_t flags) -> sys::Result<std::int64_t> {
              if (auto made = crowd.add(count, flags); !made) return tl::unexpected(made.error());
              quiesce();
              crowd.end();
              return clock.since(clock.mark());
            });
}

NSVET_BENCHMARK_EACH(life, ns_sets,
                     {.id = "life",
                      .title = "a namespace from its making until all of it is freed ({})",
                      .timed = "work of the whole system, until quiet, for a process in new {}; "
                               "beyond that of a process without",
                      .source = "namespaces(7)"}) {
  take_busy(m, set,
            [](const BusyClock& clock, Crowd& crowd, int count,
               std::uint64_t flags) -> sys::Result<std::int64_t> {
              const auto mark = clock.quiet_mark();
              if (auto made = crowd.add(count, flags); !made) return tl::unexpected(made.error());
              crowd.end();
              return clock.since(mark);
            });
}

}  // namespace
}  // namespace nsvet::measure
