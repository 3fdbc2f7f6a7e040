// A kernel that lies: runs a program under lies about its system calls and signals. README.md has
// the vocabulary.
//
// The program runs in namespaces of its own, because a check that is told that it is elsewhere may
// act on what it believes.
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
#include <string_view>

#include "filter.h"
#include "supervisor.h"
#include "sys/call.h"
#include "sys/file.h"

namespace nsvet::liar {
namespace {

constexpr int kCannotHere = 77;

constexpr std::string_view kUsage =
    R"(usage: liar LIE... -- PROGRAM ARGUMENT...

by a seccomp filter alone
  CALL[=ERRNO]               not done; success or this errno
by ptrace
  skip:CALL[=VALUE]          not done; the result is 0 or VALUE
  arg:CALL:N=VALUE           argument N is VALUE  (=+ adds, |= sets bits, &= keeps bits)
  in:CALL:N:OFFSET:WIDTH=V   before the call, V (= =+ |= &=) in memory that argument N points to
  out:CALL:N:OFFSET:WIDTH=V  the same after a call that succeeded; N>8:0:4 follows a pointer at 8
  strip:[CALL:]FLAGS         without these CLONE_* flags (default: clone, clone3, unshare)
  add:[CALL:]FLAGS           with them
  hold:CALL:TYPE             the caller's namespace of the type is never freed
  errno:CALL:FROM=TO         another errno; * for any, 0 for success
  result:CALL[:OLD]=VALUE    another result after success
  read:REGEX=>TEXT           text that read, pread64, readlink, readlinkat, recvfrom, getcwd give
  link:TYPE                  every namespace of the type has the same identity
  signal:drop=SIG            not delivered; signal:SIG=SIG as another one
  siginfo:[SIG:]FIELD=VALUE  si_pid, si_uid, si_code, si_errno, si_status, si_value
  record:FILE                no lie: all calls, a line each
  told:FILE                  no lie: how often each of the others was told
  attach                     no lie

CALL is a name or #NUMBER; after it or after a verb may stand conditions, as in umount2[1&2]:
  [N==V] [N!=V] [N&V]        an argument
  [N~TEXT]                   the path of a descriptor, or the text at an address, has TEXT in it
  [in=TYPE] [out=TYPE]       the caller is in another, or in the first, namespace of the type
  [init]                     the caller is PID 1 of a PID namespace
  [#K]                       the K-th such call only
Values are numbers or names (EPERM, SIGTERM, CLONE_NEWNS, MS_BIND), with | and ~.
)";

sys::Result<> enter_own_namespaces() {
  constexpr std::uint64_t kOwn = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
  return sys::unshare(kOwn).and_then([] { return sys::mount("", "/", "", MS_REC | MS_PRIVATE); });
}

int run(const std::vector<Lie>& lies, char** program) {
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
    ::_exit(run(lies, program));
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
}  // namespace nsvet::liar

int main(int argc, char** argv) {
  using namespace nsvet::liar;
  char** const end = argv + argc;
  char** const dashes = std::find(argv + 1, end, std::string_view("--"));
  if (dashes == argv + 1 || dashes >= end - 1) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  std::vector<Lie> lies;
  for (char** word = argv + 1; word != dashes; ++word) {
    auto lie = parse_lie(*word);
    if (!lie) {
      fmt::print(stderr, "liar: \"{}\": {}\n", *word, lie.error());
      return 2;
    }
    lies.push_back(*std::move(lie));
  }
  if (!enter_own_namespaces()) return kCannotHere;
  const bool traced = std::ranges::any_of(lies, &Lie::traced);
  return traced ? run_traced(lies, dashes + 1) : run(lies, dashes + 1);
}
