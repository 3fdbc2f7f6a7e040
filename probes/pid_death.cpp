// What happens when PID 1 ends: by exit, by signal, by reboot(2), or thread by thread.
#include <linux/capability.h>
#include <linux/reboot.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

// Makes the actor's next children members of the namespace of `init`.
void join(Actor& joiner, pid_t init) {
  const auto fd = setup(sys::open_ns("pid", init));
  const int there = joiner.give(fd.get());
  require(joiner([there] { return sys::setns(there, CLONE_NEWPID); }));
}

NSVET_CHECK(ends_all, pid_rule("pid.death.members", "The end of PID 1 ends all members",
                               "when init ends, all processes of its namespace and of those below "
                               "get SIGKILL; init can be waited for only when they are gone",
                               "pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  Actor nested = member.spawn({.flags = CLONE_NEWPID});
  Actor nested_member = nested.spawn();
  for (Actor* actor : {&member, &nested, &nested_member}) {
    (*actor)([] {
      outlive_parent();
      set_disposition(Disposition::blocked);
    });
  }
  const pid_t pid = init.pid();
  require(outer([pid] { return send(pid, SIGKILL); }));
  t.expect("PID 1", outer([pid] { return wait_state(pid); }), "killed by SIGKILL");
  t.expect("a member, when PID 1 has been waited for", member.alive(), false);
  t.expect("PID 1 of a nested namespace", nested.alive(), false);
  t.expect("a member of that", nested_member.alive(), false);
}

NSVET_CHECK(exit_status,
            pid_rule("pid.death.exit_status",
                     "The parent sees how PID 1 ended, whatever happened to its members",
                     "the exit status of init is its own; members that are killed then do not "
                     "change it",
                     "wait(2), pid_namespaces(7)")) {
  for (const int code : {0, 7, 255}) {
    Actor init = t.spawn({.flags = CLONE_NEWPID});
    Actor member = init.spawn();
    member([] { outlive_parent(); });
    const pid_t pid = init.pid();
    try {
      init([code] { ::_exit(code); });
    } catch (const Abort&) {
      // It has left without an answer, as it was told.
    }
    t.expect("status of PID 1", wait_state(pid), fmt::format("exit {}", code));
    t.expect("the member", member.alive(), false);
  }
}

NSVET_CHECK(entered,
            pid_rule("pid.death.entered",
                     "A process that was put inside dies with PID 1, and holds it until reaped",
                     "the SIGKILL reaches processes that entered by setns(2); init cannot be "
                     "waited for while one of them is not reaped by its parent outside",
                     "kernel/pid_namespace.c zap_pid_ns_processes()")) {
  Actor outer = t.spawn();
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor joiner = t.spawn();
  join(joiner, init.pid());
  Actor inside = joiner.spawn();
  inside([] { outlive_parent(); });
  const pid_t entered = inside.pid();
  t.expect("getppid() of the one put inside", inside([] { return ::getppid(); }), 0);
  const pid_t pid = init.pid();
  require(send(pid, SIGKILL));
  t.expect("the one put inside dies", inside.dies_within(kPatience), true);
  t.expect("PID 1 is not done", outer([pid] {
             siginfo_t info{};
             ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
             return info.si_pid;
           }),
           0);
  t.expect("its status", joiner([entered] { return wait_state(entered); }), "killed by SIGKILL");
  t.expect("PID 1 after that", outer([pid] { return wait_state(pid); }), "killed by SIGKILL");
}

NSVET_CHECK(traced, pid_rule("pid.death.traced", "A traced and stopped member dies with PID 1",
                             "the SIGKILL ends processes that are stopped or traced",
                             "kernel/pid_namespace.c zap_pid_ns_processes()")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  Actor stopped = init.spawn();
  for (Actor* actor : {&member, &stopped}) (*actor)([] { outlive_parent(); });
  const pid_t pid = setup(pid_of_pidfd(member.pidfd()));
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) {
    setup(sys::Result<>(sys::last_error("ptrace()")));
  }
  ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  int status = 0;
  setup(sys::Result<pid_t>(::waitpid(pid, &status, __WALL)));
  t.expect("the member is stopped by its tracer", WIFSTOPPED(status), true);
  require(init([] { return send(3, SIGSTOP); }));
  require(send(init.pid(), SIGKILL));
  t.expect("the stopped one dies", stopped.dies_within(kPatience), true);
  t.expect("the tracer is told", wait_state(pid), "killed by SIGKILL");
  t.expect("PID 1", wait_state(init.pid()), "killed by SIGKILL");
}

NSVET_CHECK(no_more_forks,
            pid_rule("pid.death.enomem", "No process can be made in a namespace whose PID 1 ended",
                     "fork(2) gives ENOMEM when the init of the namespace for children has ended, "
                     "and a second unshare(CLONE_NEWPID) does not help",
                     "pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor joiner = outer.spawn();
  require(joiner([] { return sys::unshare(CLONE_NEWPID); }));
  Actor init = joiner.spawn();
  t.expect("the first child is PID 1", init([] { return ::getpid(); }), 1);
  const auto fd = setup(sys::open_ns("pid", setup(pid_of_pidfd(init.pidfd()))));
  init.finish();
  t.expect("PID 1", joiner([pid = init.pid()] { return wait_state(pid); }), "exit 0");
  t.expect_errno("fork() of its creator", joiner.try_spawn(), ENOMEM);
  t.expect_errno("fork() again", joiner.try_spawn(), ENOMEM);
  t.expect_errno("a second unshare(CLONE_NEWPID)",
                 joiner([] { return sys::unshare(CLONE_NEWPID); }), EINVAL);
  Actor late = outer.spawn();
  const int there = late.give(fd.get());
  t.expect_success("setns() to the dead namespace",
                   late([there] { return sys::setns(there, CLONE_NEWPID); }));
  t.expect_errno("fork() after setns()", late.try_spawn(), ENOMEM);
  const auto own = setup(sys::open_ns("pid", outer.pid()));
  const int back = late.give(own.get());
  t.expect_success("setns() back", late([back] { return sys::setns(back, CLONE_NEWPID); }));
  t.expect_success("fork() after that", late.try_spawn());
}

NSVET_CHECK(parent_goes_on,
            pid_rule("pid.death.upwards", "The end of a nested PID 1 does not touch the outer one",
                     "only the namespace of the init that ended and those below it end",
                     "pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor member = outer.spawn();
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  const pid_t pid = init.pid();
  init.finish();
  t.expect("status", outer([pid] { return wait_state(pid); }), "exit 0");
  t.expect("a member of the outer namespace", member([] { return ::getpid(); }), 2);
  Actor next = outer.spawn({.flags = CLONE_NEWPID});
  t.expect("the next PID 1", next([] { return ::getpid(); }), 1);
}

// --- threads -----------------------------------------------------------------------------------

// The thread goes on when the main thread has left: makes a child, which says its parent's PID
// with its exit code, and ends the process.
void outlive_main_thread() {
  std::thread([] {
    eventually([] {
      const auto state = status_line("State");
      return state && state->front() == 'Z';
    });
    auto child = sys::Child::spawn([] { return 40 + ::getppid(); });
    const auto status = child ? child->wait(kPatience) : tl::unexpected(child.error());
    ::syscall(SYS_exit_group, status ? WEXITSTATUS(status->raw) : 99);
  }).detach();
  ::syscall(SYS_exit, 3);
}

NSVET_CHECK(main_thread,
            pid_rule("pid.death.main_thread", "The namespace lives on in another thread of PID 1",
                     "init ends with its last thread: when the main thread has ended, another can "
                     "still make processes, whose parent is PID 1",
                     "kernel/exit.c find_child_reaper()")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  const pid_t pid = init.pid();
  Actor member = init.spawn();
  member([] { outlive_parent(); });
  try {
    init([] { outlive_main_thread(); });
  } catch (const Abort&) {
    // Its main thread has left without an answer, as it was told.
  }
  t.expect("status of PID 1: 40 + PID of the parent of its child", wait_state(pid), "exit 41");
  t.expect("a member dies at the end only", member.dies_within(kPatience), true);
}

// --- reboot(2) ---------------------------------------------------------------------------------

struct Command {
  const char* name;
  unsigned number;
  int signal;  ///< That PID 1 seems to have died of; 0: EINVAL.
};
constexpr Command kCommands[] = {
    {"restart", LINUX_REBOOT_CMD_RESTART, SIGHUP},
    {"restart2", LINUX_REBOOT_CMD_RESTART2, SIGHUP},
    {"halt", LINUX_REBOOT_CMD_HALT, SIGINT},
    {"power_off", LINUX_REBOOT_CMD_POWER_OFF, SIGINT},
    {"cad_on", LINUX_REBOOT_CMD_CAD_ON, 0},
    {"cad_off", LINUX_REBOOT_CMD_CAD_OFF, 0},
    {"sw_suspend", LINUX_REBOOT_CMD_SW_SUSPEND, 0},
    {"kexec", LINUX_REBOOT_CMD_KEXEC, 0},
    {"unknown", 0x12345678, 0},
};

// Only where a reboot cannot be one of the host: the caller must be in a PID namespace of its own.
sys::Result<> reboot(unsigned command) {
  if (setup(sys::ns_id(NsType::pid)).inode == sys::kInitialPidInode) {
    throw Abort{model::Outcome::error, "reboot(2) in the initial PID namespace"};
  }
  if (::syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, "nsvet") != 0) {
    return sys::last_error("reboot({:#x})", command);
  }
  return {};
}

void reboots(Check& t, const Command& command) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  Actor other = init.spawn();
  const pid_t pid = init.pid();
  if (command.signal == 0) {
    t.expect_errno("reboot() by a member",
                   member([number = command.number] { return reboot(number); }), EINVAL);
    t.expect_errno("reboot() by PID 1", init([number = command.number] { return reboot(number); }),
                   EINVAL);
    t.expect("the namespace goes on", other([] { return ::getpid(); }), 3);
    return;
  }
  try {
    const auto done = member([number = command.number] { return reboot(number); });
    t.expect("reboot() of a member returns", outcome(done), "never");
  } catch (const Abort&) {
    // It died with its namespace, as it must.
  }
  t.expect("status of PID 1", wait_state(pid), "killed by " + sys::signal_name(command.signal));
  t.expect("another member", other.dies_within(kPatience), true);
}

const bool registered = [] {
  for (const Command& command : kCommands) {
    register_check(
        pid_rule(fmt::format("pid.reboot.{}", command.name),
                 command.signal == 0
                     ? fmt::format("reboot({}) is refused inside", command.name)
                     : fmt::format("reboot({}) inside ends the namespace", command.name),
                 command.signal == 0
                     ? "reboot(2) in a PID namespace knows RESTART, RESTART2, HALT and POWER_OFF "
                       "only; all others give EINVAL"
                     : "reboot(2) in a PID namespace ends its init, with SIGHUP as status for "
                       "RESTART and RESTART2, SIGINT for HALT and POWER_OFF",
                 "reboot(2), \"Behavior inside PID namespaces\""),
        [&command](Check& t) { reboots(t, command); });
  }
  return true;
}();

NSVET_CHECK(reboot_privilege,
            pid_rule("pid.reboot.privilege", "reboot(2) inside needs CAP_SYS_BOOT",
                     "reboot(2) without CAP_SYS_BOOT over the user namespace that owns the PID "
                     "namespace is EPERM; wrong magic numbers are EINVAL",
                     "reboot(2)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor plain = init.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  t.expect_errno("without capabilities", plain([] { return reboot(LINUX_REBOOT_CMD_POWER_OFF); }),
                 EPERM);
  if (missing(Need::userns).empty()) {
    Actor foreign = init.spawn({.flags = CLONE_NEWUSER});
    t.expect("capabilities of another user namespace",
             foreign([] { return sys::has_capability(CAP_SYS_BOOT); }), true);
    t.expect_errno("with those", foreign([] { return reboot(LINUX_REBOOT_CMD_POWER_OFF); }), EPERM);
  }
  t.expect("magic numbers", init([] {
             const long result =
                 ::syscall(SYS_reboot, 1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_ON, nullptr);
             return sys::errno_name(result == 0 ? 0 : errno);
           }),
           "EINVAL");
  t.expect("the namespace goes on", init([] { return ::getpid(); }), 1);
}

}  // namespace
}  // namespace nsvet::probe
