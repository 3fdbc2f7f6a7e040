// A kernel that lies: runs a program under a seccomp filter that answers chosen system calls
// without doing them. usage: liar NAME[=ERRNO][,NAME...] PROGRAM ARGUMENT...
//
// The program runs in namespaces of its own, because a check that is told that it is elsewhere may
// act on what it believes.
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "sys/call.h"

namespace {

struct Call {
  const char* name;
  unsigned number;
};

constexpr Call kCalls[] = {{"unshare", SYS_unshare},
                           {"setns", SYS_setns},
                           {"clone3", SYS_clone3},
                           {"mount", SYS_mount},
                           {"umount2", SYS_umount2},
                           {"sethostname", SYS_sethostname},
                           {"setdomainname", SYS_setdomainname},
                           {"kill", SYS_kill},
                           {"capset", SYS_capset},
                           {"setgroups", SYS_setgroups},
                           {"msgget", SYS_msgget},
                           {"clock_gettime", SYS_clock_gettime},
                           {"getuid", SYS_getuid},
                           {"bind", SYS_bind},
                           {"connect", SYS_connect},
                           {"ioctl", SYS_ioctl},
                           {"socket", SYS_socket},
                           {"getppid", SYS_getppid},
                           {"getpid", SYS_getpid},
                           {"uname", SYS_uname}};

std::vector<sock_filter> filter_for(const std::string& lies) {
  std::vector<sock_filter> filter{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  std::size_t begin = 0;
  while (begin <= lies.size()) {
    const auto end = std::min(lies.find(',', begin), lies.size());
    const std::string lie = lies.substr(begin, end - begin);
    const auto equals = lie.find('=');
    const std::string name = lie.substr(0, equals);
    const int number = equals == std::string::npos ? 0 : std::atoi(lie.c_str() + equals + 1);
    bool known = false;
    for (const Call& call : kCalls) {
      if (name != call.name) continue;
      known = true;
      filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.number, 0, 1));
      filter.push_back(BPF_STMT(
          BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (static_cast<unsigned>(number) & SECCOMP_RET_DATA)));
    }
    if (!known) {
      fmt::print(stderr, "liar: no lie \"{}\"\n", name);
      std::exit(2);
    }
    begin = end + 1;
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return filter;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  constexpr std::uint64_t kOwn = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
  if (!nsvet::sys::unshare(kOwn) || !nsvet::sys::mount("", "/", "", MS_REC | MS_PRIVATE)) return 77;
  auto filter = filter_for(argv[1]);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
    return 77;
  }
  ::execv(argv[2], argv + 2);
  return 127;
}
