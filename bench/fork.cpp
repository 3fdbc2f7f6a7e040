// Making a process at a depth of PID namespaces: each level gives it one more PID.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/benchmark.h"

namespace nsvet::measure {
namespace {

// Goes down one level per call and times a fork at the bottom. Every level is a child, init of its
// namespace, so that the end of the outermost one ends them all.
Sample fork_at(const Measurement& m, int levels) {
  if (levels == 0) {
    return m.in_child([] {
      return timed([] {
        const long pid = ::syscall(SYS_fork);
        if (pid == 0) ::_exit(0);
        return pid;
      });
    });
  }
  return m.in_child([&m, levels] { return fork_at(m, levels - 1); }, {.flags = CLONE_NEWPID});
}

bool register_depths() {
  for (const int depth : {1, 2, 4, 8, 16, 32}) {
    register_benchmark({.id = fmt::format("fork/depth:{}", depth),
                        .title = fmt::format("fork() {} PID namespaces down", depth),
                        .timed = "one fork(2) until it has returned in the parent",
                        .source = "pid_namespaces(7)",
                        .types = {NsType::pid}},
                       [depth](const Measurement& m) { return fork_at(m, depth); });
  }
  return true;
}

const bool depths_registered = register_depths();

}  // namespace
}  // namespace nsvet::measure
