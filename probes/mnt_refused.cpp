// Places to which no mount goes.
#include <fcntl.h>
#include <sys/mount.h>

#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// /tmp with two mounts, "a" and "b", a directory "a/below" and a file "file".
Actor with_mounts(Check& t) {
  Actor actor = t.spawn();
  actor([] {
    enter_private_mounts();
    for (const char* path : {"/tmp/a", "/tmp/b"}) {
      setup(sys::make_directory(path));
      setup(sys::mount("tmpfs", path, "tmpfs", 0));
    }
    setup(sys::make_directory("/tmp/a/below"));
    setup(sys::open("/tmp/file", O_CREAT | O_WRONLY).map([](const sys::Fd&) {}));
  });
  return actor;
}

sys::Result<> mount(Actor& actor, const char* from, const char* to, unsigned long flags) {
  return actor([=] { return sys::mount(from, to, "", flags); });
}

NSVET_CHECK(moves, {.id = "mnt.move.refused",
                    .title = "What mount(MS_MOVE) refuses",
                    .rule = "a mount is not moved below itself (ELOOP), nor away from a shared "
                            "parent, nor onto a file if it is a directory; what is no mount is not "
                            "moved (EINVAL)",
                    .source = "mount(2), Documentation/filesystems/sharedsubtree.rst",
                    .types = {NsType::mnt},
                    .needs = {Need::admin}}) {
  Actor actor = with_mounts(t);
  t.expect_errno("below itself", mount(actor, "/tmp/a", "/tmp/a/below", MS_MOVE), ELOOP);
  t.expect_errno("onto a file", mount(actor, "/tmp/a", "/tmp/file", MS_MOVE), EINVAL);
  t.expect_errno("what is no mount", mount(actor, "/tmp/a/below", "/tmp/b", MS_MOVE), EINVAL);
  require(mount(actor, "", "/tmp", MS_SHARED));
  t.expect_errno("away from a shared parent", mount(actor, "/tmp/a", "/tmp/b", MS_MOVE), EINVAL);
  require(mount(actor, "", "/tmp", MS_PRIVATE));
  t.expect_success("away from a private one", mount(actor, "/tmp/a", "/tmp/b", MS_MOVE));
}

NSVET_CHECK(binds, {.id = "mnt.bind.refused",
                    .title = "What mount(MS_BIND) refuses",
                    .rule = "a directory is not bound to a file, nor a file to a directory "
                            "(ENOTDIR); what is reached in another mount namespace is not bound, "
                            "and nothing is bound there (EINVAL)",
                    .source = "mount(2), mount_namespaces(7)",
                    .types = {NsType::mnt},
                    .needs = {Need::admin}}) {
  Actor actor = with_mounts(t);
  t.expect_errno("a directory to a file", mount(actor, "/tmp/a", "/tmp/file", MS_BIND), ENOTDIR);
  t.expect_errno("a file to a directory", mount(actor, "/tmp/file", "/tmp/b", MS_BIND), ENOTDIR);
  Actor other = actor.spawn({.flags = CLONE_NEWNS});
  const Text there = fmt::format("/proc/{}/root/tmp/b", other.pid());
  t.expect_errno("of another mount namespace",
                 actor([there] { return sys::mount(there.str(), "/tmp/b", "", MS_BIND); }), EINVAL);
  t.expect_errno("to another mount namespace",
                 actor([there] { return sys::mount("/tmp/a", there.str(), "", MS_BIND); }), EINVAL);
  t.expect_errno("a new file system there",
                 actor([there] { return sys::mount("tmpfs", there.str(), "tmpfs", 0); }), EINVAL);
  t.expect_errno("umount() there", actor([there] { return sys::umount(there.str()); }), EINVAL);
  t.expect_success("within its own", mount(actor, "/tmp/a", "/tmp/b", MS_BIND));
}

}  // namespace
}  // namespace nsvet::probe
