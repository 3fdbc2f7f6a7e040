// PIDs that the kernel hands to another process are numbers of the receiver's namespace.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "pid_family.h"
#include "pid_process.h"
#include "pid_signal.h"
#include "sys/file.h"
#include "sys/message.h"

namespace nsvet::probe {
namespace {

struct Sockets {
  sys::Fd sender;
  sys::Fd receiver;
};
Sockets make_sockets() {
  auto pair = setup(sys::make_socket_pair());
  const int on = 1;
  for (const auto* end : {&pair.first, &pair.second}) {
    ::setsockopt(end->get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  }
  return {std::move(pair.first), std::move(pair.second)};
}

// "pid 3 uid 0" of the next message's SCM_CREDENTIALS.
std::string received_credentials(int socket) {
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, 128> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  if (::recvmsg(socket, &header, MSG_DONTWAIT) < 0) return sys::errno_name(errno);
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_type != SCM_CREDENTIALS) continue;
    ucred who{};
    std::memcpy(&who, CMSG_DATA(c), sizeof who);
    return fmt::format("pid {} uid {}", who.pid, who.uid);
  }
  return "none";
}

sys::Result<> send_credentials(int socket, pid_t pid) {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_CREDENTIALS;
  c->cmsg_len = CMSG_LEN(sizeof(ucred));
  const ucred who{pid, ::geteuid(), ::getegid()};
  std::memcpy(CMSG_DATA(c), &who, sizeof who);
  if (::sendmsg(socket, &header, 0) < 0) return sys::last_error("sendmsg(SCM_CREDENTIALS)");
  return {};
}

NSVET_CHECK(scm_credentials,
            pid_rule("pid.translated.scm_credentials", "SCM_CREDENTIALS are translated",
                     "the PID in SCM_CREDENTIALS is the sender's in the receiver's namespace, 0 "
                     "where it has none",
                     "unix(7), pid_namespaces(7)")) {
  Family family = make_family(t);
  const Sockets sockets = make_sockets();
  auto sent_by = [&](Actor& sender, Actor& receiver) {
    const int from = sender.give(sockets.sender.get());
    const int to = receiver.give(sockets.receiver.get());
    setup(sender([from] { return sys::write_all(from, "x"); }));
    return receiver([to] { return received_credentials(to); });
  };
  t.expect("member to PID 1", sent_by(family.member, family.init), "pid 2 uid 0");
  t.expect("member to the parent namespace", sent_by(family.member, family.outer), "pid 3 uid 0");
  t.expect("member to a sibling namespace", sent_by(family.member, family.sibling), "pid 0 uid 0");
  t.expect("parent namespace to a member", sent_by(family.outer, family.member), "pid 0 uid 0");
}

NSVET_CHECK(scm_claimed,
            pid_rule("pid.translated.scm_claimed", "A claimed PID is looked up where it is claimed",
                     "a privileged sender may claim the PID of another process of its own "
                     "namespace; one that does not exist there is ESRCH",
                     "unix(7), SCM_CREDENTIALS")) {
  Family family = make_family(t);
  const Sockets sockets = make_sockets();
  const int from = family.init.give(sockets.sender.get());
  const int to = family.outer.give(sockets.receiver.get());
  t.expect("another member's", outcome(family.init([from] { return send_credentials(from, 2); })),
           "success");
  t.expect("as the parent namespace sees it",
           family.outer([to] { return received_credentials(to); }), "pid 3 uid 0");
  t.expect("a PID that only the parent namespace has",
           outcome(family.init([from] { return send_credentials(from, 4); })), "ESRCH");
}

pid_t peer_of(Actor& actor, int fd) {
  const int there = actor.give(fd);
  return actor([there] {
    ucred who{};
    socklen_t size = sizeof who;
    ::getsockopt(there, SOL_SOCKET, SO_PEERCRED, &who, &size);
    return who.pid;
  });
}

NSVET_CHECK(peercred, pid_rule("pid.translated.peercred", "SO_PEERCRED is translated",
                               "the PID of SO_PEERCRED is the peer's in the reader's namespace, 0 "
                               "where it has none",
                               "unix(7), SO_PEERCRED")) {
  Family family = make_family(t);
  const int made = family.member([] {
    auto pair = setup(sys::make_socket_pair());
    static_cast<void>(pair.second.release());
    return pair.first.release();
  });
  const sys::Fd socket = family.member.take(made);
  t.expect("read by PID 1", peer_of(family.init, socket.get()), 2);
  t.expect("read in the parent namespace", peer_of(family.outer, socket.get()), 3);
  t.expect("read in a sibling namespace", peer_of(family.sibling, socket.get()), 0);
}

NSVET_CHECK(lock_owner, pid_rule("pid.translated.lock_owner", "F_GETLK names the holder's PID",
                                 "l_pid is the holder's PID in the caller's namespace, and 0 where "
                                 "it has none",
                                 "F_GETLK(2const), commit 52306e882f77")) {
  Family family = make_family(t);
  const sys::Fd file(::memfd_create("nsvet", MFD_CLOEXEC));
  const int held = family.member.give(file.get());
  t.expect("lock", family.member([held] {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    return ::fcntl(held, F_SETLK, &lock);
  }),
           0);
  auto owner = [&](Actor& actor) {
    const int there = actor.give(file.get());
    return actor([there] {
      struct flock lock {};
      lock.l_type = F_WRLCK;
      if (::fcntl(there, F_GETLK, &lock) != 0) return sys::errno_name(errno);
      return lock.l_type == F_UNLCK ? std::string("unlocked") : fmt::format("{}", lock.l_pid);
    });
  };
  t.expect("asked by PID 1", owner(family.init), "2");
  t.expect("asked in the parent namespace", owner(family.outer), "3");
  t.expect("asked in a sibling namespace", owner(family.sibling), "0");
}

NSVET_CHECK(io_owner, pid_rule("pid.translated.io_owner", "F_GETOWN is translated",
                               "F_SETOWN takes a PID of the caller's namespace, ESRCH when there "
                               "is none; F_GETOWN gives it in that of its caller",
                               "F_GETOWN(2const)")) {
  Family family = make_family(t);
  const auto pair = setup(sys::make_socket_pair());
  const int there = family.init.give(pair.first.get());
  t.expect("F_SETOWN to a member", family.init([there] { return ::fcntl(there, F_SETOWN, 2); }), 0);
  auto owner = [&](Actor& actor) {
    const int fd = actor.give(pair.first.get());
    return actor([fd] { return ::fcntl(fd, F_GETOWN); });
  };
  t.expect("F_GETOWN inside", owner(family.init), 2);
  t.expect("in the parent namespace", owner(family.outer), 3);
  t.expect("in a sibling namespace", owner(family.sibling), 0);
  t.expect("F_SETOWN to a PID of the parent namespace", family.init([there] {
    return sys::errno_name(::fcntl(there, F_SETOWN, 4) == 0 ? 0 : errno);
  }),
           "ESRCH");
}

// F_SETSIG across the border: the signal of a file that becomes readable.
NSVET_CHECK(io_signal,
            pid_rule("pid.translated.io_signal", "SIGIO crosses the border with its descriptor",
                     "a process in another PID namespace gets the signal of F_SETSIG with si_code "
                     "POLL_IN and the descriptor in si_fd",
                     "F_SETSIG(2const)")) {
  Family family = make_family(t);
  auto pair = setup(sys::make_socket_pair());
  const int there = family.member.give(pair.first.get());
  struct Seen {
    int code;
    int fd;
  };
  family.member([there] {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGRTMIN);
    ::sigprocmask(SIG_BLOCK, &one, nullptr);
    ::fcntl(there, F_SETOWN, ::getpid());
    ::fcntl(there, F_SETSIG, SIGRTMIN);
    ::fcntl(there, F_SETFL, O_ASYNC | O_NONBLOCK);
  });
  setup(sys::write_all(pair.second.get(), "x"));
  const auto seen = family.member([] {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGRTMIN);
    siginfo_t info{};
    const timespec limit{20, 0};
    if (::sigtimedwait(&one, &info, &limit) < 0) return Seen{-1, -1};
    return Seen{info.si_code, info.si_fd};
  });
  t.expect("si_code", seen.code, POLL_IN);
  t.expect("si_fd", seen.fd, there);
}

NSVET_CHECK(child_waited,
            pid_rule("pid.translated.waitid", "waitid(2) tells the child's PID of the waiter",
                     "si_pid of waitid(2) and the numbers that it takes are of the caller's "
                     "namespace",
                     "waitid(2), pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  const pid_t pid = init.pid();
  t.expect("PID of the child in its parent's namespace", pid, 2);
  init.finish();
  t.expect("si_pid", outer([pid] {
             siginfo_t info{};
             if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) {
               return sys::errno_name(errno);
             }
             return fmt::format("pid {} uid {} code {}", info.si_pid, info.si_uid, info.si_code);
           }),
           fmt::format("pid 2 uid 0 code {}", CLD_EXITED));
}

NSVET_CHECK(timer_thread,
            pid_rule("pid.translated.timer_thread", "SIGEV_THREAD_ID takes a number of the caller",
                     "the thread of a POSIX timer is looked up in the caller's namespace; one that "
                     "is not of its process is EINVAL",
                     "timer_create(2)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  auto create = [&](pid_t thread) {
    return member([thread] {
      sigevent event{};
      event.sigev_notify = SIGEV_THREAD_ID;
      event.sigev_signo = SIGUSR1;
      event._sigev_un._tid = thread;
      int timer = 0;
      const long result = ::syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer);
      return sys::errno_name(result == 0 ? 0 : errno);
    });
  };
  t.expect("its own number inside", create(2), "0");
  t.expect("another member", create(1), "EINVAL");
  t.expect("its number outside", create(setup(pid_of_pidfd(member.pidfd()))), "EINVAL");
}

NSVET_CHECK(child_tid,
            pid_rule("pid.translated.clone_tids", "clone(2) stores the numbers of each side",
                     "CLONE_PARENT_SETTID stores the child's number in the parent's namespace, "
                     "CLONE_CHILD_SETTID the one in the child's own; gettid(2) agrees",
                     "clone(2)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  struct Numbers {
    pid_t returned;
    pid_t stored_for_parent;
    int stored_in_child;
  };
  const auto numbers = outer([] {
    Numbers found{};
    pid_t for_child = -1;
    const long pid =
        ::syscall(SYS_clone, CLONE_NEWPID | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD,
                  nullptr, &found.stored_for_parent, &for_child, nullptr);
    if (pid == 0) {
      ::_exit(for_child == ::syscall(SYS_gettid) ? static_cast<int>(for_child) : 99);
    }
    found.returned = static_cast<pid_t>(pid);
    int status = 0;
    ::waitpid(found.returned, &status, 0);
    found.stored_in_child = WEXITSTATUS(status);
    return found;
  });
  t.expect("clone() returns", numbers.returned, 2);
  t.expect("CLONE_PARENT_SETTID", numbers.stored_for_parent, 2);
  t.expect("CLONE_CHILD_SETTID", numbers.stored_in_child, 1);
}

}  // namespace
}  // namespace nsvet::probe
