// Joining a namespace: setns(2).
#include <sys/syscall.h>
#include <unistd.h>

#include "measure/benchmark.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

// A process may join any namespace but the user namespace that it is in already, and a new PID or
// time namespace has no link before its first member: a holder in a new one serves for all.
Sample join(const Measurement& m, const NsTypeInfo& type) {
  auto pipe = sys::make_pipe();
  if (!pipe) return {.failed = pipe.error().number};
  auto holder = sys::Child::spawn(
      [&] {
        pipe->write.reset();
        char end = 0;
        return ::read(pipe->read.get(), &end, 1) == 0 ? 0 : 1;
      },
      {.flags = type.clone_flag});
  if (!holder) return {.failed = holder.error().number};
  const auto target = sys::open_ns(type.type, holder->pid());
  if (!target) return {.failed = target.error().number};
  return m.in_child([fd = target->get(), flag = type.clone_flag] {
    return timed([fd, flag] { return ::syscall(SYS_setns, fd, flag); });
  });
}

NSVET_BENCHMARK_EACH_TYPE(setns_type, {.id = "setns",
                                       .title = "setns(fd, {})",
                                       .timed = "one setns(nsfs descriptor, {}) into a namespace "
                                                "that another process holds",
                                       .source = "setns(2)"}) {
  return join(m, type);
}

}  // namespace
}  // namespace nsvet::measure
