// User namespaces: their tree, who may enter which, and how deep they nest.
#include "user.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <unistd.h>

#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(nesting, {.id = "user.nesting.limit",
                      .title = "User namespaces nest to a limit",
                      .rule = "one level beyond the limit fails with ENOSPC",
                      .source = "user_namespaces(7), kernel/user_namespace.c",
                      .types = {NsType::user},
                      .needs = {Need::userns}}) {
  const bool initial = setup(sys::ns_id(NsType::user)).inode == sys::kInitialUserInode;
  Actor diver = t.spawn();
  // In one process: each level is entered with the map of the one before.
  const int levels = diver([] {
    int depth = 0;
    while (depth < 100 && sys::enter_own_user_namespace()) ++depth;
    return depth;
  });
  const auto beyond = diver([] { return sys::unshare(CLONE_NEWUSER); });
  t.expect_errno("one level beyond the limit", beyond, ENOSPC);
  if (initial) t.expect("levels below the initial namespace", levels, 33);
  t.fact("max_depth", std::int64_t{levels});
}

// Tries to join the user namespace of another process.
sys::Result<> join(Actor& actor, const sys::Fd& user) {
  const int there = actor.give(user.get());
  return actor([there] { return sys::setns(there, CLONE_NEWUSER); });
}

NSVET_CHECK(joins, {.id = "user.setns.relatives",
                    .title = "Only descendants can be joined",
                    .rule = "setns(2) to a child and a grandchild succeeds; to one's own user "
                            "namespace it fails with EINVAL, to the parent, a sibling and a cousin "
                            "with EPERM",
                    .source = "setns(2), user_namespaces(7)",
                    .types = {NsType::user},
                    .needs = {Need::admin, Need::userns}}) {
  auto entered = [](Actor actor) {
    require(actor([] { return sys::enter_own_user_namespace(); }));
    return actor;
  };
  auto user_of = [](Actor& actor) {
    return actor.take(setup(actor(
        [] { return sys::open_ns(NsType::user).map([](sys::Fd fd) { return fd.release(); }); })));
  };
  Actor child = entered(t.spawn());
  Actor grandchild = entered(child.spawn());
  Actor sibling = entered(t.spawn());
  const auto ours = setup(sys::open_ns(NsType::user));
  const auto child_user = user_of(child);
  const auto grandchild_user = user_of(grandchild);
  const auto sibling_user = user_of(sibling);
  t.expect_errno("own", join(child, child_user), EINVAL);
  t.expect_errno("parent", join(child, ours), EPERM);
  t.expect_errno("grandparent", join(grandchild, ours), EPERM);
  t.expect_errno("sibling", join(child, sibling_user), EPERM);
  t.expect_errno("sibling of the parent", join(grandchild, sibling_user), EPERM);
  Actor to_grandchild = t.spawn();
  t.expect_success("grandchild", join(to_grandchild, grandchild_user));
  t.expect("user namespace after it", setup(to_grandchild([] { return sys::ns_id(NsType::user); })),
           setup(sys::ns_id_of_fd(grandchild_user.get())));
  t.expect("user id after it", to_grandchild([] { return ::geteuid(); }), 0U);
  Actor to_child = t.spawn();
  t.expect_success("child", join(to_child, child_user));
  t.expect_success("then grandchild", join(to_child, grandchild_user));
  t.expect_errno("then child again", join(to_child, child_user), EPERM);
}

NSVET_CHECK(shared_fs, {.id = "user.setns.shared_fs",
                        .title = "A process that shares its root cannot join a user namespace",
                        .rule = "setns(2) to a user namespace fails with EINVAL while the caller "
                                "shares root and working directory with another process",
                        .source = "setns(2)",
                        .types = {NsType::user},
                        .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const auto user = setup(sys::open_ns(NsType::user, inside.pid()));
  Actor parent = t.spawn();
  Actor sharing = parent.spawn({.flags = CLONE_FS});
  t.expect_errno("while it is shared", join(sharing, user), EINVAL);
  t.expect_success("unshare(CLONE_FS)", sharing([] { return sys::unshare(CLONE_FS); }));
  t.expect_success("when it is not", join(sharing, user));
}

NSVET_CHECK(chrooted, {.id = "user.create.chroot",
                       .title = "In a chroot no user namespace can be made",
                       .rule = "clone3(2) and unshare(2) with CLONE_NEWUSER fail with EPERM when "
                               "the caller's root is not that of its mount namespace",
                       .source = "clone(2), unshare(2)",
                       .types = {NsType::user, NsType::mnt},
                       .needs = {Need::admin, Need::userns}}) {
  Actor actor = t.spawn();
  actor([] { enter_private_mounts(); });
  require(actor([] { return result_of(::chroot("/tmp"), "chroot()"); }));
  t.expect_errno("clone3()", actor.try_spawn({.flags = CLONE_NEWUSER}), EPERM);
  t.expect_errno("unshare()", actor([] { return sys::unshare(CLONE_NEWUSER); }), EPERM);
}

NSVET_CHECK(unmapped_maker,
            {.id = "user.create.unmapped",
             .title = "Who has no id in its user namespace can make no other",
             .rule = "CLONE_NEWUSER fails with EPERM when the caller's effective user or group id "
                     "has no map in its user namespace",
             .source = "clone(2), unshare(2)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor none = t.spawn({.flags = CLONE_NEWUSER});
  t.expect_errno("without maps, clone3()", none.try_spawn({.flags = CLONE_NEWUSER}), EPERM);
  t.expect_errno("without maps, unshare()", none([] { return sys::unshare(CLONE_NEWUSER); }),
                 EPERM);
  Actor uid_only = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::write_file(proc_file(uid_only, "uid_map"), fmt::format("0 {} 1", ::geteuid())));
  t.expect_errno("without a map of groups", uid_only.try_spawn({.flags = CLONE_NEWUSER}), EPERM);
  Actor both = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::map_root(both.pid(), ::geteuid(), ::getegid()));
  t.expect_success("with both", both.try_spawn({.flags = CLONE_NEWUSER}));
}

NSVET_CHECK(nesting_of_parents,
            {.id = "user.nesting.parents",
             .title = "User namespaces form a tree",
             .rule = "NS_GET_PARENT and NS_GET_USERNS of a user namespace are the one in which it "
                     "was made, at each level",
             .source = "user_namespaces(7), NS_GET_PARENT(2const)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  const auto ours = setup(sys::ns_id(NsType::user));
  Actor diver = t.spawn();
  std::vector<sys::NsId> chain{ours};
  for (int level = 0; level < 4; ++level) {
    require(diver([] { return sys::enter_own_user_namespace(); }));
    chain.push_back(setup(diver([] { return sys::ns_id(NsType::user); })));
    t.expect_differ(fmt::format("level {}", level + 1), chain.back(), chain[chain.size() - 2]);
  }
  auto at = setup(sys::open_ns(NsType::user, diver.pid()));
  for (auto expected = chain.rbegin() + 1; expected != chain.rend(); ++expected) {
    const auto owner = require(sys::owner_of_ns(at.get()));
    at = require(sys::parent_of_ns(at.get()));
    t.expect("parent", setup(sys::ns_id_of_fd(at.get())), *expected);
    t.expect("owner", setup(sys::ns_id_of_fd(owner.get())), *expected);
  }
  if (ours.inode == sys::kInitialUserInode) {
    t.expect_errno("parent of the initial one", sys::parent_of_ns(at.get()), EPERM);
  }
}

}  // namespace
}  // namespace nsvet::probe
