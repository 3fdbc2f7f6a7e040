// Process file descriptors across PID namespaces.
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/file.h"
#include "sys/file_handle.h"
#include "sys/pidfd_info.h"

namespace nsvet::probe {
namespace {

std::string signal_by(Actor& sender, int pidfd, int signal) {
  const int there = sender.give(pidfd);
  return outcome(sender([there, signal]() -> sys::Result<> {
    if (::syscall(SYS_pidfd_send_signal, there, signal, nullptr, 0) != 0) {
      return sys::last_error("pidfd_send_signal()");
    }
    return {};
  }));
}

NSVET_CHECK(signal_directions,
            pid_rule("pid.pidfd.send_signal", "A pidfd gives no power over processes above",
                     "pidfd_send_signal(2) is EINVAL for a process of an ancestor or sibling "
                     "namespace; it works for members and for processes below",
                     "pidfd_send_signal(2), kernel/signal.c access_pidfd_pidns()", "5.1")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = inner.spawn();
  Actor sibling = outer.spawn({.flags = CLONE_NEWPID});
  t.expect("to a process above", signal_by(inner, outer.pidfd(), 0), "EINVAL");
  t.expect("to a process of a sibling namespace", signal_by(inner, sibling.pidfd(), 0), "EINVAL");
  t.expect("SIGKILL to a sibling namespace", signal_by(inner, sibling.pidfd(), SIGKILL), "EINVAL");
  t.expect("to a member", signal_by(inner, member.pidfd(), 0), "success");
  t.expect("to PID 1 by a member", signal_by(member, inner.pidfd(), SIGKILL), "success");
  t.expect("to a process below", signal_by(outer, member.pidfd(), 0), "success");
  t.expect("the sibling lives", sibling([] { return ::getpid(); }), 1);
  t.expect("PID 1 lives", inner([] { return ::getpid(); }), 1);
  t.expect("SIGKILL to PID 1 from above", signal_by(outer, inner.pidfd(), SIGKILL), "success");
  t.expect("it dies", inner.dies_within(kPatience), true);
}

NSVET_CHECK(open_directions,
            pid_rule("pid.pidfd.open", "pidfd_open(2) takes PIDs of the caller's namespace",
                     "pidfd_open(2) finds members and processes below by their numbers in the "
                     "caller's namespace, and is ESRCH for all others",
                     "pidfd_open(2)", "5.3")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = inner.spawn();
  auto open = [](Actor& actor, pid_t pid) {
    return outcome(actor([pid] { return sys::pidfd_open(pid).map([](const sys::Fd&) {}); }));
  };
  t.expect("PID 1", open(member, 1), "success");
  t.expect("a member", open(inner, 2), "success");
  t.expect("a PID of the outer namespace", open(inner, 3), "ESRCH");
  t.expect("a process below, by its number here", open(outer, 3), "success");
  t.expect("a number nobody has", open(outer, 99), "ESRCH");
}

NSVET_CHECK(fdinfo_ids,
            pid_rule("pid.pidfd.fdinfo", "fdinfo of a pidfd lists the process' numbers",
                     "Pid and NSpid in fdinfo are of the procfs' namespace downwards; both are 0 "
                     "when the process is not visible there, and -1 when it has been reaped",
                     "pidfd_open(2), proc_pid_fdinfo(5)", "5.5")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = inner.spawn();
  Actor sibling = outer.spawn({.flags = CLONE_NEWPID});
  auto ids = [](Actor& reader, int pidfd) {
    const int there = reader.give(pidfd);
    return reader([there] {
      const auto text = setup(sys::read_file(fmt::format("/tmp/self/fdinfo/{}", there)));
      std::string found;
      for (const char* name : {"Pid:", "NSpid:"}) {
        const auto at = text.find(fmt::format("\n{}", name));
        if (at != std::string::npos) {
          found += text.substr(at + 1, text.find('\n', at + 1) - at - 1) + " ";
        }
      }
      for (char& c : found) c = c == '\t' ? ' ' : c;
      return found;
    });
  };
  for (Actor* actor : {&outer, &inner, &sibling}) (*actor)([] { mount_own_proc(); });
  t.expect("in the outer namespace", ids(outer, member.pidfd()), "Pid: 3 NSpid: 3 2 ");
  t.expect("in its own", ids(inner, member.pidfd()), "Pid: 2 NSpid: 2 ");
  t.expect("in a sibling namespace", ids(sibling, member.pidfd()), "Pid: 0 NSpid: 0 ");
  member.finish();
  t.expect("its end", inner([] { return wait_state(2); }), "exit 0");
  t.expect("reaped", ids(inner, member.pidfd()), "Pid: -1 NSpid: -1 ");
}

// What name_to_handle_at(2) gives for a pidfd.
sys::Result<sys::FileHandle> process_handle(Actor& actor, int pidfd) {
  const int there = actor.give(pidfd);
  return actor([there] { return sys::handle_of(there, "", AT_EMPTY_PATH); });
}

std::string opened_by(Actor& actor, const sys::FileHandle& handle) {
  return actor([handle]() -> std::string {
    const sys::Fd self = setup(sys::pidfd_open(::getpid()));  // Stands for its file system.
    const auto fd = sys::open_handle(self.get(), handle);
    return fd ? "success" : std::string(sys::errno_name(fd.error().number));
  });
}

NSVET_CHECK(handle_directions,
            pid_rule("pid.pidfd.handle", "File handles lead to processes of the caller's namespace",
                     "open_by_handle_at(2) of a pidfd's handle opens members and processes below, "
                     "without privilege, and is ESTALE for all others and for the dead",
                     "fs/pidfs.c pidfs_fh_to_dentry()", "6.14")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = inner.spawn();
  Actor sibling = outer.spawn({.flags = CLONE_NEWPID});
  const auto above = process_handle(outer, outer.pidfd());
  need_call(above, EOPNOTSUPP, "file handles of processes", "6.14");
  const auto handle = process_handle(outer, member.pidfd());
  t.expect("a member", opened_by(inner, setup(handle)), "success");
  t.expect("a process below", opened_by(outer, *handle), "success");
  t.expect("a process above", opened_by(inner, setup(above)), "ESTALE");
  t.expect("in a sibling namespace", opened_by(sibling, *handle), "ESTALE");
  member.finish();
  t.expect("its end", inner([] { return wait_state(2); }), "exit 0");
  t.expect("the dead", opened_by(outer, *handle), "ESTALE");
}

std::string info_by(Actor& reader, int pidfd) {
  const int there = reader.give(pidfd);
  return reader([there] {
    sys::PidfdInfo info;
    if (::ioctl(there, sys::kPidfdGetInfo, &info) != 0) return sys::errno_name(errno);
    return fmt::format("pid {} tgid {} ppid {}", info.pid, info.tgid, info.ppid);
  });
}

NSVET_CHECK(get_info,
            pid_rule("pid.pidfd.info", "PIDFD_GET_INFO is translated",
                     "PIDFD_GET_INFO gives PID, thread group and parent in the caller's "
                     "namespace; a process that is not visible there is EREMOTE (ESRCH before "
                     "6.16), a reaped one ESRCH",
                     "PIDFD_GET_INFO(2const), commit ab89060fbc92e", "6.13")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = inner.spawn();
  Actor sibling = outer.spawn({.flags = CLONE_NEWPID});
  const auto inside = info_by(inner, member.pidfd());
  if (inside == "ENOTTY" || inside == "EINVAL") Check::skip("this kernel has no PIDFD_GET_INFO");
  t.expect("in its namespace", inside, "pid 2 tgid 2 ppid 1");
  t.expect("in the outer namespace", info_by(outer, member.pidfd()), "pid 3 tgid 3 ppid 2");
  t.expect("PID 1, whose parent is outside", info_by(inner, inner.pidfd()), "pid 1 tgid 1 ppid 0");
  const auto unseen = info_by(sibling, member.pidfd());
  t.fact("errno_of_invisible", unseen);
  t.expect("in a sibling namespace", unseen == "EREMOTE" || unseen == "ESRCH", true);
  member.finish();
  t.expect("its end", inner([] { return wait_state(2); }), "exit 0");
  t.expect("reaped", info_by(inner, member.pidfd()), "ESRCH");
}

NSVET_CHECK(wait_by_pidfd,
            pid_rule("pid.pidfd.wait", "A pidfd reports the end of a process below",
                     "a pidfd becomes readable when the process ends, in whatever namespace; "
                     "waitid(P_PIDFD) is ECHILD for those who are not its parent",
                     "pidfd_open(2), waitid(2)", "5.4")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  auto wait = [&](Actor& actor) {
    const int there = actor.give(member.pidfd());
    return actor([there] {
      siginfo_t info{};
      constexpr auto kPidfd = static_cast<idtype_t>(3);  // P_PIDFD
      if (::waitid(kPidfd, static_cast<id_t>(there), &info, WEXITED) != 0) {
        return sys::errno_name(errno);
      }
      return fmt::format("pid {} status {}", info.si_pid, info.si_status);
    });
  };
  t.expect("alive", member.alive(), true);
  require(init([] { return send(2, SIGKILL); }));
  t.expect("readable outside", member.dies_within(kPatience), true);
  Actor other = init.spawn();
  t.expect("waitid() of another member", wait(other), "ECHILD");
  t.expect("of its parent", wait(init), "pid 2 status 9");
}

NSVET_CHECK(getfd_up,
            pid_rule("pid.pidfd.getfd", "pidfd_getfd(2) asks for ptrace access, not for a number",
                     "a process of the same user may take a descriptor of a process below; the "
                     "descriptor is the same open file",
                     "pidfd_getfd(2)", "5.6")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  const auto pair = setup(sys::open("/proc/self/ns/uts", O_RDONLY));
  const int there = init.give(pair.get());
  const long taken = ::syscall(SYS_pidfd_getfd, init.pidfd(), there, 0);
  if (taken < 0 && errno == EPERM) Check::skip("ptrace access is restricted here");
  if (taken < 0) t.expect("pidfd_getfd()", sys::errno_name(errno), "0");
  const sys::Fd same(static_cast<int>(taken));
  t.expect("the same file", setup(sys::ns_id_of_fd(same.get())),
           setup(sys::ns_id_of_fd(pair.get())));
}

// The namespaces of a process by its pidfd, PIDFD_GET_PID_NAMESPACE and _FOR_CHILDREN.
constexpr unsigned long kGetPid = _IO(0xFF, 5);
constexpr unsigned long kGetForChildren = _IO(0xFF, 6);

NSVET_CHECK(namespaces_of,
            pid_rule("pid.pidfd.namespaces", "A pidfd hands out both PID namespaces of a process",
                     "PIDFD_GET_PID_NAMESPACE gives the namespace the process is in, "
                     "PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE that of its next children, before the "
                     "first child too; an argument is EINVAL",
                     "linux/pidfd.h", "6.11")) {
  Actor caller = t.spawn();
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  const sys::Fd own(::ioctl(caller.pidfd(), kGetPid, 0));
  if (!own && (errno == ENOTTY || errno == EINVAL)) {
    Check::skip("this kernel's pidfds hand out no namespaces");
  }
  t.expect("the caller's", setup(sys::ns_id_of_fd(own.get())), setup(sys::ns_id(NsType::pid)));
  const sys::Fd children(::ioctl(caller.pidfd(), kGetForChildren, 0));
  t.expect("for children: a descriptor", static_cast<bool>(children), true);
  t.expect("with an argument", sys::errno_name(::ioctl(caller.pidfd(), kGetPid, 1) < 0 ? errno : 0),
           "EINVAL");
  Actor joiner = t.spawn();
  const int there = joiner.give(children.get());
  t.expect("setns() to it", outcome(joiner([there] { return sys::setns(there, CLONE_NEWPID); })),
           "success");
  Actor init = joiner.spawn();
  t.expect("the joiner's child", init([] { return ::getpid(); }), 1);
  t.expect("its namespace", setup(init([] { return sys::ns_id(NsType::pid); })),
           setup(sys::ns_id_of_fd(children.get())));
}

}  // namespace
}  // namespace nsvet::probe
