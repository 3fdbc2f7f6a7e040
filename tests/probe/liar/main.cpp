// A kernel that lies: runs a program under lies about its system calls and signals. README.md has
// the vocabulary.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "run.h"

namespace nsvet::liar {
namespace {

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
  return run(lies, dashes + 1);
}
