// Ending namespaces: what the caller pays, what the kernel does later on its own, and all together.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <optional>

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

bool register_batches() {
  for (const NsSet& set : single_types()) {
    for (const int count : {1, 4, 16, 128}) {
      register_benchmark(
          {.id = fmt::format("batch/{}/namespaces:{}", set.name, count),
           .title = fmt::format("end of {} namespaces at a time ({})", count, set.flags_text),
           .timed = fmt::format("kill(2) of {} processes that are each alone in new {}, then "
                                "waitpid(2) of all",
                                count, set.flags_text),
           .source = "namespaces(7)",
           .types = set.types,
           .profile = count == 16 ? Profile::quick : Profile::full},
          [&set, count](Measurement& m) {
            m.take_few([&]() -> Sample {
              Crowd crowd;
              if (auto made = crowd.add(count, set.flags); !made) {
                return {.failed = made.error().number};
              }
              quiesce();
              return timed([&] {
                crowd.kill_all();
                return 0;
              });
            });
          });
    }
  }
  return true;
}
const bool batches_registered = register_batches();

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

// What the last reference drops at once is in the close: no process ends in the timed call, and so
// it is steadier than an end.
NSVET_BENCHMARK_EACH(close_last, single_types,
                     {.id = "close",
                      .title = "close the last descriptor of a namespace ({})",
                      .timed = "one close(2) of the nsfs descriptor that alone holds a namespace "
                               "of {}",
                      .source = "namespaces(7)"}) {
  m.take([&]() -> Sample {
    auto holder = hold(set.flags);
    if (!holder) return {.failed = holder.error().number};
    auto fd = sys::open_ns(set.types.front(), holder->child.pid());
    if (!fd) return {.failed = fd.error().number};
    const pid_t pid = holder->child.release();
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, __WALL);
    quiesce();
    const int last = fd->release();
    return timed([last] { return ::close(last); });
  });
}

// What many namespaces cost the whole system. Waiting is free under -icount.
std::optional<BusyClock> busy_clock(Measurement& m, std::uint64_t flags) {
  if (chosen_clock() != model::Clock::insn) {
    m.skip("needs a machine that does nothing else: only on the insn clock");
    return std::nullopt;
  }
  auto clock = BusyClock::open((flags & CLONE_NEWNET) != 0);
  if (!clock) m.skip("this kernel does not tell how long tasks have run (/proc/schedstat)");
  return clock;
}

// How many grace periods a window takes is chance: the more namespaces share them, the less of it
// each gets. Network namespaces take long, and cost more than their share of that.
int how_many(const NsSet& set) { return (set.flags & CLONE_NEWNET) != 0 ? 4 : 16; }

sys::Result<std::vector<sys::Fd>> open_all(const NsSet& set, const Crowd& crowd) {
  // The crowd's time namespaces are those of their future children.
  const std::string link = set.name + ((set.flags & CLONE_NEWTIME) != 0 ? "_for_children" : "");
  std::vector<sys::Fd> fds;
  for (const pid_t pid : crowd.pids()) {
    auto fd = sys::open(fmt::format("/proc/{}/ns/{}", pid, link), O_RDONLY);
    if (!fd) return tl::unexpected(fd.error());
    fds.push_back(std::move(*fd));
  }
  return fds;
}

// Descriptors alone hold the namespaces, so that no end of a process is in the window.
sys::Result<std::int64_t> deferred_cost(const BusyClock& clock, const NsSet& set, int count) {
  Crowd crowd;
  if (auto made = crowd.add(count, set.flags); !made) return tl::unexpected(made.error());
  auto close_all = [&](std::vector<sys::Fd> fds) {
    const auto mark = clock.mark();
    fds.clear();
    return clock.others_since(mark);
  };
  // The inodes of nsfs go with their last descriptor, the namespaces only with their processes.
  auto inodes = open_all(set, crowd);
  if (!inodes) return tl::unexpected(inodes.error());
  const std::int64_t without = close_all(std::move(*inodes));
  auto namespaces = open_all(set, crowd);
  if (!namespaces) return tl::unexpected(namespaces.error());
  crowd.end();
  return close_all(std::move(*namespaces)) - without;
}

NSVET_BENCHMARK_EACH(
    deferred, single_types,
    {.id = "deferred",
     .title = "what freeing a namespace costs later ({})",
     .timed = "run time of other tasks, until quiet, after the last descriptors of many {} were "
              "closed; for each, beyond that of namespaces that live on",
     .source = "namespaces(7)"}) {
  const auto clock = busy_clock(m, set.flags);
  if (!clock) return;
  const int count = how_many(set);
  m.ask_more();
  m.take_few([&]() -> Sample {
    const auto cost = deferred_cost(*clock, set, count);
    if (!cost) return {.failed = cost.error().number};
    return {.cost = std::max<std::int64_t>(0, *cost / count)};
  });
}

int unshare_late(void* flags) {
  const auto late = *static_cast<const std::uint64_t*>(flags);
  return late == 0 || ::syscall(SYS_unshare, late) == 0 ? 0 : errno;
}

// A process that shares our memory while we wait for its end.
sys::Result<std::int64_t> cost_of_life(const BusyClock& clock, std::uint64_t flags) {
  alignas(16) static std::array<char, 65536> stack;
  std::uint64_t late = flags & CLONE_NEWTIME;  // No clone that shares memory makes one before 5.19.
  const int early = static_cast<int>(flags & ~late) | CLONE_VM | CLONE_VFORK | SIGCHLD;
  const auto mark = clock.mark();
  const pid_t pid = ::clone(unshare_late, stack.data() + stack.size(), early, &late);
  if (pid < 0) return sys::last_error("clone({})", sys::clone_flags_text(flags));
  int status = 0;
  ::waitpid(pid, &status, __WALL);
  if (status != 0) {
    errno = WEXITSTATUS(status);
    return sys::last_error("unshare({})", sys::clone_flags_text(late));
  }
  return clock.since(mark);
}

// Ticks and wake-ups of the grace period's thread fall into some lives and not into others. They
// only add: the cheapest of some is free of them.
void take_lives(Measurement& m, std::uint64_t flags) {
  constexpr int kLives = 7;
  const auto clock = busy_clock(m, flags);
  if (!clock) return;
  m.take_few([&]() -> Sample {
    Sample cheapest{.cost = std::numeric_limits<std::int64_t>::max()};
    for (int i = 0; i < kLives; ++i) {
      const auto cost = cost_of_life(*clock, flags);
      if (!cost) return {.failed = cost.error().number};
      cheapest.cost = std::min(cheapest.cost, *cost);
    }
    return cheapest;
  });
}

NSVET_BENCHMARK_EACH(life, ns_sets,
                     {.id = "life",
                      .title = "a process in new namespaces, until all of it is freed ({})",
                      .timed = "run time of all tasks, until quiet, for a process in new {} that "
                               "ends at once: the cheapest of seven",
                      .source = "namespaces(7)"}) {
  take_lives(m, set.flags);
}

NSVET_BENCHMARK(
    life_plain,
    {.id = "life/none",
     .title = "a process in the namespaces of its parent, until all of it is freed",
     .timed = "run time of all tasks, until quiet, for a process that ends at once: the "
              "cheapest of seven",
     .source = "clone(2)",
     .admin = false}) {
  take_lives(m, 0);
}

}  // namespace
}  // namespace nsvet::measure
