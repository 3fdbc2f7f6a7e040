// Who caused a seccomp notification or a signal, as each namespace is told.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pid_family.h"
#include "pid_signal.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

// A descriptor that tells of each getpgrp(2) of the caller and of its children.
sys::Result<int> listen_to_getpgrp() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const long fd =
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (fd < 0) return sys::last_error("seccomp(NEW_LISTENER)");
  return static_cast<int>(fd);
}

// Takes the next notification and lets the call succeed.
std::string notified_pid(int listener) {
  seccomp_notif told{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &told) != 0) return sys::errno_name(errno);
  seccomp_notif_resp answer{};
  answer.id = told.id;
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0) return sys::errno_name(errno);
  return fmt::format("{}", told.pid);
}

NSVET_CHECK(seccomp, pid_rule("pid.translated.seccomp", "Seccomp notifications are translated",
                              "the PID in a notification is that of the reader's namespace, 0 "
                              "where the process has none",
                              "seccomp_unotify(2)", "5.0")) {
  Family family = make_family(t);
  const auto made = family.member([] { return listen_to_getpgrp(); });
  if (!made) Check::skip(to_string(made.error()));
  const sys::Fd listener = family.member.take(*made);
  setup(family.member([]() -> sys::Result<> {
    auto cloned = sys::clone3({});  // PID 3 here, 5 in the parent namespace.
    if (!cloned) return tl::unexpected(cloned.error());
    if (cloned->pid != 0) return {};
    for (int i = 0; i < 3; ++i) ::syscall(SYS_getpgrp);
    ::_exit(0);
  }));
  auto told = [&](Actor& actor) {
    const int there = actor.give(listener.get());
    return actor([there] { return notified_pid(there); });
  };
  t.expect("read by PID 1", told(family.init), "3");
  t.expect("read in the parent namespace", told(family.outer), "5");
  t.expect("read in a sibling namespace", told(family.sibling), "0");
}

NSVET_CHECK(signal_uid,
            pid_rule("pid.translated.si_uid", "The sender's user is translated as its PID is",
                     "si_uid is the sender's user ID in the receiver's user namespace: the "
                     "overflow ID where it is not mapped",
                     "sigaction(2), user_namespaces(7)")) {
  if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
  Actor init = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWPID});
  auto received = [&] {
    init([] { set_disposition(Disposition::handler); });
    require(send(init.pid(), SIGUSR1));
    return init([] { return to_string(caught(SIGUSR1)); });
  };
  t.expect("before the map", received(), to_string(Receipt{.count = 1, .uid = sys::kNobody}));
  setup(sys::map_root(init.pid(), ::geteuid(), ::getegid()));
  t.expect("with the sender as root", received(), to_string(Receipt{.count = 1}));
}

}  // namespace
}  // namespace nsvet::probe
