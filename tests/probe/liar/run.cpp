#include "run.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "filter.h"
#include "supervisor.h"
#include "sys/call.h"
#include "sys/file.h"

namespace nsvet::liar {
namespace {

constexpr int kCannotHere = 77;

sys::Result<> enter_own_namespaces() {
  constexpr std::uint64_t kOwn = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
  return sys::unshare(kOwn).and_then([] { return sys::mount("", "/", "", MS_REC | MS_PRIVATE); });
}

int run_filtered(const std::vector<Lie>& lies, char** program) {
  auto filter = make_filter(lies);
  const sock_fprog code{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &code, 0, 0) != 0) return kCannotHere;
  ::execv(program[0], program);
  fmt::print(stderr, "liar: {}: {}\n", program[0], std::strerror(errno));
  return 127;
}

// The program waits until it is traced: a call that is to be traced fails without a tracer.
int run_traced(const std::vector<Lie>& lies, char** program) {
  auto ready = sys::make_pipe();
  if (!ready) return kCannotHere;
  const pid_t child = ::fork();
  if (child < 0) return kCannotHere;
  if (child == 0) {
    ready->write.reset();
    char byte = 0;
    if (::read(ready->read.get(), &byte, 1) != 1) ::_exit(kCannotHere);
    ::_exit(run_filtered(lies, program));
  }
  const bool traced = seize(child) && ::write(ready->write.get(), "!", 1) == 1;
  ready->write.reset();
  if (!traced) {
    ::waitpid(child, nullptr, 0);
    return kCannotHere;
  }
  return supervise(child, lies);
}

}  // namespace

int run(const std::vector<Lie>& lies, char** program) {
  if (!enter_own_namespaces()) return kCannotHere;
  const bool traced = std::ranges::any_of(lies, &Lie::traced);
  return traced ? run_traced(lies, program) : run_filtered(lies, program);
}

}  // namespace nsvet::liar
