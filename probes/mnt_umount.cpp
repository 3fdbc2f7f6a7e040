// umount(2): where else a mount goes away, and what keeps it.
#include <fcntl.h>
#include <sys/mount.h>

#include "mnt_states.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// "/tmp/a" in some state with its twin, and binds of it: a peer or a stranger, and a slave.
constexpr const char* kPlaces[] = {"twin", "a", "peer", "slave"};

void make_family(Actor& actor, State state) {
  actor([] { enter_private_mounts(); });
  make_mount(actor, "/tmp/twin", "/tmp/a", state);
  if (state == State::unbindable) return;
  actor([] {
    for (const char* point : {"/tmp/peer", "/tmp/slave"}) {
      setup(sys::make_directory(point));
      setup(sys::mount("/tmp/a", point, "", MS_BIND));
    }
    setup(sys::mount("", "/tmp/slave", "", MS_SLAVE));
  });
}

// Where something is mounted on b: "twin a peer slave".
std::string places(Actor& actor) {
  const MountTable table(actor);
  std::vector<std::string> found;
  for (const char* place : kPlaces) {
    if (table.has(fmt::format("/tmp/{}/b", place))) found.emplace_back(place);
  }
  return fmt::format("{}", fmt::join(found, " "));
}

sys::Result<> mount_on(Actor& actor, const char* point) {
  return actor([point] { return sys::mount("tmpfs", point, "tmpfs", 0); });
}

sys::Result<> umount(Actor& actor, const char* point, int flags = 0) {
  return actor([point, flags] { return sys::umount(point, flags); });
}

struct Row {
  State state;
  const char* everywhere;  ///< Where a mount on the twin shows.
  const char* left;        ///< Where it still is after umount of /tmp/a/b.
};
// mount_namespaces(7), "Unmount semantics"; slaves of the twin that were bound are its slaves too.
constexpr Row kRows[] = {{State::shared, "twin a peer slave", ""},
                         {State::slave_shared, "twin a peer slave", "twin"},
                         {State::slave, "twin a peer slave", "twin peer slave"},
                         {State::private_, "twin", "twin"},
                         {State::unbindable, "twin", "twin"}};

void one_row(Check& t, const Row& row) {
  Actor actor = t.spawn();
  make_family(actor, row.state);
  require(mount_on(actor, "/tmp/twin/b"));
  const std::string everywhere = row.everywhere;
  t.expect("a mount on its peer or master shows at", places(actor), everywhere);
  const auto done = umount(actor, "/tmp/a/b");
  if (everywhere == "twin") {
    t.expect_errno("umount where nothing is mounted", done, EINVAL);
  } else {
    t.expect_success("umount", done);
  }
  t.expect("after umount it is at", places(actor), row.left);
  if (*row.left != '\0') {
    require(umount(actor, "/tmp/twin/b"));
    t.expect("after umount there as well", places(actor), "");
  }
  require(mount_on(actor, "/tmp/twin/b"));
  require(umount(actor, "/tmp/twin/b"));
  t.expect("mounted there again, and umounted there", places(actor), "");
}

bool register_rows() {
  for (const Row& row : kRows) {
    register_check(mnt_check(fmt::format("mnt.umount.on_{}", to_string(row.state)),
                             fmt::format("umount of a mount on a {} one", to_string(row.state)),
                             "it goes from peers and slaves of its parent as well; from a master, "
                             "or from strangers, it does not",
                             "mount_namespaces(7)"),
                   [&row](Check& t) { one_row(t, row); });
  }
  return true;
}
const bool rows_registered = register_rows();

CheckInfo umount_check(const char* rule_name, std::string title, std::string rule) {
  return mnt_check(fmt::format("mnt.umount.{}", rule_name), std::move(title), std::move(rule),
                   "umount(2), mount_namespaces(7)");
}

NSVET_CHECK(own_child,
            umount_check("copy_with_child", "umount where a copy on a peer carries a mount",
                         "the copies without own mounts go; the one with a mount on it stays")) {
  Actor actor = t.spawn();
  make_family(actor, State::shared);
  require(mount_on(actor, "/tmp/a/b"));
  actor([] {
    setup(sys::mount("", "/tmp/slave/b", "", MS_PRIVATE));
    setup(sys::make_directory("/tmp/slave/b/c"));
    setup(sys::mount("tmpfs", "/tmp/slave/b/c", "tmpfs", 0));
  });
  t.expect_success("umount", umount(actor, "/tmp/a/b"));
  t.expect("still mounted at", places(actor), "slave");
  t.expect("the mount on it", mounted(actor, "/tmp/slave/b/c"), true);
}

NSVET_CHECK(
    busy_copy,
    umount_check("busy_copy", "umount while a copy on a peer is in use",
                 "an open file on a copy makes the whole umount fail with EBUSY, and all copies "
                 "stay")) {
  Actor actor = t.spawn();
  make_family(actor, State::shared);
  require(mount_on(actor, "/tmp/a/b"));
  const int open = actor([] { return setup(sys::open("/tmp/peer/b", O_RDONLY)).release(); });
  t.expect_errno("umount", umount(actor, "/tmp/a/b"), EBUSY);
  t.expect("still mounted at", places(actor), "twin a peer slave");
  actor([open] { ::close(open); });
  t.expect_success("umount after close", umount(actor, "/tmp/a/b"));
  t.expect("then mounted at", places(actor), "");
}

NSVET_CHECK(
    busy, umount_check("busy", "umount of a mount that is in use",
                       "a mount below it, an open file, or a working directory on it give EBUSY")) {
  Actor actor = t.spawn();
  make_family(actor, State::private_);
  require(mount_on(actor, "/tmp/a/b"));
  actor([] { setup(sys::make_directory("/tmp/a/b/c")); });
  require(mount_on(actor, "/tmp/a/b/c"));
  t.expect_errno("with a mount on it", umount(actor, "/tmp/a/b"), EBUSY);
  require(umount(actor, "/tmp/a/b/c"));
  Actor other = actor.spawn();
  t.expect("chdir there", other([] { return ::chdir("/tmp/a/b"); }), 0);
  t.expect_errno("with a working directory on it", umount(actor, "/tmp/a/b"), EBUSY);
  t.expect("chdir away", other([] { return ::chdir("/"); }), 0);
  const int open = actor([] { return setup(sys::open("/tmp/a/b", O_PATH)).release(); });
  t.expect_errno("with an O_PATH descriptor on it", umount(actor, "/tmp/a/b"), EBUSY);
  actor([open] { ::close(open); });
  t.expect_success("then", umount(actor, "/tmp/a/b"));
}

NSVET_CHECK(
    detach,
    umount_check("detach", "MNT_DETACH takes a whole tree, on all peers",
                 "umount2(MNT_DETACH) of a busy tree removes it everywhere at once; an open file "
                 "stays usable")) {
  Actor actor = t.spawn();
  make_family(actor, State::shared);
  require(mount_on(actor, "/tmp/a/b"));
  actor([] {
    setup(sys::make_directory("/tmp/a/b/c"));
    setup(sys::mount("tmpfs", "/tmp/a/b/c", "tmpfs", 0));
  });
  t.expect("the lower mount on a slave", mounted(actor, "/tmp/slave/b/c"), true);
  const int file =
      actor([] { return setup(sys::open("/tmp/peer/b/c/file", O_CREAT | O_RDWR)).release(); });
  t.expect_errno("umount", umount(actor, "/tmp/a/b"), EBUSY);
  t.expect_success("with MNT_DETACH", umount(actor, "/tmp/a/b", MNT_DETACH));
  t.expect("then mounted at", places(actor), "");
  t.expect("the lower mount", mounted(actor, "/tmp/slave/b/c"), false);
  t.expect("bytes written to the open file", actor([file] { return ::write(file, "x", 1); }), 1);
}

NSVET_CHECK(stacked,
            umount_check("stacked", "Of stacked mounts the topmost goes",
                         "umount removes the topmost mount only, on every peer and slave")) {
  Actor actor = t.spawn();
  make_family(actor, State::shared);
  for (const char* name : {"low", "high"}) {
    actor([name] { setup(sys::mount(name, "/tmp/a/b", "tmpfs", 0)); });
  }
  auto tops = [&](const MountTable& table) {
    std::vector<std::string> names;
    for (const char* place : kPlaces) {
      const auto* mount = table.at(fmt::format("/tmp/{}/b", place));
      names.push_back(mount == nullptr ? "-" : mount->source);
    }
    return fmt::format("{}", fmt::join(names, " "));
  };
  t.expect("two mounts, on top", tops(MountTable(actor)), "high high high high");
  t.expect("mounts on the slave", MountTable(actor).count("/tmp/slave/b"), std::size_t{2});
  require(umount(actor, "/tmp/peer/b"));
  t.expect("after umount, on top", tops(MountTable(actor)), "low low low low");
  require(umount(actor, "/tmp/a/b"));
  t.expect("after another, on top", tops(MountTable(actor)), "- - - -");
  t.expect_errno("a third umount", umount(actor, "/tmp/a/b"), EINVAL);
}

NSVET_CHECK(
    covered,
    umount_check("covered_copy", "A mount of its own over a copy outlives it",
                 "a private mount on top of a peer's copy stays in that place when the copy "
                 "below it goes")) {
  Actor actor = t.spawn();
  make_family(actor, State::shared);
  require(mount_on(actor, "/tmp/a/b"));
  actor([] {
    setup(sys::mount("", "/tmp/slave", "", MS_PRIVATE));
    setup(sys::mount("", "/tmp/slave/b", "", MS_PRIVATE));
    setup(sys::mount("own", "/tmp/slave/b", "tmpfs", 0));
    setup(sys::mount("", "/tmp/peer/b", "", MS_PRIVATE));
    setup(sys::mount("own", "/tmp/peer/b", "tmpfs", 0));
  });
  t.expect_success("umount", umount(actor, "/tmp/a/b"));
  const MountTable table(actor);
  t.expect("on the peer", table.must("/tmp/peer/b").source, "own");
  t.expect("mounts there", table.count("/tmp/peer/b"), std::size_t{1});
  t.expect("mounts on what has left the group", table.count("/tmp/slave/b"), std::size_t{2});
}

NSVET_CHECK(
    expire,
    umount_check("expire", "MNT_EXPIRE removes at the second call",
                 "the first umount2(MNT_EXPIRE) marks the mount and gives EAGAIN, a second one "
                 "without use in between removes it; with MNT_FORCE or MNT_DETACH it is EINVAL")) {
  Actor actor = t.spawn();
  make_family(actor, State::private_);
  require(mount_on(actor, "/tmp/a/b"));
  for (const int flag : {MNT_FORCE, MNT_DETACH}) {
    t.expect_errno(flag == MNT_FORCE ? "with MNT_FORCE" : "with MNT_DETACH",
                   umount(actor, "/tmp/a/b", MNT_EXPIRE | flag), EINVAL);
  }
  t.expect_errno("first", umount(actor, "/tmp/a/b", MNT_EXPIRE), EAGAIN);
  t.expect("still mounted at", places(actor), "a");
  actor([] { setup(sys::list_directory("/tmp/a/b")); });
  t.expect_errno("after a use", umount(actor, "/tmp/a/b", MNT_EXPIRE), EAGAIN);
  t.expect_success("again", umount(actor, "/tmp/a/b", MNT_EXPIRE));
  t.expect("then mounted at", places(actor), "");
}

NSVET_CHECK(
    nofollow,
    umount_check("nofollow", "UMOUNT_NOFOLLOW does not follow a link",
                 "umount follows a symbolic link at the end of the path, with UMOUNT_NOFOLLOW it "
                 "does not; unknown flags give EINVAL")) {
  Actor actor = t.spawn();
  make_family(actor, State::private_);
  require(mount_on(actor, "/tmp/a/b"));
  actor([] {
    if (::symlink("/tmp/a/b", "/tmp/link") != 0) setup(sys::Result<>(sys::last_error("symlink")));
  });
  t.expect_errno("with UMOUNT_NOFOLLOW", umount(actor, "/tmp/link", UMOUNT_NOFOLLOW), EINVAL);
  t.expect_errno("with an unknown flag", umount(actor, "/tmp/a/b", 0x100), EINVAL);
  t.expect("still mounted at", places(actor), "a");
  t.expect_success("without", umount(actor, "/tmp/link"));
  t.expect("then mounted at", places(actor), "");
  t.expect_errno("a place that is not there", umount(actor, "/tmp/none"), ENOENT);
}

NSVET_CHECK(
    force,
    umount_check("force", "MNT_FORCE needs a capability over the file system",
                 "who has no CAP_SYS_ADMIN over the user namespace that a file system was mounted "
                 "in cannot unmount it with MNT_FORCE (EPERM), though the mount is its own")) {
  if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
  Actor outer = t.spawn();
  outer([] {
    enter_private_mounts();
    setup(sys::make_directory("/tmp/a"));
  });
  Actor inner = outer.spawn({.flags = CLONE_NEWUSER | CLONE_NEWNS});
  require(inner([] { return sys::mount("/tmp/a", "/tmp/a", "", MS_BIND); }));
  t.expect_errno("with MNT_FORCE", umount(inner, "/tmp/a", MNT_FORCE), EPERM);
  t.expect_success("without", umount(inner, "/tmp/a"));
}

}  // namespace
}  // namespace nsvet::probe
