// setns(2) in all its forms: what it moves, what it leaves, and whom it refuses.
#include <linux/capability.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "every.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

using sys::ns_ids;

NSVET_CHECK_EACH_TYPE(leaves_others,
                      {.id = "setns.leaves_others",
                       .title = "setns() changes no other namespace ({})",
                       .rule = "setns(2) with {} leaves the caller in its namespaces of all other "
                               "types",
                       .source = "setns(2)",
                       .needs = {Need::admin}}) {
  const auto ours = ns_ids();
  Actor holder = t.spawn({.flags = type.clone_flag});
  const auto theirs = holder([] { return ns_ids(); });
  const auto fd = setup(sys::open_ns(type.type, holder.pid()));
  Actor joiner = t.spawn();
  const int there = joiner.give(fd.get());
  require(joiner([there] { return sys::setns(there, 0); }));
  expect_moved(t, "setns()", type.clone_flag, ids_of_child(joiner), theirs, ours);
  expect_moved(t, "setns() by another process", 0, ns_ids(), theirs, ours);
}

NSVET_CHECK_EACH_TYPE(returns,
                      {.id = "setns.returns",
                       .title = "setns() leads back to where a process came from ({})",
                       .rule = "after unshare({}) a descriptor of the namespace before leads back "
                               "to it; out of a user namespace nothing leads (EPERM)",
                       .source = "setns(2)",
                       .needs = {Need::admin}}) {
  // From a namespace that the caller's user namespace owns, and so may join.
  Actor home = t.spawn({.flags = type.clone_flag});
  if (type.type == NsType::user) require(sys::map_root(home.pid(), ::geteuid(), ::getegid()));
  const auto ours = home([] { return ns_ids(); });
  Actor actor = home.spawn();
  const int there = setup(actor([type = type.type] {
    return sys::open_ns(type).map([](sys::Fd fd) { return fd.release(); });
  }));
  require(actor([flag = type.clone_flag] { return sys::unshare(flag); }));
  const auto away = ids_of_child(actor);
  t.expect_differ("identity after unshare()", of(away, type.type), of(ours, type.type));
  const auto back = actor([there, flag = type.clone_flag] { return sys::setns(there, flag); });
  if (type.type == NsType::user) {
    t.expect_errno("setns(parent user namespace)", back, EPERM);
    t.expect("identity after the refusal", of(ids_of_child(actor), type.type), of(away, type.type));
    return;
  }
  if (!t.expect_success("setns(back)", back)) return;
  // The first child in the new PID namespace has ended, so it is dead; back outside all is well.
  expect_moved(t, "setns(back)", 0, ids_of_child(actor), away, ours);
}

NSVET_CHECK_EACH_TYPE(needs_admin_over_target,
                      {.id = "setns.needs_admin_over_target",
                       .title = "setns() needs CAP_SYS_ADMIN over the namespace joined ({})",
                       .rule = "setns(2) with {} fails with EPERM when the caller has all "
                               "capabilities, but in a user namespace that does not own the target",
                       .source = "setns(2)",
                       .needs = {Need::admin, Need::userns}}) {
  const auto outer = setup(sys::open_ns(type.type));
  Actor sibling = t.spawn({.flags = CLONE_NEWUSER | type.clone_flag});
  const auto foreign = setup(sys::open_ns(type.type, sibling.pid()));
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const auto before = inside([] { return ns_ids(); });
  for (const auto& [what, fd] :
       {std::pair{"the parent's", outer.get()}, std::pair{"a sibling's", foreign.get()}}) {
    const int there = inside.give(fd);
    for (const std::uint64_t asked : {std::uint64_t{0}, std::uint64_t{type.clone_flag}}) {
      t.expect_errno(fmt::format("setns({} namespace, {})", what, sys::clone_flags_text(asked)),
                     inside([there, asked] { return sys::setns(there, asked); }), EPERM);
    }
  }
  expect_moved(t, "the refusals", 0, ids_of_child(inside), before, before);
}

NSVET_CHECK_EACH_TYPE(needs_admin_in_own,
                      {.id = "setns.needs_admin_in_own",
                       .title = "setns() needs CAP_SYS_ADMIN in the caller's own user namespace "
                                "({})",
                       .rule = "the owner of a user namespace has all capabilities in it, but "
                               "setns(2) with {} also needs CAP_SYS_ADMIN in the caller's own: it "
                               "must join the user namespace first, or together",
                       .source = "setns(2), user_namespaces(7)",
                       .needs = {Need::userns}}) {
  Actor plain = t.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  Actor holder = plain.spawn({.flags = CLONE_NEWUSER | type.clone_flag});
  const auto theirs = holder([] { return ns_ids(); });
  const int target = plain.give(setup(sys::open_ns(type.type, holder.pid())).get());
  const int user = plain.give(setup(sys::open_ns(NsType::user, holder.pid())).get());
  const int pidfd = plain.give(holder.pidfd());
  const auto flag = type.clone_flag;

  Actor together = plain.spawn();
  const auto both =
      together([pidfd, flag] { return sys::setns(pidfd, std::uint64_t{CLONE_NEWUSER} | flag); });
  if (t.expect_success("setns(pidfd, with CLONE_NEWUSER)", both)) {
    const auto moved = ids_of_child(together);
    t.expect("identity after both at once", of(moved, type.type), of(theirs, type.type));
    t.expect("user namespace after both at once", of(moved, NsType::user),
             of(theirs, NsType::user));
  }
  if (type.type == NsType::user) return;
  Actor stepwise = plain.spawn();
  t.expect_errno("setns(target) alone",
                 stepwise([target, flag] { return sys::setns(target, flag); }), EPERM);
  t.expect_errno("setns(pidfd) alone", stepwise([pidfd, flag] { return sys::setns(pidfd, flag); }),
                 EPERM);
  require(stepwise([user] { return sys::setns(user, CLONE_NEWUSER); }));
  t.expect_success("setns(target) from inside the user namespace",
                   stepwise([target, flag] { return sys::setns(target, flag); }));
  t.expect("identity after one after the other", of(ids_of_child(stepwise), type.type),
           of(theirs, type.type));
}

NSVET_CHECK_EACH_TYPE(pidfd_exited,
                      {.id = "setns.pidfd_exited",
                       .title = "setns() with the PID file descriptor of a dead process fails ({})",
                       .rule = "setns(2) with {} fails with ESRCH for a zombie and for a process "
                               "that is gone, and nothing changes",
                       .source = "setns(2)",
                       .needs = {Need::admin}}) {
  Actor holder = t.spawn({.flags = type.clone_flag});
  Actor joiner = t.spawn();
  const int there = joiner.give(holder.pidfd());
  const auto before = ids_of_child(joiner);
  const auto join = [there, flag = type.clone_flag] { return sys::setns(there, flag); };
  holder.finish();
  t.expect_errno("setns(pidfd of a zombie)", joiner(join), ESRCH);
  ::waitpid(holder.pid(), nullptr, __WALL);
  t.expect_errno("setns(pidfd of a reaped process)", joiner(join), ESRCH);
  expect_moved(t, "the refusals", 0, ids_of_child(joiner), before, before);
}

NSVET_CHECK(pidfd_several,
            {.id = "every.setns.pidfd_several",
             .title = "setns() with a PID file descriptor joins the types asked for, and no others",
             .rule = "the flags may name several types; the caller joins the target's namespaces "
                     "of these types",
             .source = "setns(2)",
             .needs = {Need::admin, Need::userns},
             .since = "5.8"}) {
  const auto ours = ns_ids();
  const std::uint64_t all = available_types();
  Actor holder = t.spawn({.flags = all});
  const auto theirs = holder([] { return ns_ids(); });
  // All of the others belong to the holder's user namespace, hence CLONE_NEWUSER in each.
  for (const std::uint64_t asked :
       {std::uint64_t{CLONE_NEWUSER | CLONE_NEWUTS}, std::uint64_t{CLONE_NEWUSER | CLONE_NEWIPC},
        std::uint64_t{CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID},
        std::uint64_t{CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC}, all}) {
    Actor joiner = t.spawn();
    const int there = joiner.give(holder.pidfd());
    const auto text = fmt::format("setns(pidfd, {})", sys::clone_flags_text(asked & all));
    if (!t.expect_success(
            text, joiner([there, flags = asked & all] { return sys::setns(there, flags); }))) {
      continue;
    }
    expect_moved(t, text, asked, ids_of_child(joiner), theirs, ours);
  }
}

NSVET_CHECK(pidfd_flags,
            {.id = "every.setns.pidfd_flags",
             .title = "setns() with a PID file descriptor refuses flags that name no namespace",
             .rule = "with a PID file descriptor, no flag and any flag but CLONE_NEW* give EINVAL",
             .source = "setns(2)",
             .needs = {Need::admin},
             .since = "5.8"}) {
  Actor holder = t.spawn({.flags = CLONE_NEWUTS});
  Actor joiner = t.spawn();
  const int there = joiner.give(holder.pidfd());
  const auto before = ids_of_child(joiner);
  for (const std::uint64_t flags :
       {std::uint64_t{0}, std::uint64_t{0xFFFFFFFF}, std::uint64_t{CLONE_VM},
        std::uint64_t{CLONE_FS}, std::uint64_t{CLONE_THREAD},
        std::uint64_t{CLONE_NEWUTS | CLONE_VM}, std::uint64_t{CLONE_NEWUTS | 1}}) {
    t.expect_errno(fmt::format("setns(pidfd, {})", sys::clone_flags_text(flags)),
                   joiner([there, flags] { return sys::setns(there, flags); }), EINVAL);
  }
  expect_moved(t, "the refusals", 0, ids_of_child(joiner), before, before);
}

NSVET_CHECK(pidfd_atomic,
            {.id = "every.setns.pidfd_atomic",
             .title = "setns() with a PID file descriptor joins all types or none",
             .rule = "when one of several namespaces cannot be joined, the caller stays in all "
                     "that it has",
             .source = "setns(2)",
             .needs = {Need::admin, Need::userns},
             .since = "5.8"}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  // Its UTS namespace may be joined from inside; its others belong to the outer user namespace.
  Actor target = inside.spawn({.flags = CLONE_NEWUTS});
  Actor joiner = inside.spawn();
  const int there = joiner.give(target.pidfd());
  const auto before = ids_of_child(joiner);
  for (const auto& type : model::kNsTypes) {
    if (type.type == NsType::uts || !missing(type.type).empty()) continue;
    // One's own user namespace cannot be joined at all.
    const int expected = type.type == NsType::user ? EINVAL : EPERM;
    const std::uint64_t flags = std::uint64_t{CLONE_NEWUTS} | type.clone_flag;
    const auto text = fmt::format("setns(pidfd, {})", sys::clone_flags_text(flags));
    t.expect_errno(text, joiner([there, flags] { return sys::setns(there, flags); }), expected);
    expect_moved(t, text, 0, ids_of_child(joiner), before, before);
  }
  t.expect_success("setns(pidfd, CLONE_NEWUTS)",
                   joiner([there] { return sys::setns(there, CLONE_NEWUTS); }));
  t.expect("UTS namespace after it", of(ids_of_child(joiner), NsType::uts),
           of(target([] { return ns_ids(); }), NsType::uts));
}

NSVET_CHECK(pidfd_ptrace,
            {.id = "every.setns.pidfd_ptrace",
             .title = "setns() with a PID file descriptor asks for ptrace access",
             .rule = "the caller needs permission to read the target process "
                     "(PTRACE_MODE_READ_REALCREDS), else EPERM; with an nsfs descriptor it does "
                     "not",
             .source = "setns(2)",
             .needs = {Need::admin},
             .since = "5.8"}) {
  Actor target = t.spawn({.flags = CLONE_NEWUTS});
  Actor joiner = t.spawn();
  const int pidfd = joiner.give(target.pidfd());
  const int nsfs = joiner.give(setup(sys::open_ns(NsType::uts, target.pid())).get());
  // The target has a capability that the joiner lacks, so it is not the joiner's to look into.
  setup(joiner([] { return sys::drop_capability(CAP_SYS_PTRACE); }));
  t.expect_errno("setns(pidfd) without CAP_SYS_PTRACE",
                 joiner([pidfd] { return sys::setns(pidfd, CLONE_NEWUTS); }), EPERM);
  t.expect_success("setns(nsfs descriptor) without it",
                   joiner([nsfs] { return sys::setns(nsfs, CLONE_NEWUTS); }));
  t.expect("UTS namespace after it", of(ids_of_child(joiner), NsType::uts),
           of(target([] { return ns_ids(); }), NsType::uts));
}

}  // namespace
}  // namespace nsvet::probe
