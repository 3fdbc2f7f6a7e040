// Detached mounts: where they show, how long they live, and whose they become.
#include <sys/mount.h>
#include <unistd.h>

#include "mnt_api.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

CheckInfo detached_check(const char* name, std::string title, std::string rule) {
  return mnt_check(fmt::format("mnt.detached.{}", name), std::move(title), std::move(rule),
                   "open_tree(2), move_mount(2)");
}

bool has_file(Actor& actor, int tree) {
  return actor([=] { return bool(sys::open_at(tree, "file", O_RDONLY)); });
}

Actor with_file_on_a(Check& t) {
  Actor actor = with_mount_on_a(t);
  actor([] { setup(sys::open("/tmp/a/file", O_CREAT | O_WRONLY)); });
  return actor;
}

NSVET_CHECK(hidden, detached_check("hidden", "A detached copy is in no mount namespace",
                                   "the mount that open_tree(OPEN_TREE_CLONE) makes shows in no "
                                   "mount list and leads to the files; it cannot be unmounted, and "
                                   "mount(2) puts nothing on it")) {
  Actor actor = with_file_on_a(t);
  const auto before = MountTable(actor).all().size();
  const int tree = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  t.expect("mounts in the list", MountTable(actor).all().size(), before);
  t.expect("its file", has_file(actor, tree), true);
  Actor copy = copy_of(actor);
  t.expect("mounts in a copy of the namespace", MountTable(copy).all().size(), before);
  t.expect_success("umount of the original", actor([] { return sys::umount("/tmp/a"); }));
  t.expect("its file then", has_file(actor, tree), true);
  auto path = [tree](const char* below) { return fmt::format("/proc/self/fd/{}{}", tree, below); };
  t.expect_errno("umount of the detached one",
                 actor([=] { return sys::umount(path(""), MNT_DETACH); }), EINVAL);
  t.expect_errno("mount(2) on it", actor([=] { return sys::mount("kid", path("/b"), "tmpfs", 0); }),
                 EINVAL);
}

NSVET_CHECK(dissolved,
            detached_check("dissolved", "A detached mount ends with its descriptor",
                           "when the descriptor of open_tree(2) is closed, files stay open, but "
                           "the tree comes apart and can no longer be attached")) {
  Actor actor = with_file_on_a(t);
  const int tree = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  const int file = actor([=] { return setup(sys::open_at(tree, "file", O_RDWR)).release(); });
  const int root =
      actor([=] { return setup(sys::open_at(tree, ".", O_PATH | O_DIRECTORY)).release(); });
  actor([tree] { ::close(tree); });
  t.expect_errno("move_mount by another descriptor of it", attach(actor, root, "/tmp/b"), EINVAL);
  t.expect("bytes written to the open file", actor([=] { return ::write(file, "x", 1); }),
           ssize_t{1});
  t.expect("something is mounted", mounted(actor, "/tmp/b"), false);
  const int used = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  require(attach(actor, used, "/tmp/b"));
  actor([used] { ::close(used); });
  t.expect("one that was attached, after close", on_top(actor, "/tmp/b"), "a");
}

NSVET_CHECK(handed_over,
            detached_check("other_namespace",
                           "A detached mount can be attached in another namespace",
                           "who gets the descriptor attaches it to his own mount namespace; then "
                           "it is his, and the giver cannot move it (EINVAL)")) {
  Actor actor = with_file_on_a(t);
  Actor other = copy_of(actor);
  const int tree = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  const int there = hand_over(actor, tree, other);
  require(attach(other, there, "/tmp/b"));
  t.expect("seen there", on_top(other, "/tmp/b"), "a");
  t.expect("seen by the giver", on_top(actor, "/tmp/b"), "-");
  t.expect_errno("move_mount by the giver", attach(actor, tree, "/tmp/b"), EINVAL);
  t.expect("seen there then", on_top(other, "/tmp/b"), "a");
  t.expect_errno("open_tree(OPEN_TREE_CLONE) of their mount",
                 actor([=] { return verdict(sys::open_tree(tree, "", OPEN_TREE_CLONE)); }), EINVAL);
  // The destination must be ours as well.
  const int mine = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  const int target = hand_over(
      other, other([] { return setup(sys::open("/tmp/b/b", O_PATH | O_DIRECTORY)).release(); }),
      actor);
  t.expect_errno("move_mount to a place of theirs",
                 actor([=] { return sys::move_mount(mine, "", target, ""); }), EINVAL);
}

NSVET_CHECK(refused, detached_check(
                         "errors", "Detached copies are refused where they may not be made",
                         "open_tree(OPEN_TREE_CLONE) of an unbindable mount gives EINVAL, without "
                         "CAP_SYS_ADMIN EPERM; AT_RECURSIVE without OPEN_TREE_CLONE EINVAL")) {
  Actor actor = with_file_on_a(t);
  auto open = [](Actor& who, unsigned flags) { return verdict(tree_of(who, "/tmp/a", flags)); };
  t.expect_errno("AT_RECURSIVE alone", open(actor, AT_RECURSIVE), EINVAL);
  t.expect_errno("an unknown flag", open(actor, OPEN_TREE_CLONE | 0x40000000), EINVAL);
  Actor weak = actor.spawn();
  setup(weak([] { return sys::drop_capabilities(); }));
  t.expect_errno("without CAP_SYS_ADMIN", open(weak, OPEN_TREE_CLONE), EPERM);
  t.expect_success("no copy, without CAP_SYS_ADMIN", open(weak, 0));
  const int tree = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  const int given = hand_over(actor, tree, weak);
  t.expect_errno("move_mount without CAP_SYS_ADMIN", attach(weak, given, "/tmp/b"), EPERM);
  setup(actor([] { return sys::mount("", "/tmp/a", "", MS_UNBINDABLE); }));
  t.expect_errno("an unbindable mount", open(actor, OPEN_TREE_CLONE), EINVAL);
  t.expect("something is mounted", mounted(actor, "/tmp/b"), false);
}

// Since Linux 6.15 detached trees can be copied and be put together.
NSVET_CHECK(nested,
            detached_check("nested", "A detached mount on a detached mount comes along",
                           "where the kernel lets a detached mount be attached to a detached one, "
                           "both show when the lower is attached; else it gives EINVAL")) {
  Actor actor = with_file_on_a(t);
  const int lower = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  const int upper = actor([] { return require(sys::new_mount("tmpfs")).release(); });
  const auto copied =
      actor([=] { return number_of(sys::open_tree(lower, "", OPEN_TREE_CLONE | AT_RECURSIVE)); });
  t.fact("copy_of_detached", sys::outcome(copied));
  const auto joined = actor([=] { return sys::move_mount(upper, "", lower, "b"); });
  t.fact("detached_on_detached", sys::outcome(joined));
  t.expect("both work or neither", bool(joined), bool(copied));
  if (!joined) {
    t.expect_errno("detached on detached", joined, EINVAL);
    t.expect_errno("a copy of a detached mount", copied, EINVAL);
  }
  require(attach(actor, lower, "/tmp/b"));
  t.expect("attached", mounted(actor, "/tmp/b"), true);
  t.expect("the mount on it", mounted(actor, "/tmp/b/b"), bool(joined));
  if (!copied) return;
  require(actor([] { return sys::umount("/tmp/b", MNT_DETACH); }));
  require(attach(actor, *copied, "/tmp/b"));
  t.expect("the copy, which was made before", mounted(actor, "/tmp/b/b"), false);
}

NSVET_CHECK(peers, detached_check("shared", "A detached copy of a shared mount is a peer",
                                  "after it is attached, in whichever namespace, mounts propagate "
                                  "between it and the original")) {
  Actor actor = with_file_on_a(t);
  setup(actor([] { return sys::mount("", "/tmp/a", "", MS_SHARED); }));
  Actor other = copy_of(actor);
  const int tree = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  require(attach(other, hand_over(actor, tree, other), "/tmp/b"));
  t.expect("its peer group", MountTable(other).must("/tmp/b").shared,
           MountTable(actor).must("/tmp/a").shared);
  require(actor([] { return sys::mount("kid", "/tmp/a/b", "tmpfs", 0); }));
  t.expect("a mount on the original", on_top(other, "/tmp/b/b"), "kid");
  require(other([] { return sys::umount("/tmp/b/b"); }));
  t.expect("umounted on the copy", on_top(actor, "/tmp/a/b"), "-");
}

NSVET_CHECK(made, detached_check("fsmount", "fsmount makes a detached mount with attributes",
                                 "fsopen(2), fsconfig(2) and fsmount(2) give a mount that shows "
                                 "nowhere until it is attached, with the attributes asked for")) {
  Actor actor = with_file_on_a(t);
  const auto before = MountTable(actor).all().size();
  const int made = actor([] {
    return require(sys::new_mount("tmpfs", 0, MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY)).release();
  });
  t.expect("mounts in the list", MountTable(actor).all().size(), before);
  require(attach(actor, made, "/tmp/b"));
  t.expect("its options", MountTable(actor).must("/tmp/b").options, "ro,nodev,relatime");
  t.expect_errno("fsmount of an unknown attribute",
                 actor([] { return verdict(sys::new_mount("tmpfs", 0, 1U << 30)); }), EINVAL);
  t.expect_errno("fsopen of an unknown type", actor([] { return verdict(sys::fsopen("none")); }),
                 ENODEV);
}

NSVET_CHECK(context,
            mnt_check("mnt.detached.context_of_another_userns",
                      "A file system context belongs to the user namespace that opened it",
                      "a process in a descendant user namespace cannot complete a context "
                      "that was opened outside",
                      "Documentation/filesystems/mount_api.rst", {Need::admin, Need::userns})) {
  Actor actor = with_file_on_a(t);
  const int context = actor([] { return require(sys::fsopen("tmpfs")).release(); });
  Actor inside = copy_of(actor, true);
  const int there = hand_over(actor, context, inside);
  const auto made = inside([=] { return sys::fsconfig(there, FSCONFIG_CMD_CREATE); });
  t.expect("created by the descendant", bool(made), false);
  t.fact("errno", sys::outcome(made));
  t.expect_success("its own", inside([] { return verdict(sys::new_mount("tmpfs")); }));
}

}  // namespace
}  // namespace nsvet::probe
