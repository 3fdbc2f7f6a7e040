// kill(2) with 0 and negative numbers, process groups and sessions, at the border of a namespace.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

std::string kill_outcome(Actor& sender, pid_t target, int signal) {
  return outcome(sender([target, signal] { return send(target, signal); }));
}

Receipt usr1_of(Actor& actor) {
  return actor([] { return caught(SIGUSR1); });
}

void catch_all(Actor& actor) {
  actor([] { set_disposition(Disposition::handler); });
}

NSVET_CHECK(
    kill_all_inside,
    pid_rule("pid.kill.everyone", "kill(-1) reaches all members but PID 1 and the sender",
             "kill(-1) sends to every process of the caller's namespace and of those below, "
             "except for PID 1 and the caller, and to none outside",
             "kill(2), pid_namespaces(7)")) {
  Actor outside = t.spawn();
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor sender = init.spawn();
  Actor member = init.spawn();
  Actor nested = member.spawn({.flags = CLONE_NEWPID});
  Actor* const all[] = {&outside, &init, &sender, &member, &nested};
  for (Actor* actor : all) catch_all(*actor);
  t.expect("kill(-1, SIGUSR1) by a member", kill_outcome(sender, -1, SIGUSR1), "success");
  t.expect("member", to_string(usr1_of(member)), to_string(Receipt{.count = 1, .pid = 2}));
  t.expect("process of a nested namespace", to_string(usr1_of(nested)),
           to_string(Receipt{.count = 1, .pid = 0}));
  t.expect("PID 1", usr1_of(init).count, 0);
  t.expect("sender", usr1_of(sender).count, 0);
  t.expect("process outside", usr1_of(outside).count, 0);
}

NSVET_CHECK(
    kill_all_by_init,
    pid_rule("pid.kill.everyone_by_init", "PID 1 can signal all others with kill(-1)",
             "kill(-1) of PID 1 reaches all other members, and is ESRCH when there are none",
             "kill(2)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  t.expect("alone", kill_outcome(init, -1, SIGTERM), "ESRCH");
  Actor first = init.spawn();
  Actor second = first.spawn();
  t.expect("with two others", kill_outcome(init, -1, SIGKILL), "success");
  t.expect("first", first.dies_within(kPatience), true);
  t.expect("second", second.dies_within(kPatience), true);
  t.expect("PID 1 goes on", init([] { return ::getpid(); }), 1);
}

NSVET_CHECK(group_across,
            pid_rule("pid.kill.group_of_parent", "A process group may reach across the border",
                     "a process group keeps its members over CLONE_NEWPID; kill(0) inside reaches "
                     "all of them, and si_pid is 0 where the sender has no PID",
                     "setpgid(2), pid_namespaces(7)")) {
  Actor leader = t.spawn();
  leader([] { ::setpgid(0, 0); });
  Actor init = leader.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  Actor other = init.spawn();
  other([] { ::setpgid(0, 0); });
  Actor* const all[] = {&leader, &init, &member, &other};
  for (Actor* actor : all) catch_all(*actor);
  t.expect("kill(0, SIGUSR1) by a member", kill_outcome(member, 0, SIGUSR1), "success");
  t.expect("leader outside", usr1_of(leader).count, 1);
  // Upwards it is not translated on all kernels: some leave the sender's number of its own.
  const pid_t told = usr1_of(leader).pid;
  const pid_t seen = setup(pid_of_pidfd(member.pidfd()));
  t.fact("si_pid_upwards", std::string(told == 2 ? "own" : told == seen ? "translated" : "other"));
  t.expect("PID 1", to_string(usr1_of(init)), to_string(Receipt{.count = 1, .pid = 2}));
  t.expect("process of another group", usr1_of(other).count, 0);
  for (Actor* actor : all) catch_all(*actor);
  require(leader([] { return send(0, SIGUSR1); }));
  t.expect("kill(0) outside: member", to_string(usr1_of(member)),
           to_string(Receipt{.count = 1, .pid = 0}));
}

NSVET_CHECK(group_number,
            pid_rule("pid.kill.group_number",
                     "A process group has a number in each namespace, as a process has",
                     "kill(-PGID) takes the group's number in the caller's namespace; numbers of "
                     "groups outside are ESRCH",
                     "kill(2), pid_namespaces(7)")) {
  Actor leader = t.spawn();
  leader([] { ::setpgid(0, 0); });
  const pid_t outside = leader.pid();
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  member([] { ::setpgid(0, 0); });
  for (Actor* actor : {&leader, &init, &member}) catch_all(*actor);
  t.expect("number of a group outside", kill_outcome(init, -outside, SIGUSR1), "ESRCH");
  t.expect("the group's number inside", kill_outcome(init, -2, SIGUSR1), "success");
  t.expect("member", to_string(usr1_of(member)), to_string(Receipt{.count = 1, .pid = 1}));
  const pid_t above = setup(pid_of_pidfd(member.pidfd()));
  t.expect("its number outside", outcome(send(-above, SIGUSR1)), "success");
  t.expect("member", to_string(usr1_of(member)), to_string(Receipt{.count = 2, .pid = 0}));
  t.expect("leader outside", usr1_of(leader).count, 0);
}

// A member of the calling program's own group, whatever that is.
NSVET_CHECK(ids_zero,
            pid_rule("pid.ids.of_outside", "Group and session of the parent namespace read as 0",
                     "getpgid(2) and getsid(2) give 0 for a group or session that has no number in "
                     "the caller's namespace; setsid(2) makes both 1 in PID 1",
                     "pid_namespaces(7), kernel/sys.c")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  auto ids = [](Actor& actor) {
    return actor([] {
      return fmt::format("pgid {} sid {} pgrp {}", ::getpgid(0), ::getsid(0), ::getpgrp());
    });
  };
  t.expect("PID 1 before", ids(init), "pgid 0 sid 0 pgrp 0");
  t.expect("setsid() of PID 1", init([] { return ::setsid(); }), 1);
  t.expect("PID 1 after setsid()", ids(init), "pgid 1 sid 1 pgrp 1");
  Actor child = init.spawn();
  t.expect("child", ids(child), "pgid 1 sid 1 pgrp 1");
  t.expect("setpgid() of the child", child([] { return ::setpgid(0, 0); }), 0);
  t.expect("child after setpgid()", ids(child), "pgid 2 sid 1 pgrp 2");
  t.expect("getsid(1) by the child", child([] { return ::getsid(1); }), 1);
}

NSVET_CHECK(foreign_ids,
            pid_rule("pid.ids.unknown", "Numbers of processes outside name nobody inside",
                     "getpgid(2), getsid(2), setpgid(2), sched_getparam(2) and getpriority(2) give "
                     "ESRCH for a PID of the parent namespace",
                     "pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  const pid_t outside = init.pid();
  if (outside <= 1) Check::skip("the PID is used inside too");
  auto errno_of = [&](auto call) {
    return init([call, outside] {
      errno = 0;
      call(outside);
      return sys::errno_name(errno);
    });
  };
  t.expect("getpgid()", errno_of([](pid_t pid) { ::getpgid(pid); }), "ESRCH");
  t.expect("getsid()", errno_of([](pid_t pid) { ::getsid(pid); }), "ESRCH");
  t.expect("setpgid()", errno_of([](pid_t pid) { ::setpgid(pid, 0); }), "ESRCH");
  t.expect("getpriority()", errno_of([](pid_t pid) {
             static_cast<void>(::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)));
           }),
           "ESRCH");
  t.expect("sched_getscheduler()", errno_of([](pid_t pid) { ::sched_getscheduler(pid); }), "ESRCH");
  t.expect("prlimit()", errno_of([](pid_t pid) {
             rlimit limit{};
             ::prlimit(pid, RLIMIT_CORE, nullptr, &limit);
           }),
           "ESRCH");
  t.expect("kill()", errno_of([](pid_t pid) { ::kill(pid, 0); }), "ESRCH");
  t.expect("pidfd_open()",
           outcome(init([outside] { return sys::pidfd_open(outside).map([](const sys::Fd&) {}); })),
           "ESRCH");
}

NSVET_CHECK(siblings,
            pid_rule("pid.visibility.sibling",
                     "Two namespaces beside each other do not see each other",
                     "the same PID in two namespaces names two processes", "pid_namespaces(7)")) {
  Actor one = t.spawn({.flags = CLONE_NEWPID});
  Actor two = t.spawn({.flags = CLONE_NEWPID});
  Actor in_one = one.spawn();
  Actor in_two = two.spawn();
  t.expect("PID in the first", in_one([] { return ::getpid(); }), 2);
  t.expect("PID in the second", in_two([] { return ::getpid(); }), 2);
  require(one([] { return send(2, SIGKILL); }));
  t.expect("killed in the first", in_one.dies_within(kPatience), true);
  t.expect("PID in the second", in_two([] { return ::getpid(); }), 2);
  t.expect("kill(3) where nobody has it", kill_outcome(two, 3, 0), "ESRCH");
}

NSVET_CHECK(terminal,
            pid_rule("pid.terminal.ids", "A terminal's session and foreground group are translated",
                     "TIOCGSID and TIOCGPGRP give the numbers of the caller's namespace, and the "
                     "terminal's signals reach the foreground group inside",
                     "ioctl_tty(2), pid_namespaces(7)")) {
  Actor holder = t.spawn();
  const int opened = holder([] {
    enter_private_mounts();
    if (!sys::mount("devpts", "/tmp", "devpts", 0, "newinstance,ptmxmode=0666")) {
      Check::skip("no devpts file system here");
    }
    const int terminal = ::open("/tmp/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0 || ::unlockpt(terminal) != 0) Check::skip("no terminal can be made");
    return terminal;
  });
  const sys::Fd master = holder.take(opened);
  const sys::Fd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) Check::skip("TIOCGPTPEER: " + sys::errno_name(errno));
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor leader = init.spawn();
  const int there = leader.give(slave.get());
  t.expect("setsid() in the member", leader([] { return ::setsid(); }), 2);
  t.expect("TIOCSCTTY", leader([there] { return ::ioctl(there, TIOCSCTTY, 0); }), 0);
  catch_all(leader);
  t.expect("tcgetpgrp() inside", leader([there] { return ::tcgetpgrp(there); }), 2);
  t.expect("tcgetsid() inside", leader([there] {
             pid_t sid = -1;
             ::ioctl(there, TIOCGSID, &sid);
             return sid;
           }),
           2);
  const pid_t seen = setup(pid_of_pidfd(leader.pidfd()));
  pid_t group = -1;
  ::ioctl(master.get(), TIOCGPGRP, &group);
  t.expect("TIOCGPGRP of the master outside", group, seen);
  setup(sys::write_all(master.get(), "\x03"));  // VINTR
  t.expect("SIGINT of the terminal", leader([] {
             eventually([] { return caught(SIGINT).count != 0; });
             return to_string(caught(SIGINT));
           }),
           to_string(Receipt{.count = 1, .code = SI_KERNEL}));
  leader([] { set_disposition(Disposition::ignored); });
}

}  // namespace
}  // namespace nsvet::probe
