// Numbers of processes and groups, as those who wait for them give and get them.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "pid_family.h"
#include "pid_process.h"
#include "pid_signal.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

sys::Result<pid_t> wait_for(pid_t which) {
  const pid_t pid = ::waitpid(which, nullptr, WNOHANG);
  if (pid < 0) return sys::last_error("waitpid({})", which);
  return pid;
}

NSVET_CHECK(wait_numbers,
            pid_rule("pid.wait.numbers",
                     "wait(2) takes and gives numbers of the caller's namespace",
                     "waitpid(2) and waitid(2) find children and groups by their numbers in the "
                     "caller's PID namespace, and return these; other numbers are ECHILD",
                     "pid_namespaces(7), wait(2)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  // Numbers of the parent namespace are far from those inside.
  struct Child {
    pid_t made, group;
    int grouped;
  };
  const auto child = require(init([]() -> sys::Result<Child> {
    auto cloned = sys::clone3({});
    if (!cloned) return tl::unexpected(cloned.error());
    if (cloned->pid == 0) {
      ::pause();
      ::_exit(0);
    }
    const int grouped = ::setpgid(cloned->pid, cloned->pid);
    return Child{cloned->pid, ::getpgid(cloned->pid), grouped};
  }));
  t.expect("what clone3() returns", child.made, 2);
  t.expect("setpgid(2, 2)", child.grouped, 0);
  t.expect("getpgid(2)", child.group, 2);
  const auto ids = setup(sys::children_of(init.pid()));
  t.expect("children seen outside", ids.size(), 1U);
  const pid_t outside = ids.front();
  t.expect("its group outside", ::getpgid(outside), outside);
  for (const pid_t number : {outside, -outside}) {
    t.expect_errno(number > 0 ? "waitpid() by the number outside" : "by the group's number outside",
                   init([number] { return wait_for(number); }), ECHILD);
  }
  t.expect("waitpid(2) while it lives", require(init([] { return wait_for(2); })), 0);
  t.expect("waitpid(-2)", require(init([] { return wait_for(-2); })), 0);
  require(init([] { return send(2, SIGKILL); }));
  const auto ended = require(init([]() -> sys::Result<siginfo_t> {
    siginfo_t info{};
    if (::waitid(P_PGID, 2, &info, WEXITED | WNOWAIT) != 0) return sys::last_error("waitid()");
    return info;
  }));
  t.expect("waitid(P_PGID, 2)", ended.si_pid, 2);
  t.expect("waitpid(-1)", require(init([] { return wait_for(-1); })), 2);
}

NSVET_CHECK(stop_numbers,
            pid_rule("pid.translated.stopped", "SIGCHLD of a stop names the child for its parent",
                     "si_pid of SIGCHLD is the child's number in its parent's PID namespace, also "
                     "when it stops and goes on",
                     "pid_namespaces(7), sigaction(2)")) {
  Actor parent = t.spawn({.flags = CLONE_NEWPID});
  const auto block = [] {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
  };
  const auto next = []() -> sys::Result<siginfo_t> {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    siginfo_t info{};
    const timespec limit{20, 0};
    if (::sigtimedwait(&set, &info, &limit) < 0) return sys::last_error("sigtimedwait()");
    return info;
  };
  parent(block);
  // Its child is PID 1 of another namespace.
  Actor child = parent.spawn({.flags = CLONE_NEWPID});
  for (const int signal : {SIGSTOP, SIGCONT}) {
    require(parent([signal] { return send(2, signal); }));
    const auto told = require(parent(next));
    const char* name = signal == SIGSTOP ? "stopped" : "continued";
    t.expect(fmt::format("si_code when it has {}", name), told.si_code,
             signal == SIGSTOP ? CLD_STOPPED : CLD_CONTINUED);
    t.expect(fmt::format("si_pid when it has {}", name), told.si_pid, 2);
  }
}

NSVET_CHECK(user_priority,
            pid_rule("pid.ids.priority_of_user",
                     "PRIO_USER reaches processes of the caller's PID namespace only",
                     "setpriority(2) with PRIO_USER changes a user's processes that have a number "
                     "in the caller's PID namespace, and no others",
                     "setpriority(2), kernel/sys.c")) {
  if (!missing(Need::root).empty()) Check::skip(missing(Need::root));
  // Nobody else should have it, nor any other check.
  constexpr uid_t kUser = 302000;
  const auto become = [] { return sys::become_user(kUser, kUser); };
  Actor outside = t.spawn();
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  require(outside(become));
  require(member(become));
  const auto own = [] { return ::getpriority(PRIO_PROCESS, 0); };
  const int before = outside(own);
  require(init([]() -> sys::Result<> {
    if (::setpriority(PRIO_USER, kUser, 19) != 0) return sys::last_error("setpriority()");
    return {};
  }));
  t.expect("of the member", member(own), 19);
  t.expect("of the user's process outside", outside(own), before);
}

}  // namespace
}  // namespace nsvet::probe
