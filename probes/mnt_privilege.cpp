// Who may change mounts: CAP_SYS_ADMIN in the user namespace that owns the mount namespace. And
// what mounts that were made in a user namespace cannot do.
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "mnt_api.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

// Each succeeds for who may, below a root with a tmpfs on /a: pivot_root(2) cannot leave the first
// root of a guest.
struct Change {
  const char* name;
  const char* what;
  sys::Result<> (*make)();
};
const Change kChanges[] = {
    {"mount", "mount(2) of a new file system", [] { return sys::mount("new", "/b", "tmpfs", 0); }},
    {"bind", "mount(MS_BIND)", [] { return sys::mount("/a", "/b", "", MS_BIND); }},
    {"move", "mount(MS_MOVE)", [] { return sys::mount("/a", "/b", "", MS_MOVE); }},
    {"remount", "mount(MS_REMOUNT)",
     [] { return sys::mount("", "/a", "", MS_REMOUNT | MS_BIND | MS_RDONLY); }},
    {"change", "mount(MS_SHARED)", [] { return sys::mount("", "/a", "", MS_SHARED); }},
    {"umount", "umount2(2)", [] { return sys::umount("/a"); }},
    {"detach", "umount2(MNT_DETACH)", [] { return sys::umount("/a", MNT_DETACH); }},
    {"pivot_root", "pivot_root(2)", [] { return sys::pivot_root("/a", "/a/b"); }},
    {"open_tree", "open_tree(OPEN_TREE_CLONE)",
     [] { return verdict(sys::open_tree(AT_FDCWD, "/a", OPEN_TREE_CLONE)); }},
    {"fsopen", "fsopen(2)", [] { return verdict(sys::fsopen("tmpfs")); }},
};

void expect_privileged(Check& t, const Change& change) {
  const auto index = &change - kChanges;
  const auto make = [index] { return kChanges[index].make(); };
  Actor actor = with_mount_on_a(t);
  const auto change_root = [](Actor there) {
    setup(there(
        [] { return ::chroot("/tmp") == 0 ? sys::Result<>() : sys::last_error("chroot(/tmp)"); }));
    return there;
  };
  Actor weak = change_root(actor.spawn());
  setup(weak([] { return sys::drop_capability(CAP_SYS_ADMIN); }));
  t.expect_errno("without CAP_SYS_ADMIN", weak(make), EPERM);
  Actor stranger = change_root(actor.spawn({.flags = CLONE_NEWUSER}));
  t.expect("CAP_SYS_ADMIN in another user namespace",
           stranger([] { return sys::has_capability(CAP_SYS_ADMIN); }), true);
  t.expect_errno("with that", stranger(make), EPERM);
  t.expect("still mounted", on_top(actor, "/tmp/a"), "a");
  Actor able = change_root(actor.spawn());
  setup(able([] { return sys::keep_capability(CAP_SYS_ADMIN); }));
  t.expect_success("with CAP_SYS_ADMIN alone, in the owner", able(make));
}

bool register_changes() {
  for (const Change& change : kChanges) {
    register_check(
        mnt_check(fmt::format("mnt.privilege.{}", change.name),
                  fmt::format("{} needs CAP_SYS_ADMIN over the mount namespace", change.what),
                  fmt::format("{} fails with EPERM without CAP_SYS_ADMIN in the user namespace "
                              "that owns the caller's mount namespace, and needs no other "
                              "capability",
                              change.what),
                  "mount_namespaces(7), user_namespaces(7), capabilities(7)",
                  {Need::admin, Need::userns}),
        [&change](Check& t) { expect_privileged(t, change); });
  }
  return true;
}
const bool changes_registered = register_changes();

NSVET_CHECK(devices, mnt_check("mnt.userns.devices",
                               "Device files on a file system of a user namespace do not open",
                               "where another user namespace than the initial one made the file "
                               "system, opening a device file on it gives EACCES, to real root too",
                               "fs/super.c, commit a2982cc922c3", {Need::root, Need::userns})) {
  Actor actor = with_mount_on_a(t);
  Actor inside = copy_of(actor, true);
  require(inside([] { return sys::mount("of-userns", "/tmp/b", "tmpfs", 0); }));
  const auto folder = fmt::format("/proc/{}/root/tmp/b", inside.pid());
  const auto made = [](const Text& path) {
    return [path]() -> sys::Result<> {
      if (::mknod(path.str().c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0) {
        return sys::last_error("mknod()");
      }
      return {};
    };
  };
  const auto opened = [](const Text& path) {
    return [path] { return verdict(sys::open(path.str(), O_RDONLY)); };
  };
  // /dev/null, under another name.
  require(actor(made(Text("/tmp/a/null"))));
  require(actor(made(Text(folder + "/null"))));
  t.expect_success("on a file system of real root's", actor(opened(Text("/tmp/a/null"))));
  t.expect_errno("on one of the user namespace", actor(opened(Text(folder + "/null"))), EACCES);
  t.expect_errno("by the user namespace's root", inside(opened(Text("/tmp/b/null"))), EACCES);
  t.expect_errno("made by the user namespace's root", inside(made(Text("/tmp/b/zero"))), EPERM);
}

}  // namespace
}  // namespace nsvet::probe
