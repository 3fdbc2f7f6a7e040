// Making and joining PID namespaces: flags, order, depth, and who becomes PID 1.
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// The outcome of unshare(2) in an actor.
std::string unshare_outcome(Actor& actor, std::uint64_t flags) {
  return outcome(actor([flags] { return sys::unshare(flags); }));
}

std::string setns_outcome(Actor& actor, int fd, std::uint64_t type = CLONE_NEWPID) {
  const int there = actor.give(fd);
  return outcome(actor([there, type] { return sys::setns(there, type); }));
}

sys::Fd pid_ns_of(const Actor& actor) {
  return setup(sys::open_ns("pid", setup(pid_of_pidfd(actor.pidfd()))));
}

sys::NsId own_ns(Actor& actor) {
  return setup(actor([] { return sys::ns_id(NsType::pid); }));
}

// Whether the caller's next child is PID 1.
bool child_is_init() {
  auto cloned = setup(sys::clone3({}));
  if (cloned.pid == 0) ::_exit(::getpid() == 1 ? 1 : 0);
  return wait_state(cloned.pid) == "exit 1";
}

NSVET_CHECK(unshare_children,
            pid_rule("pid.unshare.for_children", "unshare(CLONE_NEWPID) moves the children only",
                     "the caller keeps its PID and its namespace; its first child is PID 1, and "
                     "later ones are beside it",
                     "unshare(2), pid_namespaces(7)")) {
  Actor caller = t.spawn();
  const pid_t before = caller([] { return ::getpid(); });
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  t.expect("getpid() of the caller", caller([] { return ::getpid(); }), before);
  t.expect("namespace of the caller", own_ns(caller), setup(sys::ns_id(NsType::pid)));
  Actor first = caller.spawn();
  Actor second = caller.spawn();
  t.expect("getpid() of the first child", first([] { return ::getpid(); }), 1);
  t.expect("getpid() of the second", second([] { return ::getpid(); }), 2);
  t.expect("getppid() of the second", second([] { return ::getppid(); }), 0);
  t.expect("namespaces of both", own_ns(second), own_ns(first));
  t.expect_differ("and of the caller", own_ns(first), own_ns(caller));
}

NSVET_CHECK(unshare_twice,
            pid_rule("pid.unshare.once", "A second unshare(CLONE_NEWPID) fails",
                     "CLONE_NEWPID cannot be unshared twice by one process, before or after the "
                     "first child; setns(2) back to the own namespace makes it possible again",
                     "unshare(2), EINVAL")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor caller = outer.spawn();
  const auto own = pid_ns_of(outer);
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  t.expect("before the first child", unshare_outcome(caller, CLONE_NEWPID), "EINVAL");
  Actor init = caller.spawn();
  t.expect("after it", unshare_outcome(caller, CLONE_NEWPID), "EINVAL");
  t.expect("clone3(CLONE_NEWPID)", outcome(caller.try_spawn({.flags = CLONE_NEWPID})), "EINVAL");
  t.expect("the child still is PID 1", init([] { return ::getpid(); }), 1);
  t.expect("setns() to the own namespace", setns_outcome(caller, own.get()), "success");
  t.expect("after that", unshare_outcome(caller, CLONE_NEWPID), "success");
  Actor next = caller.spawn();
  t.expect("the new first child", next([] { return ::getpid(); }), 1);
  t.expect_differ("namespace of the new first child", own_ns(next), own_ns(init));
}

NSVET_CHECK(unshare_thread,
            pid_rule("pid.unshare.no_threads", "No thread can be made after unshare(CLONE_NEWPID)",
                     "clone(CLONE_THREAD) gives EINVAL while the namespace for children is not the "
                     "caller's own; vfork(2) and fork(2) work",
                     "clone(2), unshare(2), EINVAL")) {
  auto thread_errno = [](Actor& actor) {
    return actor([] {
      pthread_t thread{};
      const int number = ::pthread_create(
          &thread, nullptr, [](void* nothing) { return nothing; }, nullptr);
      if (number == 0) ::pthread_join(thread, nullptr);
      return sys::errno_name(number);
    });
  };
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor caller = outer.spawn();
  t.expect("pthread_create() before", thread_errno(caller), "0");
  const auto own = pid_ns_of(outer);
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  t.expect("after unshare()", thread_errno(caller), "EINVAL");
  Actor init = caller.spawn();
  t.expect("in the child", thread_errno(init), "0");
  t.expect("setns() back", setns_outcome(caller, own.get()), "success");
  t.expect("after setns() back", thread_errno(caller), "0");
}

NSVET_CHECK(unshare_vfork,
            pid_rule("pid.unshare.vfork", "A vfork(2) child can be PID 1",
                     "clone(CLONE_VM|CLONE_VFORK) after unshare(CLONE_NEWPID) makes PID 1",
                     "clone(2), kernel/fork.c")) {
  Actor caller = t.spawn();
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  t.expect("getpid() of the child, as its exit code", caller([] {
             volatile pid_t inside = -1;
             const pid_t child = ::vfork();
             if (child == 0) {
               // NOLINTNEXTLINE(clang-analyzer-unix.Vfork): leaves no trace in the parent.
               inside = static_cast<pid_t>(::syscall(SYS_getpid));
               ::_exit(0);
             }
             int status = 0;
             ::waitpid(child, &status, 0);
             return static_cast<pid_t>(inside);
           }),
           1);
  t.expect_errno("fork() after its end", caller.try_spawn(), ENOMEM);
}

NSVET_CHECK(threaded_unshare,
            pid_rule("pid.unshare.multithreaded", "One thread can unshare CLONE_NEWPID for itself",
                     "the namespace for children belongs to the thread: another thread's children "
                     "stay in the old namespace",
                     "kernel/fork.c ksys_unshare(), namespaces(7)")) {
  Actor caller = t.spawn();
  struct Found {
    bool unshared;
    bool thread_made_init;
    bool main_made_init;
  };
  const auto found = caller([] {
    Found seen{};
    std::thread([&seen] {
      seen.unshared = sys::unshare(CLONE_NEWPID).has_value();
      seen.thread_made_init = child_is_init();
    }).join();
    seen.main_made_init = child_is_init();
    return seen;
  });
  t.expect("unshare() in a thread", found.unshared, true);
  t.expect("the thread's child is PID 1", found.thread_made_init, true);
  t.expect("the main thread's child is PID 1", found.main_made_init, false);
}

struct Flags {
  const char* id;
  std::uint64_t flags;
  const char* outcome;
};
constexpr std::uint64_t kThread = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
constexpr Flags kFlags[] = {
    {"thread", CLONE_NEWPID | kThread, "EINVAL"},
    {"user_thread", CLONE_NEWPID | CLONE_NEWUSER | kThread, "EINVAL"},
    {"sighand_alone", CLONE_NEWPID | CLONE_SIGHAND, "EINVAL"},
    {"parent", CLONE_NEWPID | CLONE_PARENT, "success"},
    {"files", CLONE_NEWPID | CLONE_FILES, "success"},
    {"fs", CLONE_NEWPID | CLONE_FS, "success"},
};

NSVET_CHECK(flag_combinations,
            pid_rule("pid.clone.flags", "Which flags go with CLONE_NEWPID",
                     "clone(2) refuses CLONE_NEWPID with CLONE_THREAD, and CLONE_SIGHAND without "
                     "CLONE_VM; CLONE_PARENT, CLONE_FILES and CLONE_FS are allowed",
                     "clone(2), kernel/fork.c copy_process()")) {
  for (const Flags& row : kFlags) {
    Actor caller = t.spawn();
    const auto made = caller([flags = row.flags]() -> sys::Result<> {
      const bool silent = (flags & (CLONE_THREAD | CLONE_PARENT)) != 0;
      auto cloned = sys::clone3({.flags = flags, .exit_signal = silent ? 0 : SIGCHLD});
      if (!cloned) return tl::unexpected(cloned.error());
      if (cloned->pid == 0) ::_exit(::getpid() == 1 ? 0 : 1);
      if ((flags & CLONE_PARENT) != 0) return {};
      const auto end = wait_state(cloned->pid);
      if (end != "exit 0") return sys::error(ECHILD, "the child is not PID 1: {}", end);
      return {};
    });
    t.expect(fmt::format("clone3({})", row.id), outcome(made), row.outcome);
  }
}

NSVET_CHECK(init_parent_flag,
            pid_rule("pid.clone.parent_by_init", "PID 1 may not use CLONE_PARENT",
                     "clone(CLONE_PARENT) by the init of a PID namespace is EINVAL: siblings of "
                     "init would have nobody to reap them; other members may",
                     "clone(2), EINVAL")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  auto sibling = [](Actor& actor) {
    return outcome(actor([]() -> sys::Result<> {
      auto cloned = sys::clone3({.flags = CLONE_PARENT, .exit_signal = 0});
      if (!cloned) return tl::unexpected(cloned.error());
      if (cloned->pid == 0) ::_exit(::getppid() == 1 ? 0 : 1);
      return {};
    }));
  };
  t.expect("by PID 1", sibling(init), "EINVAL");
  t.expect("by a member", sibling(member), "success");
  t.expect("the sibling: status for PID 1", init([] { return wait_state(3); }), "exit 0");
  t.expect_errno("CLONE_PARENT|CLONE_NEWPID by PID 1",
                 init.try_spawn({.flags = CLONE_PARENT | CLONE_NEWPID, .exit_signal = 0}), EINVAL);
}

NSVET_CHECK(join_directions,
            pid_rule("pid.setns.directions", "Only the own namespace and those below can be joined",
                     "setns(2) to an ancestor or a sibling PID namespace is EINVAL; the own one "
                     "and descendants of any depth can be joined",
                     "setns(2), EINVAL")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor middle = outer.spawn({.flags = CLONE_NEWPID});
  Actor inner = middle.spawn({.flags = CLONE_NEWPID});
  Actor sibling = outer.spawn({.flags = CLONE_NEWPID});
  Actor caller = middle.spawn();
  const auto outer_ns = pid_ns_of(outer);
  const auto middle_ns = pid_ns_of(middle);
  const auto inner_ns = pid_ns_of(inner);
  const auto sibling_ns = pid_ns_of(sibling);
  t.expect("ancestor", setns_outcome(caller, outer_ns.get()), "EINVAL");
  t.expect("sibling", setns_outcome(caller, sibling_ns.get()), "EINVAL");
  Actor unmoved = caller.spawn();
  t.expect("a child after the refusals", own_ns(unmoved), own_ns(middle));
  t.expect("own", setns_outcome(caller, middle_ns.get()), "success");
  t.expect("own, any type", setns_outcome(caller, middle_ns.get(), 0), "success");
  t.expect("descendant", setns_outcome(caller, inner_ns.get()), "success");
  Actor child = caller.spawn();
  t.expect("namespace of the next child", own_ns(child), own_ns(inner));
  t.expect("its PID there", child([] { return ::getpid(); }), 2);
  t.expect("getpid() of the caller", caller([] { return ::getpid(); }), 3);
  t.expect("back to the own one", setns_outcome(caller, middle_ns.get()), "success");
  Actor back = caller.spawn();
  t.expect("namespace of a child after that", own_ns(back), own_ns(middle));
  Actor above = t.spawn();
  t.expect("two levels below", setns_outcome(above, inner_ns.get()), "success");
  Actor deep = above.spawn();
  t.expect("namespace of its child", own_ns(deep), own_ns(inner));
}

NSVET_CHECK(join_by_pidfd,
            pid_rule("pid.setns.pidfd", "A PID namespace can be joined through a pidfd",
                     "setns(pidfd, CLONE_NEWPID) moves the caller's next children to the namespace "
                     "of that process; to an ancestor's it is EINVAL, to a reaped one ESRCH",
                     "setns(2)", "5.8")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor caller = outer.spawn();
  t.expect("setns(pidfd)", setns_outcome(caller, init.pidfd()), "success");
  Actor child = caller.spawn();
  t.expect("namespace of the next child", own_ns(child), own_ns(init));
  Actor member = init.spawn();
  t.expect("pidfd of a process above", setns_outcome(member, outer.pidfd()), "EINVAL");
  Actor gone = outer.spawn();
  gone.finish();
  outer([pid = gone.pid()] { wait_state(pid); });
  t.expect("pidfd of a process that is gone", setns_outcome(caller, gone.pidfd()), "ESRCH");
}

NSVET_CHECK(join_needs,
            pid_rule("pid.setns.privilege", "Joining needs CAP_SYS_ADMIN in both user namespaces",
                     "setns(2) to a PID namespace needs CAP_SYS_ADMIN in the user namespace that "
                     "owns it, and in the caller's own",
                     "setns(2), EPERM")) {
  if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
  Actor target = t.spawn({.flags = CLONE_NEWPID});
  const auto fd = pid_ns_of(target);
  Actor foreign = t.spawn({.flags = CLONE_NEWUSER});
  t.expect("capabilities of a new user namespace", setns_outcome(foreign, fd.get()), "EPERM");
  Actor plain = t.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  t.expect("none", setns_outcome(plain, fd.get()), "EPERM");
  Actor owner = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWPID});
  const auto owned = pid_ns_of(owner);
  Actor above = t.spawn();
  t.expect("of the parent user namespace", setns_outcome(above, owned.get()), "success");
}

NSVET_CHECK(foreign_owner,
            pid_rule("pid.create.foreign_owner",
                     "No PID namespace is made below one that a descendant user namespace owns",
                     "who has joined a PID namespace that belongs to a user namespace below its "
                     "own cannot make another one there (EINVAL); members of that user namespace "
                     "can",
                     "commit a2b426267c56 (userns,pidns: Verify the userns for new pid "
                     "namespaces)")) {
  if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
  Actor owner = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWPID});
  Actor above = t.spawn();
  const auto owned = pid_ns_of(owner);
  t.expect("setns() from the parent user namespace", setns_outcome(above, owned.get()), "success");
  Actor member = above.spawn();
  t.expect("getpid() of its child", member([] { return ::getpid(); }), 2);
  t.expect("unshare(CLONE_NEWPID) of the child", unshare_outcome(member, CLONE_NEWPID), "EINVAL");
  t.expect("clone3(CLONE_NEWPID)", outcome(member.try_spawn({.flags = CLONE_NEWPID})), "EINVAL");
  t.expect_success("clone3(CLONE_NEWPID) of the owner", owner.try_spawn({.flags = CLONE_NEWPID}));
}

NSVET_CHECK(for_children_link,
            pid_rule("pid.for_children.link", "pid_for_children names where children will be",
                     "the link differs from ns/pid after unshare(2) and setns(2); before the "
                     "first child it cannot be read on kernels before 7.1",
                     "namespaces(7)", "4.12")) {
  Actor caller = t.spawn();
  auto link = [](Actor& actor) { return actor([] { return sys::ns_id("pid_for_children"); }); };
  t.expect("at first", setup(link(caller)), own_ns(caller));
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  const auto empty = link(caller);
  t.fact("before_first_child", outcome(empty));
  if (!empty) t.expect("errno before the first child", outcome(empty), "ENOENT");
  if (empty) t.expect_differ("before the first child", *empty, own_ns(caller));
  Actor init = caller.spawn();
  t.expect("after the first child", setup(link(caller)), own_ns(init));
  if (empty) t.expect("the same as before", *empty, own_ns(init));
  t.expect("of the child itself", setup(link(init)), own_ns(init));
  t.expect_differ("ns/pid of the caller", own_ns(caller), own_ns(init));
  Actor other = t.spawn();
  const auto fd = pid_ns_of(init);
  t.expect("setns()", setns_outcome(other, fd.get()), "success");
  t.expect("after setns()", setup(link(other)), own_ns(init));
}

NSVET_CHECK(for_children_dead,
            pid_rule("pid.for_children.dead", "pid_for_children of a dead namespace",
                     "the link stays readable, or is empty (ENOENT), when the init has ended, and "
                     "names the same namespace",
                     "namespaces(7)", "4.12")) {
  Actor caller = t.spawn();
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  Actor init = caller.spawn();
  const auto there = own_ns(init);
  const pid_t pid = init.pid();
  init.finish();
  t.expect("PID 1", caller([pid] { return wait_state(pid); }), "exit 0");
  const auto link = caller([] { return sys::ns_id("pid_for_children"); });
  t.fact("after_last_child", outcome(link));
  t.expect("it names", link ? to_string(*link) : to_string(there), to_string(there));
  t.expect_errno("fork()", caller.try_spawn(), ENOMEM);
}

NSVET_CHECK(init_by_join,
            pid_rule("pid.for_children.init_by_setns",
                     "Another process can provide PID 1 of an empty namespace",
                     "whoever joins a PID namespace that has no process yet makes its PID 1 with "
                     "the next fork(2)",
                     "kernel/pid_namespace.c pidns_for_children_get()", "7.1")) {
  Actor creator = t.spawn();
  require(creator([] { return sys::unshare(CLONE_NEWPID); }));
  const auto opened = sys::open_ns("pid_for_children", setup(pid_of_pidfd(creator.pidfd())));
  if (!opened) {
    t.expect("errno where it cannot be opened", outcome(opened), "ENOENT");
    Check::skip("this kernel does not open an empty PID namespace");
  }
  Actor joiner = t.spawn();
  t.expect("setns()", setns_outcome(joiner, opened->get()), "success");
  Actor init = joiner.spawn();
  t.expect("its child", init([] { return ::getpid(); }), 1);
  Actor second = creator.spawn();
  t.expect("child of the creator", second([] { return ::getpid(); }), 2);
  require(send(init.pid(), SIGKILL));
  t.expect("it dies with PID 1", second.dies_within(kPatience), true);
}

// --- depth -------------------------------------------------------------------------------------

constexpr int kMostLevels = 32;

NSVET_CHECK(depth_numbers,
            pid_rule("pid.nesting.numbers", "A process 32 levels down has 33 PIDs",
                     "a process has a PID in each namespace from its own to the initial one; NSpid "
                     "lists them from the reader's namespace on",
                     "pid_namespaces(7), proc_pid_status(5)")) {
  std::vector<Actor> levels;
  levels.push_back(t.spawn());
  while (static_cast<int>(levels.size()) <= kMostLevels) {
    auto next = levels.back().try_spawn({.flags = CLONE_NEWPID});
    if (!next && next.error().number == ENOSPC) break;  // The check itself is in a nested one.
    levels.push_back(require(std::move(next)));
  }
  Actor bottom = levels.back().spawn();
  for (std::size_t i = levels.size() - 1; i > 0; --i) {
    t.expect(fmt::format("getpid() at level {}", i), levels[i]([] { return ::getpid(); }), 1);
  }
  const auto seen = setup(status_line("NSpid", setup(pid_of_pidfd(bottom.pidfd()))));
  const auto count = static_cast<std::size_t>(std::count(seen.begin(), seen.end(), ' ')) + 1;
  t.expect("numbers in NSpid from the check's namespace on", count, levels.size());
  t.expect("the last", seen.substr(seen.rfind(' ') + 1), "2");
  // At each level the process is addressed by the number that the list holds.
  std::string_view rest = seen;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto number = std::stoi(std::string(rest.substr(0, rest.find(' '))));
    t.expect(fmt::format("kill({}, 0) from level {}", number, i),
             outcome(levels[i]([number] { return send(number, 0); })), "success");
    rest.remove_prefix(std::min(rest.find(' '), rest.size() - 1) + 1);
  }
}

NSVET_CHECK(limit,
            pid_rule("pid.nesting.ucount", "user.max_pid_namespaces limits the number",
                     "making a PID namespace above the limit of the caller's user namespace is "
                     "ENOSPC; a lower limit does not end those that exist",
                     "namespaces(7), /proc/sys/user")) {
  if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
  Actor root = t.spawn({.flags = CLONE_NEWUSER});
  setup(sys::map_root(setup(pid_of_pidfd(root.pidfd())), ::geteuid(), ::getegid()));
  auto limit_to = [&](int most) {
    return root([most] {
      return sys::write_file("/proc/sys/user/max_pid_namespaces", fmt::format("{}", most));
    });
  };
  require(limit_to(1));
  Actor first = root.spawn({.flags = CLONE_NEWPID});
  t.expect("a second", outcome(root.try_spawn({.flags = CLONE_NEWPID})), "ENOSPC");
  t.expect("nested in the first", outcome(first.try_spawn({.flags = CLONE_NEWPID})), "ENOSPC");
  t.expect("unshare()", unshare_outcome(root, CLONE_NEWPID), "ENOSPC");
  require(limit_to(0));
  t.expect("the first goes on", first([] { return ::getpid(); }), 1);
  t.expect_success("fork() in it", first.try_spawn());
  require(limit_to(2));
  t.expect("a second with a limit of 2", outcome(root.try_spawn({.flags = CLONE_NEWPID})),
           "success");
}

}  // namespace
}  // namespace nsvet::probe
