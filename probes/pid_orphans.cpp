// Who adopts the children of a process that ends.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pid_process.h"
#include "pid_signal.h"

namespace nsvet::probe {
namespace {

void become_reaper(Actor& actor) {
  actor([] { setup(sys::become_subreaper()); });
}

// The parent that the actor has once it is no longer `before`.
pid_t next_parent(Actor& actor, pid_t before) {
  return actor([before] {
    eventually([before] { return ::getppid() != before; });
    return ::getppid();
  });
}

// The parent as the namespace of the caller's /proc numbers it.
std::string parent_outside(const Actor& actor) {
  return setup(status_line("PPid", setup(pid_of_pidfd(actor.pidfd()))));
}

NSVET_CHECK(to_init, pid_rule("pid.orphans.to_init", "Orphans become children of PID 1",
                              "a process whose parent ends is adopted by the init of its PID "
                              "namespace, which can wait for it",
                              "pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor parent = init.spawn();
  Actor orphan = parent.spawn();
  orphan([] { outlive_parent(); });
  const pid_t pid = orphan([] { return ::getpid(); });
  t.expect("parent before", orphan([] { return ::getppid(); }), 2);
  parent.finish();
  t.expect("parent after", next_parent(orphan, 2), 1);
  orphan.finish();
  t.expect("wait() of PID 1", init([pid] { return wait_state(pid); }), "exit 0");
}

NSVET_CHECK(subreaper_inside,
            pid_rule("pid.orphans.subreaper_inside", "A subreaper inside adopts before PID 1",
                     "the nearest ancestor that has set PR_SET_CHILD_SUBREAPER adopts; the setting "
                     "is not inherited",
                     "PR_SET_CHILD_SUBREAPER(2const)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor reaper = init.spawn();
  become_reaper(reaper);
  Actor middle = reaper.spawn();
  Actor parent = middle.spawn();
  Actor orphan = parent.spawn();
  orphan([] { outlive_parent(); });
  t.expect("setting in a child", middle([] {
             int set = -1;
             ::prctl(PR_GET_CHILD_SUBREAPER, &set, 0, 0, 0);
             return set;
           }),
           0);
  parent.finish();
  t.expect("adopted by", next_parent(orphan, 4), 2);
}

NSVET_CHECK(subreaper_outside,
            pid_rule("pid.orphans.subreaper_outside",
                     "A subreaper outside gets no orphan of the namespace",
                     "adoption does not cross the border of a PID namespace: init is preferred to "
                     "a subreaper above it",
                     "PR_SET_CHILD_SUBREAPER(2const), kernel/exit.c find_new_reaper()")) {
  Actor reaper = t.spawn();
  become_reaper(reaper);
  Actor init = reaper.spawn({.flags = CLONE_NEWPID});
  Actor parent = init.spawn();
  Actor orphan = parent.spawn();
  orphan([] { outlive_parent(); });
  parent.finish();
  t.expect("adopted by", next_parent(orphan, 2), 1);
  t.expect("outside", parent_outside(orphan), fmt::format("{}", init.pid()));
}

NSVET_CHECK(entered_by_setns,
            pid_rule("pid.orphans.entered",
                     "A process put into a namespace from outside has no parent in it",
                     "getppid(2) is 0 for a child whose parent joined with setns(2); when that "
                     "parent ends, the init of the parent's namespace adopts it",
                     "pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor joiner = outer.spawn();
  const auto fd = setup(sys::open_ns("pid", setup(pid_of_pidfd(init.pidfd()))));
  const int there = joiner.give(fd.get());
  require(joiner([there] { return sys::setns(there, CLONE_NEWPID); }));
  Actor entered = joiner.spawn();
  entered([] { outlive_parent(); });
  t.expect("getpid() inside", entered([] { return ::getpid(); }), 2);
  t.expect("getppid() inside", entered([] { return ::getppid(); }), 0);
  const auto joiner_outside = setup(pid_of_pidfd(joiner.pidfd()));
  t.expect("parent outside", parent_outside(entered), fmt::format("{}", joiner_outside));
  const auto outer_pid = fmt::format("{}", outer.pid());
  joiner.finish();
  const bool moved = eventually([&] { return parent_outside(entered) == outer_pid; });
  t.expect("adopted by the init of the parent's namespace", moved, true);
  t.expect("getppid() inside after that", entered([] { return ::getppid(); }), 0);
  t.expect("namespace of the orphan", setup(entered([] { return sys::ns_id(NsType::pid); })),
           setup(init([] { return sys::ns_id(NsType::pid); })));
}

NSVET_CHECK(thread_of_parent,
            pid_rule("pid.orphans.child_of_entered",
                     "Orphans of a process that was put inside go to PID 1",
                     "a process that entered by setns(2) leaves its own children to the init of "
                     "the namespace that they are in",
                     "pid_namespaces(7), kernel/exit.c find_new_reaper()")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor joiner = t.spawn();
  const auto fd = setup(sys::open_ns("pid", init.pid()));
  const int there = joiner.give(fd.get());
  require(joiner([there] { return sys::setns(there, CLONE_NEWPID); }));
  Actor entered = joiner.spawn();
  Actor orphan = entered.spawn();
  orphan([] { outlive_parent(); });
  t.expect("parent before", orphan([] { return ::getppid(); }), 2);
  entered.finish();
  t.expect("adopted by", next_parent(orphan, 2), 1);
}

NSVET_CHECK(nested_init,
            pid_rule("pid.orphans.nested_init",
                     "An orphaned PID 1 goes to the init of the namespace above",
                     "the init of a nested namespace is a process of its parent's namespace, and "
                     "is adopted there",
                     "pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor parent = outer.spawn();
  Actor init = parent.spawn({.flags = CLONE_NEWPID});
  init([] { outlive_parent(); });
  parent.finish();
  const auto wanted = fmt::format("{}", outer.pid());
  t.expect("adopted above", eventually([&] { return parent_outside(init) == wanted; }), true);
  t.expect("getppid() of the nested PID 1", init([] { return ::getppid(); }), 0);
  t.expect("it still is PID 1", init([] { return ::getpid(); }), 1);
}

NSVET_CHECK(death_signal,
            pid_rule("pid.orphans.death_signal", "PR_SET_PDEATHSIG works across the border",
                     "the signal of PR_SET_PDEATHSIG is sent to PID 1 by its parent outside, with "
                     "si_pid 0; without a handler it has no effect",
                     "PR_SET_PDEATHSIG(2const), pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  for (const bool handled : {true, false}) {
    Actor parent = outer.spawn();
    Actor init = parent.spawn({.flags = CLONE_NEWPID});
    init([handled] {
      set_disposition(handled ? Disposition::handler : Disposition::standard);
      ::prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
    });
    parent.finish();
    const auto wanted = fmt::format("{}", outer.pid());
    setup(sys::Result<bool>(eventually([&] { return parent_outside(init) == wanted; })));
    if (handled) {
      t.expect("signal", init([] { return to_string(caught(SIGUSR1)); }),
               to_string(Receipt{.count = 1}));
    } else {
      t.expect("PID 1 without a handler goes on", init([] { return ::getpid(); }), 1);
    }
  }
}

// The signal with which a child tells its parent of its end.
NSVET_CHECK(exit_signal,
            pid_rule("pid.init.exit_signal",
                     "The end of PID 1 is told to its parent as that of any child",
                     "SIGCHLD carries the child's PID in the parent's namespace; a custom exit "
                     "signal of clone(2) is kept",
                     "clone(2), sigaction(2)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  for (const int signal : {SIGCHLD, SIGUSR2}) {
    outer([] { set_disposition(Disposition::handler); });
    Actor init = outer.spawn({.flags = CLONE_NEWPID, .exit_signal = signal});
    const pid_t pid = init.pid();
    init.finish();
    const auto receipt = outer([signal] {
      eventually([signal] { return caught(signal).count != 0; });
      return caught(signal);
    });
    t.expect(fmt::format("{} of its end", sys::signal_name(signal)), to_string(receipt),
             to_string(Receipt{.count = 1, .code = CLD_EXITED, .pid = pid}));
    t.expect("waitpid()", outer([pid] { return wait_state(pid); }), "exit 0");
  }
}

NSVET_CHECK(wait_flags,
            pid_rule("pid.init.wait_clone", "A PID 1 with another exit signal is a clone child",
                     "wait(2) without __WALL or __WCLONE does not see a child whose exit signal is "
                     "not SIGCHLD",
                     "wait(2)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID, .exit_signal = 0});
  const pid_t pid = init.pid();
  init.finish();
  auto waited = [&](int options) {
    return outer([pid, options] {
      int status = 0;
      const pid_t got = ::waitpid(pid, &status, options | WNOHANG);
      return got < 0 ? sys::errno_name(errno) : fmt::format("{}", got == pid ? "reaped" : "none");
    });
  };
  t.expect("waitpid(0)", waited(0), "ECHILD");
  t.expect("waitpid(__WNOTHREAD)", waited(__WNOTHREAD), "ECHILD");
  t.expect("waitpid(__WCLONE)", waited(static_cast<int>(__WCLONE)), "reaped");
  t.expect("again with __WALL", waited(__WALL), "ECHILD");
}

}  // namespace
}  // namespace nsvet::probe
