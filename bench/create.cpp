// Making a namespace: unshare(2) and clone3(2).
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/benchmark.h"

namespace nsvet::measure {
namespace {

NSVET_BENCHMARK_EACH_TYPE(unshare_type,
                          {.id = "unshare",
                           .title = "unshare({})",
                           .timed = "one unshare({}) in a process with default namespaces",
                           .source = "unshare(2)"}) {
  return m.in_child(
      [flag = type.clone_flag] { return timed([flag] { return ::syscall(SYS_unshare, flag); }); });
}

// The parent's side: until clone3 has returned there. The child exits at once.
NSVET_BENCHMARK_EACH_TYPE(clone3_type,
                          {.id = "clone3",
                           .title = "clone3({})",
                           .timed = "one clone3({}) until it has returned in the parent",
                           .source = "clone3(2)"}) {
  return m.in_child([flag = type.clone_flag] {
    clone_args args{};
    args.flags = flag;
    args.exit_signal = SIGCHLD;
    return timed([&args] {
      const long pid = ::syscall(SYS_clone3, &args, sizeof args);
      if (pid == 0) ::_exit(0);
      return pid;
    });
  });
}

}  // namespace
}  // namespace nsvet::measure
