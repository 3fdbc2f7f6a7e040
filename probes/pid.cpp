// PID namespaces: nesting, visibility, and the rights and duties of PID 1.
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(first_is_one, {.id = "pid.init.ids",
                           .title = "The first process is PID 1 and has no parent inside",
                           .rule = "the first process in a PID namespace has PID 1; getppid(2) of "
                                   "one whose parent is outside gives 0",
                           .source = "pid_namespaces(7)",
                           .types = {NsType::pid},
                           .needs = {Need::admin}}) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  t.expect("getpid() of the first", init([] { return ::getpid(); }), 1);
  t.expect("getppid() of the first", init([] { return ::getppid(); }), 0);
  Actor child = init.spawn();
  t.expect("getpid() of the second", child([] { return ::getpid(); }), 2);
  t.expect("getppid() of the second", child([] { return ::getppid(); }), 1);
}

NSVET_CHECK(nesting, {.id = "pid.nesting.limit",
                      .title = "PID namespaces nest 32 deep",
                      .rule = "the nesting depth is limited to 32; one more fails with ENOSPC",
                      .source = "pid_namespaces(7)",
                      .types = {NsType::pid},
                      .needs = {Need::admin}}) {
  std::vector<Actor> levels;
  levels.push_back(t.spawn());
  int failed = 0;
  while (failed == 0 && levels.size() < 100) {
    auto next = levels.back().try_spawn({.flags = CLONE_NEWPID});
    if (next) {
      levels.push_back(std::move(*next));
    } else {
      failed = next.error().number;
    }
  }
  t.expect("errno of one too many", sys::errno_name(failed), "ENOSPC");
  const auto depth = static_cast<std::int64_t>(levels.size()) - 1;
  const bool initial = setup(sys::ns_id(NsType::pid)).inode == sys::kInitialPidInode;
  if (initial) t.expect("levels below the initial namespace", depth, 32);
  t.fact("max_depth", depth);
  t.expect("getpid() at the bottom", levels.back()([] { return ::getpid(); }), 1);
}

NSVET_CHECK(seen_from_above, {.id = "pid.visibility.up",
                              .title = "A process has a PID in each namespace above it",
                              .rule = "a process is visible in its own and in every ancestor PID "
                                      "namespace, with another PID in each; NSpid lists them",
                              .source = "pid_namespaces(7), proc_pid_status(5)",
                              .types = {NsType::pid},
                              .needs = {Need::admin}}) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  const pid_t seen = inner.pid();  // As `outer` sees it.
  t.expect_success("kill(0) from the parent namespace", outer([seen]() -> sys::Result<> {
                     if (::kill(seen, 0) != 0) return sys::last_error("kill({}, 0)", seen);
                     return {};
                   }));
  const auto status = setup(inner([] { return sys::read_file("/proc/self/status"); }));
  const auto line = status.find("NSpid:");
  const std::string ids = status.substr(line, status.find('\n', line) - line);
  t.expect("NSpid ends in", ids.ends_with(fmt::format("\t{}\t1", seen)), true);
  t.expect("getpid() of the inner", inner([] { return ::getpid(); }), 1);
}

NSVET_CHECK(hidden_from_below, {.id = "pid.visibility.down",
                                .title = "Processes of the parent namespace cannot be named inside",
                                .rule = "a process cannot signal processes of ancestor namespaces",
                                .source = "pid_namespaces(7)",
                                .types = {NsType::pid},
                                .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWPID});
  // A number that only the parent namespace uses: the check's own.
  const pid_t outside = ::getpid();
  if (outside <= 2) Check::skip("the check is PID 1 or 2 itself");
  t.expect_errno("kill(PID of a process outside, 0)", inside([outside]() -> sys::Result<> {
                   if (::kill(outside, 0) != 0) return sys::last_error("kill()");
                   return {};
                 }),
                 ESRCH);
  t.expect_errno("kill(-1, 0) with nobody else", inside([]() -> sys::Result<> {
                   if (::kill(-1, 0) != 0) return sys::last_error("kill(-1)");
                   return {};
                 }),
                 ESRCH);
}

NSVET_CHECK(own_proc, {.id = "pid.proc.mount",
                       .title = "procfs shows the PID namespace of its mounter",
                       .rule = "a /proc mounted inside shows the processes visible inside only",
                       .source = "pid_namespaces(7)",
                       .types = {NsType::pid, NsType::mnt},
                       .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWPID});
  inside([] { enter_private_mounts(); });
  setup(inside([] { return sys::mount("proc", "/tmp", "proc", 0); }));
  t.expect("/proc/self inside", setup(inside([] { return sys::read_link("/tmp/self"); })), "1");
  Actor second = inside.spawn();
  const auto numbers = setup(inside([]() -> sys::Result<std::string> {
    std::string found;
    for (const auto& name : setup(sys::list_directory("/tmp"))) {
      if (name.find_first_not_of("0123456789") == std::string::npos) found += name + " ";
    }
    return found;
  }));
  t.expect("processes in it", numbers, "1 2 ");
}

volatile sig_atomic_t caught = 0;
void catch_signal(int signal) { caught = signal; }

// Every signal that has a number of its own; glibc keeps two real-time ones for itself.
std::vector<int> all_signals() {
  std::vector<int> signals;
  for (int s = 1; s <= 64; ++s) {
    if (s != 32 && s != 33) signals.push_back(s);
  }
  return signals;
}

sys::Result<> send(pid_t pid, int signal) {
  if (::kill(pid, signal) != 0) return sys::last_error("kill({}, {})", pid, signal);
  return {};
}

NSVET_CHECK(default_from_inside,
            {.id = "pid.init.signals.inside_default",
             .title = "PID 1 gets no signal from inside that it has no handler for",
             .rule = "members of the namespace can send init only signals for which it has a "
                     "handler; SIGKILL and SIGSTOP among them have no effect",
             .source = "pid_namespaces(7)",
             .types = {NsType::pid},
             .needs = {Need::admin}}) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  for (const int signal : all_signals()) {
    t.expect_success(fmt::format("kill(1, {}) from inside", sys::signal_name(signal)),
                     inside([signal] { return send(1, signal); }));
    t.expect(fmt::format("PID 1 alive after {}", sys::signal_name(signal)),
             init([] { return ::getpid(); }), 1);
  }
}

NSVET_CHECK(default_from_parent,
            {.id = "pid.init.signals.parent_default",
             .title = "From the parent namespace only SIGKILL and SIGSTOP reach PID 1 by force",
             .rule = "an ancestor's signals obey the same rule, but SIGKILL and SIGSTOP are forced",
             .source = "pid_namespaces(7)",
             .types = {NsType::pid},
             .needs = {Need::admin}}) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  for (const int signal : all_signals()) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    setup(send(init.pid(), signal));
    t.expect(fmt::format("PID 1 alive after {}", sys::signal_name(signal)),
             init([] { return ::getpid(); }), 1);
  }
  setup(send(init.pid(), SIGSTOP));
  int status = 0;
  const bool stopped =
      eventually([&] { return ::waitpid(init.pid(), &status, WUNTRACED | WNOHANG) == init.pid(); });
  t.expect("SIGSTOP stops it", stopped && WIFSTOPPED(status), true);
  setup(send(init.pid(), SIGCONT));
  t.expect("SIGCONT lets it go on", init([] { return ::getpid(); }), 1);
  setup(send(init.pid(), SIGKILL));
  t.expect("SIGKILL ends it", init.dies_within(kPatience), true);
}

NSVET_CHECK(handled, {.id = "pid.init.signals.handler",
                      .title = "PID 1 gets the signals that it handles",
                      .rule = "a signal that init has a handler for is delivered, from inside and "
                              "from the parent namespace",
                      .source = "pid_namespaces(7)",
                      .types = {NsType::pid},
                      .needs = {Need::admin}}) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  for (const int signal : all_signals()) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    for (const bool from_inside : {true, false}) {
      init([signal] {
        caught = 0;
        struct sigaction action {};
        action.sa_handler = catch_signal;
        ::sigaction(signal, &action, nullptr);
      });
      if (from_inside) {
        setup(inside([signal] { return send(1, signal); }));
      } else {
        setup(send(init.pid(), signal));
      }
      t.expect(fmt::format("{} from {}", sys::signal_name(signal),
                           from_inside ? "inside" : "the parent"),
               init([] { return static_cast<int>(caught); }), signal);
    }
  }
}

NSVET_CHECK(blocked, {.id = "pid.init.signals.blocked",
                      .title = "A blocked signal waits for PID 1, and is dropped when unblocked",
                      .rule = "blocked signals become pending; one without a handler has no effect "
                              "when it is unblocked",
                      .source = "pid_namespaces(7), kernel/signal.c",
                      .types = {NsType::pid},
                      .needs = {Need::admin}}) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  init([] {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &one, nullptr);
  });
  setup(inside([] { return send(1, SIGTERM); }));
  t.expect("SIGTERM pending", init([] {
             sigset_t pending;
             ::sigpending(&pending);
             return ::sigismember(&pending, SIGTERM) == 1;
           }),
           true);
  init([] {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, SIGTERM);
    ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
  });
  t.expect("PID 1 alive after unblocking", init([] { return ::getpid(); }), 1);
}

NSVET_CHECK(orphans, {.id = "pid.orphans.adopted",
                      .title = "Orphans become children of their namespace's init",
                      .rule = "a process whose parent has ended is adopted by the init of its PID "
                              "namespace",
                      .source = "pid_namespaces(7)",
                      .types = {NsType::pid},
                      .needs = {Need::admin}}) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor parent = init.spawn();
  Actor orphan = parent.spawn();
  orphan([] { ::prctl(PR_SET_PDEATHSIG, 0); });
  t.expect("parent before", orphan([] { return ::getppid(); }), 2);
  parent.finish();
  const bool adopted = orphan([] { return eventually([] { return ::getppid() == 1; }); });
  t.expect("adopted by PID 1", adopted, true);
}

NSVET_CHECK(death_of_init, {.id = "pid.init.death",
                            .title = "The end of PID 1 ends its namespace",
                            .rule = "when init ends, the kernel sends SIGKILL to all members, of "
                                    "nested namespaces too, and later forks fail with ENOMEM",
                            .source = "pid_namespaces(7)",
                            .types = {NsType::pid},
                            .needs = {Need::admin}}) {
  Actor joiner = t.spawn();
  require(joiner([] { return sys::unshare(CLONE_NEWPID); }));
  Actor init = joiner.spawn();
  t.expect("the first child is PID 1", init([] { return ::getpid(); }), 1);
  Actor member = init.spawn();
  member([] { ::prctl(PR_SET_PDEATHSIG, 0); });
  Actor nested = member.spawn({.flags = CLONE_NEWPID});
  init.finish();
  t.expect("member dies", member.dies_within(kPatience), true);
  t.expect("member of a nested namespace dies", nested.dies_within(kPatience), true);
  t.expect_errno("fork() into it", joiner.try_spawn(), ENOMEM);
  t.expect_errno("a second unshare(CLONE_NEWPID)",
                 joiner([] { return sys::unshare(CLONE_NEWPID); }), EINVAL);
}

}  // namespace
}  // namespace nsvet::probe
