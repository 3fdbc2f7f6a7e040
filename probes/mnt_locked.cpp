// What a mount namespace of a less privileged user namespace may not do to the mounts that it
// inherited: mount_namespaces(7), "Restrictions on mount namespaces".
#include <fcntl.h>
#include <sys/mount.h>

#include "mnt_tree.h"
#include "sys/file.h"
#include "sys/mount_api.h"

namespace nsvet::probe {
namespace {

CheckInfo locked_check(const char* name, std::string title, std::string rule) {
  return mnt_check(fmt::format("mnt.locked.{}", name), std::move(title), std::move(rule),
                   "mount_namespaces(7)", {Need::admin, Need::userns});
}

// A mount on /tmp/a that hides /tmp/a/secret, with a mount on /tmp/a/b that hides /tmp/a/b/secret.
Actor original_with_secrets(Check& t) {
  Actor original = t.spawn();
  original([] {
    enter_private_mounts();
    for (const char* folder : {"/tmp/a", "/tmp/a/b", "/tmp/own"}) {
      if (std::string_view(folder) == "/tmp/a/b") setup(sys::mount("tmpfs", "/tmp/a", "tmpfs", 0));
      setup(sys::make_directory(folder));
      setup(sys::open(fmt::format("{}/secret", folder), O_CREAT | O_WRONLY));
    }
    setup(sys::mount("tmpfs", "/tmp/a/b", "tmpfs", 0));
  });
  return original;
}

bool readable(Actor& actor, const char* path) {
  return setup(actor([path] { return sys::exists(path); }));
}

void expect_hidden(Check& t, Actor& inside) {
  t.expect("/tmp/a/b is mounted", mounted(inside, "/tmp/a/b"), true);
  t.expect("what it hides can be seen", readable(inside, "/tmp/a/b/secret"), false);
}

NSVET_CHECK(umount, locked_check("umount", "An inherited mount cannot be unmounted",
                                 "umount of an inherited mount fails with EINVAL, with MNT_DETACH "
                                 "as well, also in a copy of the copy; its owner can")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  Actor below = copy_of(inside);
  for (Actor* actor : {&inside, &below}) {
    t.expect_errno("umount", (*actor)([] { return sys::umount("/tmp/a/b"); }), EINVAL);
    t.expect_errno("umount with MNT_DETACH",
                   (*actor)([] { return sys::umount("/tmp/a/b", MNT_DETACH); }), EINVAL);
    t.expect_errno("umount of the upper one with MNT_DETACH",
                   (*actor)([] { return sys::umount("/tmp/a", MNT_DETACH); }), EINVAL);
    expect_hidden(t, *actor);
  }
  t.expect_success("umount in the original", original([] { return sys::umount("/tmp/a/b"); }));
  t.expect("then seen in the original", readable(original, "/tmp/a/b/secret"), true);
  expect_hidden(t, inside);
}

NSVET_CHECK(move, locked_check("move", "An inherited mount cannot be moved",
                               "mount(MS_MOVE) and move_mount(2) of an inherited mount fail with "
                               "EINVAL")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  t.expect_errno("mount(MS_MOVE)",
                 inside([] { return sys::mount("/tmp/a/b", "/tmp/own", "", MS_MOVE); }), EINVAL);
  t.expect_errno("move_mount()",
                 inside([] { return sys::move_mount(AT_FDCWD, "/tmp/a/b", AT_FDCWD, "/tmp/own"); }),
                 EINVAL);
  expect_hidden(t, inside);
  t.expect_success("in the original",
                   original([] { return sys::mount("/tmp/a/b", "/tmp/own", "", MS_MOVE); }));
}

NSVET_CHECK(bind, locked_check("bind", "A tree with locked mounts is bound whole or not at all",
                               "a bind that would leave a locked mount behind fails with EINVAL; "
                               "with MS_REC the copies are locked to each other")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  t.expect_errno("bind", inside([] { return sys::mount("/tmp/a", "/tmp/own", "", MS_BIND); }),
                 EINVAL);
  t.expect_errno("open_tree(OPEN_TREE_CLONE)", inside([] {
                   return sys::open_tree(AT_FDCWD, "/tmp/a", OPEN_TREE_CLONE).map([](auto) {});
                 }),
                 EINVAL);
  require(inside([] { return sys::mount("/tmp/a", "/tmp/own", "", MS_BIND | MS_REC); }));
  t.expect("the lower mount came along", mounted(inside, "/tmp/own/b"), true);
  for (const int flag : {0, static_cast<int>(MNT_DETACH)}) {
    t.expect_errno("umount of the lower copy",
                   inside([flag] { return sys::umount("/tmp/own/b", flag); }), EINVAL);
  }
  t.expect("what it hides can be seen", readable(inside, "/tmp/own/b/secret"), false);
  t.expect_errno("umount of the upper copy", inside([] { return sys::umount("/tmp/own"); }), EBUSY);
  t.expect_success("with MNT_DETACH", inside([] { return sys::umount("/tmp/own", MNT_DETACH); }));
  t.expect("then mounted", mounted(inside, "/tmp/own/b"), false);
  t.expect_success("bind of a tree with nothing below it",
                   inside([] { return sys::mount("/tmp/a/b", "/tmp/own", "", MS_BIND); }));
  t.expect_success("umount of that", inside([] { return sys::umount("/tmp/own"); }));
}

NSVET_CHECK(detached, locked_check("detached_clone", "A detached copy of a tree is locked as well",
                                   "after open_tree(OPEN_TREE_CLONE, AT_RECURSIVE) and move_mount "
                                   "the mounts of the copy cannot be unmounted one by one")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  require(inside([]() -> sys::Result<> {
    auto tree = sys::open_tree(AT_FDCWD, "/tmp/a", OPEN_TREE_CLONE | AT_RECURSIVE);
    if (!tree) return tl::unexpected(tree.error());
    return sys::move_mount(tree->get(), "", AT_FDCWD, "/tmp/own");
  }));
  t.expect_errno("umount of the lower one", inside([] { return sys::umount("/tmp/own/b"); }),
                 EINVAL);
  t.expect("what it hides can be seen", readable(inside, "/tmp/own/b/secret"), false);
  t.expect_success("umount of all", inside([] { return sys::umount("/tmp/own", MNT_DETACH); }));
}

NSVET_CHECK(own,
            locked_check("own_on_top", "A mount of its own may go on an inherited one, and away",
                         "new mounts can be put on inherited ones and unmounted; the "
                         "inherited one stays")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  require(inside([] { return sys::mount("own", "/tmp/a/b", "tmpfs", 0); }));
  t.expect("in the original on top", MountTable(original).must("/tmp/a/b").source, "tmpfs");
  t.expect_success("umount", inside([] { return sys::umount("/tmp/a/b"); }));
  t.expect_errno("umount again", inside([] { return sys::umount("/tmp/a/b"); }), EINVAL);
  expect_hidden(t, inside);
  t.expect_success("make it shared",
                   inside([] { return sys::mount("", "/tmp/a/b", "", MS_SHARED); }));
  t.expect("it is shared", MountTable(inside).must("/tmp/a/b").shared != 0, true);
  t.expect("the original is", Groups().describe(MountTable(original).at("/tmp/a/b")), "private");
}

NSVET_CHECK(received, locked_check("received_tree", "A tree that propagates in is one unit",
                                   "the root of a tree that propagates from a more privileged "
                                   "namespace can be unmounted, mounts below it cannot")) {
  Actor original = original_with_secrets(t);
  original([] { setup(sys::mount("", "/tmp", "", MS_SHARED)); });
  Actor inside = copy_of(original, true);
  original([] { setup(sys::mount("/tmp/a", "/tmp/own", "", MS_BIND | MS_REC)); });
  t.expect("the lower mount has come", mounted(inside, "/tmp/own/b"), true);
  t.expect_errno("umount of the lower mount", inside([] { return sys::umount("/tmp/own/b"); }),
                 EINVAL);
  t.expect("what it hides can be seen", readable(inside, "/tmp/own/b/secret"), false);
  t.expect_success("umount of all", inside([] { return sys::umount("/tmp/own", MNT_DETACH); }));
  t.expect("still in the original", mounted(original, "/tmp/own/b"), true);
  original([] { setup(sys::umount("/tmp/own", MNT_DETACH)); });
  original([] { setup(sys::mount("single", "/tmp/own", "tmpfs", 0)); });
  t.expect("a single mount came", MountTable(inside).must("/tmp/own").source, "single");
  t.expect_success("umount of it", inside([] { return sys::umount("/tmp/own"); }));
  t.expect("what lay below it, which is its own to see", readable(inside, "/tmp/own/secret"), true);
}

NSVET_CHECK(superblock,
            locked_check("superblock", "The file system of an inherited mount is not its",
                         "a remount without MS_BIND changes the superblock, and gives "
                         "EPERM where another user namespace made it")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  t.expect_errno("remount read-only",
                 inside([] { return sys::mount("", "/tmp/a", "", MS_REMOUNT | MS_RDONLY); }),
                 EPERM);
  t.expect("the original still takes a file",
           original([] { return sys::open("/tmp/a/new", O_CREAT | O_WRONLY).has_value(); }), true);
  require(inside([] { return sys::mount("own", "/tmp/own", "tmpfs", 0); }));
  t.expect_success("remount of its own file system",
                   inside([] { return sys::mount("", "/tmp/own", "", MS_REMOUNT | MS_RDONLY); }));
}

NSVET_CHECK(join,
            locked_check("no_way_back", "There is no way back to the more privileged namespace",
                         "setns(2) to a mount namespace that an ancestor owns gives EPERM")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  const sys::Fd ns =
      original.take(original([] { return setup(sys::open_ns(NsType::mnt)).release(); }));
  const int there = inside.give(ns.get());
  const auto before = setup(inside([] { return sys::ns_id(NsType::mnt); }));
  t.expect_errno("setns", inside([there] { return sys::setns(there, CLONE_NEWNS); }), EPERM);
  t.expect("its namespace", setup(inside([] { return sys::ns_id(NsType::mnt); })), before);
}

// Each flag that a mount hands down.
struct Flag {
  const char* name;
  unsigned long set;        ///< MS_*, of the original mount.
  unsigned long other;      ///< MS_* that a remount without it would have.
  std::uint64_t attribute;  ///< What mount_setattr(2) would clear.
  std::uint64_t instead;    ///< What it would set instead.
  const char* option;       ///< As mountinfo shows it.
};
constexpr Flag kFlags[] = {
    {"ro", MS_RDONLY, 0, MOUNT_ATTR_RDONLY, 0, "ro"},
    {"nosuid", MS_NOSUID, 0, MOUNT_ATTR_NOSUID, 0, "nosuid"},
    {"nodev", MS_NODEV, 0, MOUNT_ATTR_NODEV, 0, "nodev"},
    {"noexec", MS_NOEXEC, 0, MOUNT_ATTR_NOEXEC, 0, "noexec"},
    {"noatime", MS_NOATIME, MS_STRICTATIME, MOUNT_ATTR__ATIME, MOUNT_ATTR_STRICTATIME, "noatime"},
    {"relatime", MS_RELATIME, MS_NOATIME, MOUNT_ATTR__ATIME, MOUNT_ATTR_NOATIME, "relatime"},
    {"nodiratime", MS_NODIRATIME | MS_STRICTATIME, MS_STRICTATIME, MOUNT_ATTR_NODIRATIME, 0,
     "nodiratime"},
};

bool has_option(Actor& actor, const char* point, const char* option) {
  return fmt::format(",{},", MountTable(actor).must(point).options)
             .find(fmt::format(",{},", option)) != std::string::npos;
}

void flag_stays(Check& t, const Flag& flag) {
  Actor original = original_with_secrets(t);
  original([set = flag.set] { setup(sys::mount("", "/tmp/a/b", "", MS_REMOUNT | MS_BIND | set)); });
  Actor inside = copy_of(original, true);
  t.expect("the original has it", has_option(original, "/tmp/a/b", flag.option), true);
  require(inside([] { return sys::mount("/tmp/a/b", "/tmp/own", "", MS_BIND); }));
  for (const char* point : {"/tmp/a/b", "/tmp/own"}) {
    const std::string_view which = point == std::string_view("/tmp/own") ? "a bind of it" : "it";
    t.expect_errno(fmt::format("remount {} without", which), inside([=, other = flag.other] {
                     return sys::mount("", point, "", MS_REMOUNT | MS_BIND | other);
                   }),
                   EPERM);
    const mount_attr change{flag.instead, flag.attribute, 0, 0};
    const auto cleared = inside([=] { return sys::mount_setattr(AT_FDCWD, point, 0, change); });
    if (cleared || cleared.error().number != ENOSYS) {
      t.expect_errno(fmt::format("mount_setattr {} without", which), cleared, EPERM);
    }
    t.expect(fmt::format("{} has the flag", which), has_option(inside, point, flag.option), true);
    t.expect_success(fmt::format("remount {} with it", which), inside([=, set = flag.set] {
                       return sys::mount("", point, "", MS_REMOUNT | MS_BIND | set);
                     }));
  }
  t.expect_success("its owner may clear it", original([other = flag.other] {
                     return sys::mount("", "/tmp/a/b", "", MS_REMOUNT | MS_BIND | other);
                   }));
  t.expect("after that, inside", has_option(inside, "/tmp/a/b", flag.option), true);
}

// Flags that are not locked may be added, and taken away again only from a mount of its own.
NSVET_CHECK(add_flags, locked_check("add_flags", "An inherited mount may be restricted further",
                                    "read-only, nosuid, nodev and noexec can be added to an "
                                    "inherited mount, which leaves the original as it is")) {
  Actor original = original_with_secrets(t);
  Actor inside = copy_of(original, true);
  constexpr unsigned long kMore = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  t.expect_success(
      "add", inside([] { return sys::mount("", "/tmp/a", "", MS_REMOUNT | MS_BIND | kMore); }));
  for (const char* option : {"ro", "nosuid", "nodev", "noexec"}) {
    t.expect(fmt::format("{} inside", option), has_option(inside, "/tmp/a", option), true);
    t.expect(fmt::format("{} in the original", option), has_option(original, "/tmp/a", option),
             false);
  }
  t.expect_success("take away what it added itself",
                   inside([] { return sys::mount("", "/tmp/a", "", MS_REMOUNT | MS_BIND); }));
}

bool register_flags() {
  for (const Flag& flag : kFlags) {
    register_check(
        mnt_check(fmt::format("mnt.locked.flag_{}", flag.name),
                  fmt::format("{} cannot be taken from an inherited mount", flag.name),
                  "clearing the flags ro, nosuid, nodev, noexec of an inherited mount, or "
                  "changing its atime mode, fails with EPERM, also for a bind of it",
                  "mount_namespaces(7)", {Need::admin, Need::userns}),
        [&flag](Check& t) { flag_stays(t, flag); });
  }
  return true;
}
const bool flags_registered = register_flags();

}  // namespace
}  // namespace nsvet::probe
