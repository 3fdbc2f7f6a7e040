// Which numbers processes get: clone3(2) set_tid, ns_last_pid, pid_max.
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// The numbers that a child shall have, from its own namespace upwards.
struct Wanted {
  std::array<pid_t, 3> pids{};
  std::size_t count = 0;  ///< May be more than there are.
};

// A child with these PIDs that ends at once; its own number comes back as its parent sees it.
sys::Result<pid_t> clone_with(const Wanted& wanted, std::uint64_t flags = 0) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  args.set_tid = reinterpret_cast<std::uintptr_t>(wanted.pids.data());
  args.set_tid_size = wanted.count;
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return sys::last_error("clone3(set_tid)");
  // Its own number's last digits.
  if (pid == 0) ::_exit(static_cast<int>(::getpid() % 200));
  return static_cast<pid_t>(pid);
}

// "exit 77" where the child got the last digits asked for; or the errno.
std::string made_with(Actor& actor, const Wanted& wanted, std::uint64_t flags = 0) {
  const auto pid = actor([wanted, flags] { return clone_with(wanted, flags); });
  if (!pid) return outcome(pid);
  return actor([child = *pid] { return wait_state(child); });
}

// setup() for clone3(2) as it is: without set_tid on kernels before 5.5.
CheckInfo set_tid_rule(std::string topic, std::string title, std::string rule) {
  return pid_rule("pid.set_tid." + std::move(topic), std::move(title), std::move(rule),
                  "clone(2), The set_tid array", "5.5");
}

constexpr pid_t kFree = 3077;         // Far from what a new namespace uses by itself.
constexpr auto kFreeEnd = "exit 77";  // 3077 % 200

NSVET_CHECK(chosen,
            set_tid_rule("chosen", "A child gets the PID that set_tid asks for",
                         "set_tid[0] is the PID in the child's own namespace; when it has ended "
                         "the number can be had again, and the next fork goes on counting")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  const Wanted wanted{{kFree}, 1};
  t.expect("the number that clone3() returns", setup(init([wanted] { return clone_with(wanted); })),
           kFree);
  t.expect("the child's own", init([] { return wait_state(kFree); }), kFreeEnd);
  t.expect("again", made_with(init, wanted), kFreeEnd);
  Actor next = init.spawn();
  t.expect("the next without set_tid", next([] { return ::getpid(); }), 2);
}

NSVET_CHECK(taken, set_tid_rule("taken", "A PID in use cannot be had twice",
                                "set_tid with a number that exists is EEXIST, of a zombie, a "
                                "process group or session too")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  t.expect("of PID 1", made_with(init, {{1}, 1}), "EEXIST");
  t.expect("of a member", made_with(init, {{2}, 1}), "EEXIST");
  Actor leader = init.spawn();
  leader([] { ::setsid(); });
  Actor in_session = leader.spawn();
  in_session([] { outlive_parent(); });
  leader.finish();
  t.expect("of a zombie", made_with(init, {{3}, 1}), "EEXIST");
  t.expect("it is reaped", init([] { return wait_state(3); }), "exit 0");
  t.expect("of a session without its leader", made_with(init, {{3}, 1}), "EEXIST");
  in_session.finish();
  t.expect("the session's last", init([] { return wait_state(4); }), "exit 0");
  t.expect("after its end", made_with(init, {{3}, 1}), "exit 3");
}

NSVET_CHECK(
    every_level,
    set_tid_rule("levels", "set_tid can name a PID in each namespace above",
                 "set_tid[i] is the PID i namespaces above the child's; fewer entries leave "
                 "the outer ones to the kernel; more than there are levels are EINVAL")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  const Wanted both{{kFree, 555}, 2};
  const auto made = init([both] { return clone_with(both); });
  t.expect("seen by the parent", setup(made), kFree);
  t.expect("seen from the outer namespace", outcome(outer([] { return send(555, 0); })), "success");
  t.expect("NSpid", setup(outer([]() -> sys::Result<std::string> {
             mount_own_proc();
             return status_line("NSpid", 555, "/tmp");
           })),
           fmt::format("555 {}", kFree));
  t.expect("its end", init([] { return wait_state(kFree); }), kFreeEnd);
  t.expect("nobody has it afterwards", outcome(outer([] { return send(555, 0); })), "ESRCH");
  Actor held = outer.spawn();
  const pid_t taken = held.pid();
  t.expect("taken above", made_with(init, {{kFree, taken}, 2}), "EEXIST");
  t.expect("and free after that", made_with(init, {{kFree, 555}, 2}), kFreeEnd);
}

NSVET_CHECK(refused, set_tid_rule("refused", "Numbers that cannot be PIDs are refused",
                                  "a PID below 1 or not below pid_max, more than 32 entries, "
                                  "entries without an array and an array without entries are "
                                  "EINVAL")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  const Wanted kRefused[] = {{{0}, 1},       {{-1}, 1},     {{1 << 22}, 1},
                             {{1 << 30}, 1}, {{kFree}, 33}, {{kFree}, 0}};
  for (const Wanted& wanted : kRefused) {
    t.expect(fmt::format("{} with {} entries", wanted.pids[0], wanted.count),
             made_with(init, wanted), "EINVAL");
  }
  t.expect("no array", init([] {
             clone_args args{};
             args.exit_signal = SIGCHLD;
             args.set_tid_size = 1;
             const long pid = ::syscall(SYS_clone3, &args, sizeof args);
             if (pid == 0) ::_exit(0);
             return sys::errno_name(pid > 0 ? 0 : errno);
           }),
           "EINVAL");
  Actor next = init.spawn();
  t.expect("no number is lost", next([] { return ::getpid(); }), 2);
}

NSVET_CHECK(first_must_be_one,
            set_tid_rule("first", "The first process of a namespace must be PID 1",
                         "set_tid with another number than 1 for the first process is EINVAL; with "
                         "1 it is made")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  t.expect("another number", made_with(outer, {{kFree}, 1}, CLONE_NEWPID), "EINVAL");
  t.expect("1", made_with(outer, {{1}, 1}, CLONE_NEWPID), "exit 1");
  const Wanted both{{1, kFree}, 2};
  t.expect("1, and a number above", setup(outer([both] { return clone_with(both, CLONE_NEWPID); })),
           kFree);
  t.expect("its own number", outer([] { return wait_state(kFree); }), "exit 1");
}

NSVET_CHECK(privilege,
            set_tid_rule("privilege", "Choosing a PID needs privilege over every level named",
                         "set_tid needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the user "
                         "namespace that owns each PID namespace named")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor plain = init.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  t.expect("without capabilities", made_with(plain, {{kFree}, 1}), "EPERM");
  if (!missing(Need::userns).empty()) return;
  Actor owner = init.spawn({.flags = CLONE_NEWUSER | CLONE_NEWPID});
  t.expect("in a namespace of its own", made_with(owner, {{kFree}, 1}), kFreeEnd);
  t.expect("and one level above it", made_with(owner, {{kFree, kFree}, 2}), "EPERM");
}

// --- ns_last_pid -------------------------------------------------------------------------------

sys::Result<std::string> last_pid() {
  auto text = sys::read_file("/proc/sys/kernel/ns_last_pid");
  if (text) text->resize(text->find_last_not_of('\n') + 1);
  return text;
}

sys::Result<> set_last_pid(int pid) {
  return sys::write_file("/proc/sys/kernel/ns_last_pid", fmt::format("{}", pid));
}

void need_last_pid() {
  if (!setup(sys::exists("/proc/sys/kernel/ns_last_pid"))) {
    Check::skip("this kernel has no ns_last_pid (CONFIG_CHECKPOINT_RESTORE)");
  }
}

NSVET_CHECK(last_pid_own,
            pid_rule("pid.last_pid.own", "ns_last_pid is of the reader's namespace",
                     "ns_last_pid shows the PID given last in the caller's namespace, whatever is "
                     "mounted on /proc; what happens in others does not change it",
                     "pid_namespaces(7)", "3.3")) {
  need_last_pid();
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  t.expect("with PID 1 alone", setup(init([] { return last_pid(); })), "1");
  Actor second = init.spawn();
  t.expect("after a second process", setup(init([] { return last_pid(); })), "2");
  Actor outside = t.spawn();
  t.expect("after a process outside", setup(init([] { return last_pid(); })), "2");
  Actor nested = second.spawn({.flags = CLONE_NEWPID});
  t.expect("after one of a nested namespace", setup(init([] { return last_pid(); })), "3");
  t.expect("in the nested one", setup(nested([] { return last_pid(); })), "1");
}

NSVET_CHECK(last_pid_permission,
            pid_rule("pid.last_pid.permission", "Writing ns_last_pid is privileged",
                     "it needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the user namespace that "
                     "owns the PID namespace, else EPERM",
                     "pid_namespaces(7), capabilities(7)")) {
  need_last_pid();
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  const auto write = [] { return set_last_pid(500); };
  if (missing(Need::userns).empty()) {
    Actor stranger = init.spawn({.flags = CLONE_NEWUSER});
    t.expect_errno("by root of another user namespace", stranger(write), EPERM);
  }
  Actor weak = init.spawn();
  setup(weak([] { return sys::drop_capabilities(); }));
  t.expect_errno("without capabilities", weak(write), EPERM);
  for (const int capability : {CAP_SYS_ADMIN, CAP_CHECKPOINT_RESTORE}) {
    // Up to Linux 5.8 there was only the first.
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) continue;
    Actor able = init.spawn();
    setup(able([capability] { return sys::keep_capability(capability); }));
    t.expect_success(fmt::format("with capability {} alone", capability), able(write));
  }
}

NSVET_CHECK(last_pid_written,
            pid_rule("pid.last_pid.write", "Writing ns_last_pid chooses the next PID",
                     "the next process gets the number after the one written; other namespaces "
                     "are not affected",
                     "pid_namespaces(7)", "3.3")) {
  need_last_pid();
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  require(init([] { return set_last_pid(499); }));
  Actor next = init.spawn();
  t.expect("the next", next([] { return ::getpid(); }), 500);
  t.expect("ns_last_pid then", setup(init([] { return last_pid(); })), "500");
  t.expect("its PID in the outer namespace", setup(outer([] { return last_pid(); })), "3");
  Actor plain = init.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  t.expect_errno("without capabilities", plain([] { return set_last_pid(600); }), EPERM);
  t.expect_errno("a negative number", init([] { return set_last_pid(-1); }), EINVAL);
}

// --- pid_max -----------------------------------------------------------------------------------

sys::Result<std::string> pid_max() {
  auto text = sys::read_file("/proc/sys/kernel/pid_max");
  if (text) text->resize(text->find_last_not_of('\n') + 1);
  return text;
}

sys::Result<> set_pid_max(int pid) {
  return sys::write_file("/proc/sys/kernel/pid_max", fmt::format("{}", pid));
}

// PID 1 of a namespace that belongs to a user namespace whose root is an ordinary user outside, so
// that nothing it writes can reach the host where the kernel has one pid_max for all.
Actor start_owner(const Check& t) {
  if (auto why = missing(Need::userns); !why.empty()) Check::skip(why);
  Actor owner = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWPID});
  const uid_t outside = missing(Need::root).empty() ? sys::kNobody : ::geteuid();
  setup(sys::map_root(setup(pid_of_pidfd(owner.pidfd())), outside, outside));
  owner([] {
    if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) {
      setup(sys::Result<>(sys::last_error("setresuid()")));
    }
  });
  return owner;
}

NSVET_CHECK(pid_max_own,
            pid_rule("pid.pid_max.own", "pid_max can be lowered for one namespace",
                     "kernel.pid_max belongs to the PID namespace, starts at the most possible, is "
                     "writable by its owner, and limits the numbers given there only",
                     "commit 7863dcc72d0f (pid: allow pid_max to be set per pid namespace)",
                     "6.14")) {
  const auto before = setup(pid_max());
  Actor owner = start_owner(t);
  const auto written = owner([] { return set_pid_max(400); });
  t.fact("writable_by_owner", outcome(written));
  if (!written) {
    t.expect_errno("writing where it is one for all", written, EACCES);
    t.expect("pid_max outside", setup(pid_max()), before);
    Check::skip("this kernel has one pid_max for all");
  }
  t.expect("inside", setup(owner([] { return pid_max(); })), "400");
  t.expect("outside", setup(pid_max()), before);
  t.expect_errno("fewer than the reserved ones", owner([] { return set_pid_max(300); }), EINVAL);
  Actor nested = owner.spawn({.flags = CLONE_NEWPID});
  t.expect("in a nested namespace at first", setup(nested([] { return pid_max(); })), "4194304");
  if (!setup(sys::exists("/proc/sys/kernel/ns_last_pid"))) return;
  require(owner([] { return set_last_pid(398); }));
  Actor last = owner.spawn();
  t.expect("the last number", last([] { return ::getpid(); }), 399);
  Actor first = owner.spawn();
  t.expect("the one after it", first([] { return ::getpid(); }), 300);
  t.expect("set_tid beyond it", made_with(owner, {{400}, 1}), "EINVAL");
}

}  // namespace
}  // namespace nsvet::probe
