// The floor: what a system call costs that does nothing.
#include <sys/syscall.h>
#include <unistd.h>

#include "measure/benchmark.h"

namespace nsvet::measure {
namespace {

NSVET_BENCHMARK(empty, {.id = "syscall/empty",
                        .title = "getppid()",
                        .timed = "one getppid(2): entry into the kernel and return",
                        .source = "getppid(2)",
                        .admin = false}) {
  m.take_at_once([] { return timed_again([] { return ::syscall(SYS_getppid); }); });
}

NSVET_BENCHMARK(nothing, {.id = "clock/read",
                          .title = "The clock itself",
                          .timed = "nothing between two readings of the clock",
                          .source = "clock_gettime(2)",
                          .admin = false}) {
  m.take_at_once([] { return timed_again([] { return 0; }); });
}

}  // namespace
}  // namespace nsvet::measure
