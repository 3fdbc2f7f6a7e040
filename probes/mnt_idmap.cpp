// Idmapped mounts, and file handles below locked mounts: what user namespaces change of a mount.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnt_api.h"
#include "sys/file_handle.h"

namespace nsvet::probe {
namespace {

sys::Result<> idmap(Actor& actor, int tree, std::uint64_t userns) {
  return actor([=] { return sys::mount_setattr(tree, "", 0, {MOUNT_ATTR_IDMAP, 0, 0, userns}); });
}

// In it, the file system's id 7 is what 0 is outside; all others have no id.
int mapped_userns(Check& t, Actor& actor, const char* line = "7 0 1") {
  Actor mapped = t.spawn({.flags = CLONE_NEWUSER});
  for (const char* map : {"uid_map", "gid_map"}) {
    setup(sys::write_file(fmt::format("/proc/{}/{}", mapped.pid(), map), line));
  }
  return actor.give(setup(sys::open_ns(NsType::user, mapped.pid())).get());
}

NSVET_CHECK(idmapped,
            mnt_check("mnt.idmap.mount", "An idmapped mount shows files with mapped owners",
                      "only a detached mount can be idmapped (EINVAL), once (EPERM), by a user "
                      "namespace (EINVAL, EBADF); owners show mapped there and nowhere else, in "
                      "a copy of the mount namespace as well",
                      "mount_setattr(2)", {Need::admin, Need::userns})) {
  Actor actor = with_mount_on_a(t);
  actor([] { setup(sys::open("/tmp/a/file", O_CREAT | O_WRONLY)); });
  // An ordinary user's own user namespace has no id 7 to give a file to.
  const bool given = actor([] {
    setup(sys::open("/tmp/a/mapped", O_CREAT | O_WRONLY));
    return ::chown("/tmp/a/mapped", 7, 7) == 0;
  });
  const int userns = mapped_userns(t, actor);
  const int tree = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  const int attached = require(tree_of(actor, "/tmp/a", 0));
  const auto space = static_cast<std::uint64_t>(userns);
  const auto refused = idmap(actor, attached, space);
  need_call(refused, ENOSYS, "mount_setattr()", "5.12");
  t.expect_errno("an attached mount", refused, EINVAL);
  t.expect_errno("no descriptor", idmap(actor, tree, 1000), EBADF);
  const int uts = actor([] { return setup(sys::open_ns(NsType::uts)).release(); });
  t.expect_errno("a UTS namespace", idmap(actor, tree, static_cast<std::uint64_t>(uts)), EINVAL);
  const auto done = idmap(actor, tree, space);
  need_call(done, EINVAL, "idmapped mounts of tmpfs", "6.3");
  require(done);
  t.expect_errno("a second time", idmap(actor, tree, space), EPERM);
  require(attach(actor, tree, "/tmp/b"));
  const auto owner = [](Actor& who, const char* path) {
    return who([path] {
      struct stat st {};
      return ::stat(path, &st) == 0 ? static_cast<long>(st.st_uid) : -1L;
    });
  };
  t.expect("the owner on the original", owner(actor, "/tmp/a/file"), 0L);
  t.expect("the owner on the idmapped mount", owner(actor, "/tmp/b/file"), 65534L);
  if (given) {
    t.expect("the owner of a mapped file on the original", owner(actor, "/tmp/a/mapped"), 7L);
    t.expect("the owner of a mapped file", owner(actor, "/tmp/b/mapped"), 0L);
  }
  Actor copy = copy_of(actor);
  t.expect("in a copy of the namespace", owner(copy, "/tmp/b/file"), 65534L);
}

sys::Result<int> copy_with(Actor& actor, const char* path, const mount_attr& what) {
  return actor(
      [=] { return number_of(sys::open_tree_attr(AT_FDCWD, path, OPEN_TREE_CLONE, what)); });
}

NSVET_CHECK(copied_with_attributes,
            mnt_check("mnt.idmap.open_tree_attr", "open_tree_attr(2) changes the copy alone",
                      "a copy has the attributes asked for, the original has not; a copy of an "
                      "idmapped mount may be mapped otherwise, or no more; an unknown attribute "
                      "is EINVAL",
                      "fs/namespace.c open_tree_attr()", {Need::admin, Need::userns}, "6.15")) {
  Actor actor = with_mount_on_a(t);
  actor([] { setup(sys::open("/tmp/a/file", O_CREAT | O_WRONLY)); });
  const auto first = static_cast<std::uint64_t>(mapped_userns(t, actor));
  const auto second = static_cast<std::uint64_t>(mapped_userns(t, actor, "0 0 1"));
  const auto tree = copy_with(actor, "/tmp/a", {MOUNT_ATTR_NOSUID | MOUNT_ATTR_IDMAP, 0, 0, first});
  need_call(tree, ENOSYS, "open_tree_attr()", "6.15");
  require(attach(actor, require(tree), "/tmp/b"));
  const auto owner = [&](const char* path) {
    return actor([path] {
      struct stat st {};
      return ::stat(path, &st) == 0 ? static_cast<long>(st.st_uid) : -1L;
    });
  };
  const auto nosuid = [&](const char* path) {
    const MountTable table(actor);
    const auto* mount = table.at(path);
    return mount != nullptr && mount->options.find("nosuid") != std::string::npos;
  };
  t.expect("the owner on the original", owner("/tmp/a/file"), 0L);
  t.expect("the owner on the copy", owner("/tmp/b/file"), 65534L);
  t.expect("the original is nosuid", nosuid("/tmp/a"), false);
  t.expect("the copy is nosuid", nosuid("/tmp/b"), true);
  const auto other = copy_with(actor, "/tmp/b", {MOUNT_ATTR_IDMAP, 0, 0, second});
  if (t.expect_success("a copy of it, mapped otherwise", verdict(other))) {
    require(attach(actor, *other, "/tmp/a/b"));
    t.expect("the owner there", owner("/tmp/a/b/file"), 0L);
    t.expect("the owner on the first copy still", owner("/tmp/b/file"), 65534L);
  }
  const auto plain = copy_with(actor, "/tmp/b", {0, MOUNT_ATTR_IDMAP, 0, 0});
  if (t.expect_success("a copy of it, mapped no more", verdict(plain))) {
    require(attach(actor, *plain, "/tmp/a/b"));  // On top of the other.
    t.expect("the owner on that", owner("/tmp/a/b/file"), 0L);
  }
  constexpr std::uint64_t kUnknown = 0x40000000;
  t.expect_errno("an unknown attribute", verdict(copy_with(actor, "/tmp/a", {kUnknown, 0, 0, 0})),
                 EINVAL);
}

NSVET_CHECK(told_maps,
            mnt_check("mnt.idmap.statmount", "statmount(2) tells how a mount is idmapped",
                      "STATMOUNT_MNT_UIDMAP and STATMOUNT_MNT_GIDMAP give the lines of an idmapped "
                      "mount, and none of others",
                      "statmount(2)", {Need::admin, Need::userns}, "6.15")) {
  // A guest of ours, which has its plan there, may be lost.
  const bool guest = sys::exists("/plan.json").value_or(false);
  if (!older_than("6.15") && older_than("6.17") && !guest) {
    Check::skip("Linux 6.16 was seen to oops, and then to change no mounts any more");
  }
  Actor actor = with_mount_on_a(t);
  const int tree = require(tree_of(actor, "/tmp/a", OPEN_TREE_CLONE));
  const auto done = idmap(actor, tree, static_cast<std::uint64_t>(mapped_userns(t, actor)));
  need_call(done, ENOSYS, "mount_setattr()", "5.12");
  need_call(done, EINVAL, "idmapped mounts of tmpfs", "6.3");
  require(done);
  require(attach(actor, tree, "/tmp/b"));
  const auto maps = [&](const char* path) {
    return actor([path]() -> sys::Result<std::string> {
      const auto id = sys::unique_mount_id(path);
      if (!id) return tl::unexpected(id.error());
      constexpr auto kMaps = sys::kStatMountUidMap | sys::kStatMountGidMap;
      const auto status = sys::stat_mount({.mount = *id, .param = kMaps});
      if (!status) return tl::unexpected(status.error());
      if ((status->mask & kMaps) == 0) return "none";
      return status->uid_map + ", " + status->gid_map;
    });
  };
  const auto mapped = maps("/tmp/b");
  need_call(mapped, ENOSYS, "statmount()", "6.8");
  if (mapped.value_or("") == "none" && older_than("6.15")) {
    Check::skip("this kernel has no STATMOUNT_MNT_UIDMAP");
  }
  t.expect("of the idmapped mount", require(mapped), "7 0 1, 7 0 1");
  t.expect("of the original", require(maps("/tmp/a")), "none");
}

NSVET_CHECK(handles,
            mnt_check("mnt.locked.handles", "File handles do not lead below locked mounts",
                      "open_by_handle_at(2) on an inherited mount that has locked mounts on it "
                      "gives EPERM to root of the user namespace",
                      "open_by_handle_at(2), fs/fhandle.c", {Need::admin, Need::userns})) {
  Actor actor = with_mount_on_a(t);
  actor([] { setup(sys::open("/tmp/a/b/secret", O_CREAT | O_WRONLY)); });
  const auto made = actor([] { return sys::handle_of(AT_FDCWD, "/tmp/a/b/secret"); });
  if (!made && made.error().number == EOPNOTSUPP) Check::skip("tmpfs has no file handles here");
  const auto open = [handle = setup(made)]() -> sys::Result<> {
    const auto root = sys::open("/tmp/a", O_RDONLY | O_DIRECTORY);
    if (!root) return tl::unexpected(root.error());
    return verdict(sys::open_handle(root->get(), handle));
  };
  setup(actor([] { return sys::mount("cover", "/tmp/a/b", "tmpfs", 0); }));
  Actor inside = copy_of(actor, true);
  t.expect_errno("by root of the user namespace", inside(open), EPERM);
  if (missing(Need::root).empty()) t.expect_success("by real root", actor(open));
}

}  // namespace
}  // namespace nsvet::probe
