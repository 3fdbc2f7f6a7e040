// Joining namespaces: setns(2) by nsfs and by PID file descriptors, and the way of nsenter(1).
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "measure/benchmark.h"
#include "measure/holder.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

// Joins in a child; see in_forked_child() for which types it must not share its parent's memory.
void take_joining(Measurement& m, const NsSet& set, const std::function<Sample()>& sample) {
  if ((set.flags & (CLONE_NEWTIME | CLONE_NEWUSER)) != 0) {
    m.take_in_forked_child(sample);
  } else {
    m.take_in_child(sample);
  }
}

// A process may join any namespace but the user namespace that it is in already, and a new PID or
// time namespace has no link before its first member: a holder in new ones serves for all.

NSVET_BENCHMARK_EACH(setns_fd, single_types,
                     {.id = "setns",
                      .title = "setns(fd, {})",
                      .timed = "one setns(nsfs descriptor, {}) into a namespace that another "
                               "process holds",
                      .source = "setns(2)"}) {
  const auto holder = hold(set.flags);
  if (!holder) return m.fail(holder.error());
  const auto target = sys::open_ns(set.types.front(), holder->child.pid());
  if (!target) return m.fail(target.error());
  take_joining(m, set, [&] {
    return timed([&] { return ::syscall(SYS_setns, target->get(), set.flags); });
  });
}

NSVET_BENCHMARK_EACH(setns_pidfd, ns_sets,
                     {.id = "setns_pidfd",
                      .title = "setns(pidfd, {})",
                      .timed = "one setns(PID file descriptor, {}) into the namespaces of another "
                               "process",
                      .source = "setns(2)",
                      .absent = EINVAL}) {
  const auto holder = hold(set.flags);
  if (!holder) return m.fail(holder.error());
  take_joining(m, set, [&] {
    return timed([&] { return ::syscall(SYS_setns, holder->child.pidfd(), set.flags); });
  });
}

NSVET_BENCHMARK_EACH(nsenter, ns_sets,
                     {.id = "nsenter",
                      .title = "open and join {} as nsenter does",
                      .timed = "open(/proc/PID/ns/TYPE), setns(fd, TYPE) and close for each of {}",
                      .source = "nsenter(1)"}) {
  const auto holder = hold(set.flags);
  if (!holder) return m.fail(holder.error());
  struct Link {
    std::string path;
    std::uint32_t flag;
  };
  std::vector<Link> links;
  // The user namespace comes first, for the capabilities to join the others.
  for (const bool user : {true, false}) {
    for (const NsType type : set.types) {
      if ((type == NsType::user) != user) continue;
      const auto& row = model::info(type);
      links.push_back(
          {fmt::format("/proc/{}/ns/{}", holder->child.pid(), row.name), row.clone_flag});
    }
  }
  // Opened before any is joined: afterwards /proc may be out of reach.
  take_joining(m, set, [&] {
    return timed([&]() -> long {
      std::array<int, model::kNsTypes.size()> fds{};
      std::size_t count = 0;
      for (const Link& link : links) {
        fds.at(count++) = ::open(link.path.c_str(), O_RDONLY | O_CLOEXEC);
      }
      long result = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (::syscall(SYS_setns, fds.at(i), links[i].flag) < 0) result = -1;
        ::close(fds.at(i));
      }
      return result;
    });
  });
}

}  // namespace
}  // namespace nsvet::measure
