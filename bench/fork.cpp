// Making a process at a depth of PID namespaces: each level gives it one more PID.
#include <sys/syscall.h>
#include <unistd.h>

#include "measure/benchmark.h"

namespace nsvet::measure {
namespace {

bool register_depths() {
  for (const int depth : {1, 2, 4, 8, 16, 32}) {
    register_benchmark({.id = fmt::format("fork/depth:{}", depth),
                        .title = fmt::format("fork() {} PID namespaces down", depth),
                        .timed = "one fork(2) until it has returned in the parent",
                        .source = "pid_namespaces(7)",
                        .types = {NsType::pid}},
                       [depth](Measurement& m) {
                         for (int level = 0; level < depth; ++level) {
                           if (auto in = enter_new(CLONE_NEWPID); !in) return m.fail(in.error());
                         }
                         m.take_in_child([] {
                           return timed([] {
                             const long pid = ::syscall(SYS_fork);
                             if (pid == 0) ::_exit(0);
                             return pid;
                           });
                         });
                       });
  }
  return true;
}

const bool depths_registered = register_depths();

}  // namespace
}  // namespace nsvet::measure
