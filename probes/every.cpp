// The rules that all eight namespace types keep, each written once.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

using sys::ns_id;

// unshare(2) moves the caller, but for a PID or time namespace only its later children.
sys::Result<sys::NsId> id_after_unshare(Actor& actor, const NsTypeInfo& type) {
  if (type.type != NsType::pid && type.type != NsType::time) {
    return actor([t = type.type] { return ns_id(t); });
  }
  Actor child = actor.spawn();
  return child([t = type.type] { return ns_id(t); });
}

NSVET_CHECK_EACH_TYPE(
    unshare_moves,
    {.id = "unshare.moves",
     .title = "unshare({}) gives a new namespace",
     .rule = "after unshare({}) the caller, or its next child, is in a new namespace",
     .source = "unshare(2)",
     .needs = {Need::admin}}) {
  const auto ours = setup(ns_id(type.type));
  Actor actor = t.spawn();
  t.expect_success(fmt::format("unshare({})", type.flag_name),
                   actor([flag = type.clone_flag] { return sys::unshare(flag); }));
  t.expect_differ("identity", setup(id_after_unshare(actor, type)), ours);
  t.expect("identity of the parent", setup(ns_id(type.type)), ours);
}

NSVET_CHECK_EACH_TYPE(unshare_leaves_others,
                      {.id = "unshare.leaves_others",
                       .title = "unshare({}) changes no other namespace",
                       .rule = "unshare({}) leaves the caller in its namespaces of other types",
                       .source = "unshare(2)",
                       .needs = {Need::admin}}) {
  Actor actor = t.spawn();
  require(actor([flag = type.clone_flag] { return sys::unshare(flag); }));
  Actor child = actor.spawn();
  t.expect_differ(fmt::format("{} namespace", type.name),
                  setup(child([x = type.type] { return ns_id(x); })), setup(ns_id(type.type)));
  for (const auto& other : model::kNsTypes) {
    if (other.type == type.type || !missing(other.type).empty()) continue;
    t.expect(fmt::format("{} namespace", other.name),
             setup(child([o = other.type] { return ns_id(o); })), setup(ns_id(other.type)));
  }
}

NSVET_CHECK_EACH_TYPE(clone3_moves,
                      {.id = "clone3.moves",
                       .title = "clone3({}) starts the child in a new namespace",
                       .rule = "a child made with {} is in a new namespace; its parent is not",
                       .source = "clone(2)",
                       .needs = {Need::admin}}) {
  const auto ours = setup(ns_id(type.type));
  Actor child = t.spawn({.flags = type.clone_flag});
  t.expect_differ("identity of the child", setup(child([x = type.type] { return ns_id(x); })),
                  ours);
  t.expect("identity of the parent", setup(ns_id(type.type)), ours);
  Actor other = t.spawn({.flags = type.clone_flag});
  t.expect_differ("identity of a second child", setup(other([x = type.type] { return ns_id(x); })),
                  setup(child([x = type.type] { return ns_id(x); })));
}

NSVET_CHECK_EACH_TYPE(fork_inherits,
                      {.id = "fork.inherits",
                       .title = "A child is in its parent's namespace ({})",
                       .rule = "fork(2) without flags puts the child into its parent's namespaces",
                       .source = "namespaces(7)",
                       .needs = {Need::admin}}) {
  Actor child = t.spawn();
  t.expect("identity of a child", setup(child([x = type.type] { return ns_id(x); })),
           setup(ns_id(type.type)));
  Actor inside = t.spawn({.flags = type.clone_flag});
  Actor grandchild = inside.spawn();
  t.expect("identity of a child inside", setup(grandchild([x = type.type] { return ns_id(x); })),
           setup(inside([x = type.type] { return ns_id(x); })));
}

// A process may join a PID or time namespace only for its children, so a child is asked.
void expect_joins(Check& t, std::string_view how, Actor& actor, const NsTypeInfo& type, int fd,
                  std::uint64_t flags, sys::NsId target) {
  const int there = actor.give(fd);
  if (!t.expect_success(how, actor([there, flags] { return sys::setns(there, flags); }))) return;
  Actor child = actor.spawn();
  t.expect(fmt::format("identity after {}", how),
           setup(child([x = type.type] { return ns_id(x); })), target);
}

NSVET_CHECK_EACH_TYPE(setns_joins,
                      {.id = "setns.joins",
                       .title = "setns() joins a namespace ({})",
                       .rule = "setns(2) with an nsfs descriptor and type 0 or {}, or with a PID "
                               "file descriptor and {}, moves the caller",
                       .source = "setns(2)",
                       .needs = {Need::admin}}) {
  Actor holder = t.spawn({.flags = type.clone_flag});
  const auto target = setup(holder([x = type.type] { return ns_id(x); }));
  const auto fd = setup(sys::open_ns(type.type, holder.pid()));
  Actor any = t.spawn();
  expect_joins(t, "setns(fd, 0)", any, type, fd.get(), 0, target);
  Actor typed = t.spawn();
  expect_joins(t, fmt::format("setns(fd, {})", type.flag_name), typed, type, fd.get(),
               type.clone_flag, target);
  Actor by_pidfd = t.spawn();
  expect_joins(t, fmt::format("setns(pidfd, {})", type.flag_name), by_pidfd, type, holder.pidfd(),
               type.clone_flag, target);
}

NSVET_CHECK_EACH_TYPE(setns_wrong_type,
                      {.id = "setns.wrong_type",
                       .title = "setns() refuses a descriptor of another type than asked ({})",
                       .rule = "setns(2) fails with EINVAL when the type does not match the "
                               "descriptor, and with EBADF for none",
                       .source = "setns(2)",
                       .needs = {Need::admin}}) {
  const auto fd = setup(sys::open_ns(type.type));
  for (const auto& other : model::kNsTypes) {
    if (other.type == type.type) continue;
    t.expect_errno(fmt::format("setns({} descriptor, {})", type.name, other.flag_name),
                   sys::setns(fd.get(), other.clone_flag), EINVAL);
  }
  t.expect_errno("setns(-1)", sys::setns(-1, type.clone_flag), EBADF);
  const auto file = setup(sys::open("/proc/self/status", O_RDONLY));
  t.expect_errno("setns(ordinary file)", sys::setns(file.get(), type.clone_flag), EINVAL);
}

NSVET_CHECK_EACH_TYPE(needs_privilege,
                      {.id = "create.needs_privilege",
                       .title = "{} needs CAP_SYS_ADMIN, but for user namespaces",
                       .rule = "unshare(2), clone3(2) and setns(2) with {} fail with EPERM without "
                               "CAP_SYS_ADMIN; a user namespace needs no privilege",
                       .source = "unshare(2), clone(2), setns(2)"}) {
  const auto fd = setup(sys::open_ns(type.type));
  Actor plain = t.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  const auto cloned = plain.try_spawn({.flags = type.clone_flag});
  const int there = plain.give(fd.get());
  const auto joined = plain([there, flag = type.clone_flag] { return sys::setns(there, flag); });
  const auto unshared = plain([flag = type.clone_flag] { return sys::unshare(flag); });
  if (type.type == NsType::user) {
    if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
    t.expect_success("clone3(CLONE_NEWUSER)", cloned);
    t.expect_success("unshare(CLONE_NEWUSER)", unshared);
    t.expect_errno("setns(own user namespace)", joined, EINVAL);
    return;
  }
  t.expect_errno(fmt::format("clone3({})", type.flag_name), cloned, EPERM);
  t.expect_errno(fmt::format("setns({})", type.flag_name), joined, EPERM);
  t.expect_errno(fmt::format("unshare({})", type.flag_name), unshared, EPERM);
}

// Inode numbers of dead namespaces are used again at once, so death shows in nothing that stays
// but the descriptor: a second namespace made while the first is held must be another one.
NSVET_CHECK_EACH_TYPE(held_by_fd,
                      {.id = "lifetime.fd",
                       .title = "A descriptor keeps a namespace alive ({})",
                       .rule = "an open descriptor of /proc/PID/ns/* keeps the namespace when its "
                               "last process has ended, and it can still be joined",
                       .source = "namespaces(7)",
                       .needs = {Need::admin}}) {
  Actor holder = t.spawn({.flags = type.clone_flag});
  const auto target = setup(holder([x = type.type] { return ns_id(x); }));
  const auto fd = setup(sys::open_ns(type.type, holder.pid()));
  holder.finish();
  t.expect("identity of the descriptor", setup(sys::ns_id_of_fd(fd.get())), target);
  Actor joiner = t.spawn();
  const int there = joiner.give(fd.get());
  if (!t.expect_success(
          "setns() after the last process has ended",
          joiner([there, flag = type.clone_flag] { return sys::setns(there, flag); }))) {
    return;
  }
  if (type.type == NsType::pid) {
    // Its init is dead: it can be joined, but no process can be made in it.
    t.expect_errno("fork() in a PID namespace whose init is dead", joiner.try_spawn(), ENOMEM);
    return;
  }
  Actor child = joiner.spawn();
  t.expect("identity after setns()", setup(child([x = type.type] { return ns_id(x); })), target);
}

NSVET_CHECK_EACH_TYPE(held_by_bind_mount,
                      {.id = "lifetime.bind_mount",
                       .title = "A bind mount keeps a namespace alive ({})",
                       .rule = "a bind mount of /proc/PID/ns/* keeps the namespace when its last "
                               "process has ended",
                       .source = "namespaces(7)",
                       .needs = {Need::admin}}) {
  Actor outside = t.spawn();
  outside([] { enter_private_mounts(); });
  Actor holder = outside.spawn({.flags = type.clone_flag});
  const auto target = setup(holder([x = type.type] { return ns_id(x); }));
  const Text path = fmt::format("/proc/{}/ns/{}", holder.pid(), type.name);
  setup(outside(
      [] { return sys::open("/tmp/held", O_CREAT | O_WRONLY).map([](const sys::Fd&) {}); }));
  const auto bound = outside([path] { return sys::mount(path, "/tmp/held", "", MS_BIND); });
  if (!t.expect_success("bind mount of the link", bound)) return;
  holder.finish();
  const auto seen = outside([]() -> sys::Result<sys::NsId> {
    const auto fd = sys::open("/tmp/held", O_RDONLY);
    if (!fd) return tl::unexpected(fd.error());
    return sys::ns_id_of_fd(fd->get());
  });
  t.expect("identity at the bind mount", setup(seen), target);
}

NSVET_CHECK(unknown_flag, {.id = "every.unshare.unknown_flag",
                           .title = "unshare() refuses flags that it does not know",
                           .rule = "unshare(2) fails with EINVAL for an invalid bit in flags",
                           .source = "unshare(2)"}) {
  Actor actor = t.spawn();
  t.expect_errno("unshare(CLONE_PTRACE)", actor([] { return sys::unshare(CLONE_PTRACE); }), EINVAL);
  t.expect_errno("unshare(CLONE_VFORK)", actor([] { return sys::unshare(CLONE_VFORK); }), EINVAL);
}

NSVET_CHECK(bad_combinations,
            {.id = "every.clone3.bad_combinations",
             .title = "clone3() refuses combinations that make no sense",
             .rule = "CLONE_NEWNS|CLONE_FS, CLONE_NEWUSER|CLONE_FS, CLONE_NEWIPC|CLONE_SYSVSEM and "
                     "CLONE_THREAD with CLONE_NEWPID or CLONE_NEWUSER fail with EINVAL",
             .source = "clone(2)",
             .needs = {Need::admin}}) {
  constexpr std::uint64_t kThread = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  for (const std::uint64_t flags :
       {std::uint64_t{CLONE_NEWNS} | CLONE_FS, std::uint64_t{CLONE_NEWUSER} | CLONE_FS,
        std::uint64_t{CLONE_NEWIPC} | CLONE_SYSVSEM, std::uint64_t{CLONE_NEWPID} | kThread,
        std::uint64_t{CLONE_NEWUSER} | kThread}) {
    Actor actor = t.spawn();
    const auto made = actor([flags]() -> sys::Result<> {
      auto cloned =
          sys::clone3({.flags = flags, .exit_signal = (flags & CLONE_THREAD) != 0 ? 0 : SIGCHLD});
      if (!cloned) return tl::unexpected(cloned.error());
      if (cloned->pid == 0) ::_exit(0);
      return {};
    });
    t.expect_errno(fmt::format("clone3({})", sys::clone_flags_text(flags)), made, EINVAL);
  }
}

NSVET_CHECK(all_at_once, {.id = "every.clone3.all_types",
                          .title = "One clone3() makes a namespace of every type",
                          .rule = "CLONE_NEW* flags may be combined",
                          .source = "clone(2)",
                          .needs = {Need::admin}}) {
  std::uint64_t all = 0;
  for (const auto& type : model::kNsTypes) {
    if (missing(type.type).empty()) all |= type.clone_flag;
  }
  Actor child = t.spawn({.flags = all});
  for (const auto& type : model::kNsTypes) {
    if ((all & type.clone_flag) == 0) continue;
    t.expect_differ(fmt::format("{} namespace", type.name),
                    setup(child([x = type.type] { return ns_id(x); })), setup(ns_id(type.type)));
  }
}

}  // namespace
}  // namespace nsvet::probe
