// The rules that all eight namespace types keep, each written once.
#include "every.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/nsfs.h"

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

NSVET_CHECK_EACH_TYPE(needs_admin_alone,
                      {.id = "create.needs_admin",
                       .title = "CAP_SYS_ADMIN decides on {}, and no other capability",
                       .rule = "all capabilities but CAP_SYS_ADMIN do not suffice for {} (EPERM), "
                               "CAP_SYS_ADMIN alone does",
                       .source = "unshare(2), clone(2)",
                       .needs = {Need::admin}}) {
  const auto unshare = [flag = type.clone_flag] { return sys::unshare(flag); };
  Actor without = t.spawn();
  setup(without([] { return sys::drop_capability(CAP_SYS_ADMIN); }));
  const auto cloned = without.try_spawn({.flags = type.clone_flag});
  const auto unshared = without(unshare);
  if (type.type == NsType::user) {
    if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
    t.expect_success("clone3() without CAP_SYS_ADMIN", cloned);
    t.expect_success("unshare() without CAP_SYS_ADMIN", unshared);
    return;
  }
  t.expect_errno("clone3() without CAP_SYS_ADMIN", cloned, EPERM);
  t.expect_errno("unshare() without CAP_SYS_ADMIN", unshared, EPERM);
  expect_moved(t, "the refusals", 0, ids_of_child(without), sys::ns_ids(), sys::ns_ids());
  Actor only = t.spawn();
  setup(only([] { return sys::keep_capability(CAP_SYS_ADMIN); }));
  t.expect_success("clone3() with CAP_SYS_ADMIN alone", only.try_spawn({.flags = type.clone_flag}));
  t.expect_success("unshare() with CAP_SYS_ADMIN alone", only(unshare));
}

NSVET_CHECK_EACH_TYPE(with_user,
                      {.id = "create.with_user",
                       .title = "{} together with CLONE_NEWUSER needs no privilege",
                       .rule = "the user namespace is made first, and owns the namespace made in "
                               "the same call, by clone3(2) and unshare(2)",
                       .source = "user_namespaces(7)",
                       .needs = {Need::userns}}) {
  const auto ours = sys::ns_ids();
  const std::uint64_t flags = std::uint64_t{CLONE_NEWUSER} | type.clone_flag;
  auto expect_owned = [&](std::string_view how, Actor& maker) {
    Actor member = maker.spawn();
    const auto ids = member([] { return sys::ns_ids(); });
    expect_made(t, how, flags, ids, ours);
    if (type.type == NsType::user) return;
    const auto fd = member.take(setup(member([type = type.type] {
      return sys::open_ns(type).map([](sys::Fd own) { return own.release(); });
    })));
    t.expect(fmt::format("owner after {}", how),
             setup(sys::ns_id_of_fd(require(sys::owner_of_ns(fd.get())).get())),
             of(ids, NsType::user));
  };
  Actor plain = t.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  auto cloned = plain.try_spawn({.flags = flags});
  if (t.expect_success("clone3()", cloned)) expect_owned("clone3()", *cloned);
  const auto unshared = plain([flags] { return sys::unshare(flags); });
  if (t.expect_success("unshare()", unshared)) expect_owned("unshare()", plain);
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
  const std::uint64_t all = available_types();
  Actor child = t.spawn({.flags = all});
  for (const auto& type : model::kNsTypes) {
    if ((all & type.clone_flag) == 0) continue;
    t.expect_differ(fmt::format("{} namespace", type.name),
                    setup(child([x = type.type] { return ns_id(x); })), setup(ns_id(type.type)));
  }
}

}  // namespace
}  // namespace nsvet::probe
