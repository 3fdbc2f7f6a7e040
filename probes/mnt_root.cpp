// Root and working directories: pivot_root(2), chroot(2), setns(2) and unshare(2).
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mnt_tree.h"
#include "sys/credentials.h"
#include "sys/file.h"
#include "sys/mount_api.h"

namespace nsvet::probe {
namespace {

// Which directory a path leads to.
sys::NsId identity(const char* path) {
  struct stat st {};
  if (::stat(path, &st) != 0) throw Abort{model::Outcome::error, fmt::format("stat({})", path)};
  return {st.st_dev, st.st_ino};
}
sys::NsId identity(Actor& actor, const char* path) {
  return actor([path] { return identity(path); });
}

sys::Result<> change_root(const char* path) {
  if (::chroot(path) != 0 || ::chdir("/") != 0) return sys::last_error("chroot({})", path);
  return {};
}

// The root becomes a tmpfs: the initial root file system cannot be exchanged before Linux 7.0.
// In it: the folder plain with a mount on m, mounts on /new and /third, and the folder /new/old.
void enter_jail() {
  enter_private_mounts();
  setup(sys::make_directory("/tmp/plain"));
  for (const char* point : {"/tmp/new", "/tmp/third", "/tmp/plain/m"}) {
    setup(sys::make_directory(point));
    setup(sys::mount("tmpfs", point, "tmpfs", 0));
  }
  setup(sys::make_directory("/tmp/new/old"));
  setup(sys::open("/tmp/file", O_CREAT | O_WRONLY));
  setup(change_root("/tmp"));
}

CheckInfo pivot_check(const char* name, std::string title, std::string rule) {
  return mnt_check(fmt::format("mnt.pivot.{}", name), std::move(title), std::move(rule),
                   "pivot_root(2)");
}

NSVET_CHECK(pivot, pivot_check("success", "pivot_root exchanges the root",
                               "the new root is \"/\", the old one is on put_old; root and working "
                               "directories of all processes that were at the old root move")) {
  Actor outside = t.spawn();
  Actor actor = outside.spawn();
  actor([] { enter_jail(); });
  Actor at_root = actor.spawn();
  Actor below = actor.spawn();
  below([] { setup(::chdir("/plain") == 0 ? sys::Result<>() : sys::last_error("chdir")); });
  const auto old_root = identity(actor, "/");
  const auto new_root = identity(actor, "/new");
  const auto plain = identity(actor, "/plain");
  const auto outer_root = identity(outside, "/");
  require(actor([] { return sys::pivot_root("/new", "/new/old"); }));
  t.expect("the caller's root", identity(actor, "/"), new_root);
  t.expect("its working directory", identity(actor, "."), new_root);
  t.expect("another process's root", identity(at_root, "/"), new_root);
  t.expect("its working directory", identity(at_root, "."), new_root);
  t.expect("the root of one that works elsewhere", identity(below, "/"), new_root);
  t.expect("where that one works", identity(below, "."), plain);
  t.expect("the old root", identity(actor, "/old"), old_root);
  t.expect("the root of a process in another namespace", identity(outside, "/"), outer_root);
  t.expect_success("umount of the old root", actor([] { return sys::umount("/old", MNT_DETACH); }));
  t.expect_differ("what is on put_old after it", identity(actor, "/old"), old_root);
  t.expect("folders in the root", actor([] { return setup(sys::list_directory("/")).size(); }),
           std::size_t{1});
}

NSVET_CHECK(pivot_errors, pivot_check("errors", "What pivot_root refuses",
                                      "new_root must be a mount point other than the root, and "
                                      "put_old below it; both are directories")) {
  Actor actor = t.spawn();
  actor([] { enter_jail(); });
  struct Case {
    const char* what;
    const char* new_root;
    const char* put_old;
    int expected;
  };
  const auto before = identity(actor, "/");
  for (const Case& c : {Case{"no mount point", "/new/old", "/new/old", EINVAL},
                        Case{"put_old is not below", "/new", "/third", EINVAL},
                        Case{"a folder of the root", "/plain", "/plain", EBUSY},
                        Case{"the root itself", "/", "/new/old", EBUSY},
                        Case{"put_old is the root", "/new", "/", EBUSY},
                        Case{"a file", "/file", "/new/old", ENOTDIR},
                        Case{"put_old is a file", "/new", "/file", ENOTDIR},
                        Case{"nothing", "/none", "/none/old", ENOENT}}) {
    t.expect_errno(c.what,
                   actor([=, n = c.new_root, o = c.put_old] { return sys::pivot_root(n, o); }),
                   c.expected);
  }
  Actor chrooted = actor.spawn();
  setup(chrooted([] { return change_root("/plain"); }));
  t.expect_errno("where the root is no mount point",
                 chrooted([] { return sys::pivot_root("/m", "/m"); }), EINVAL);
  Actor weak = actor.spawn();
  setup(weak([] { return sys::drop_capabilities(); }));
  t.expect_errno("without CAP_SYS_ADMIN", weak([] { return sys::pivot_root("/new", "/new/old"); }),
                 EPERM);
  t.expect("the root afterwards", identity(actor, "/"), before);
}

NSVET_CHECK(pivot_shared, pivot_check("shared", "pivot_root between shared mounts is refused",
                                      "EINVAL where new_root's parent or put_old is shared")) {
  Actor actor = t.spawn();
  actor([] { enter_jail(); });
  require(actor([] { return sys::mount("", "/", "", MS_SHARED); }));
  t.expect_errno("the root, new_root's parent, is shared",
                 actor([] { return sys::pivot_root("/new", "/new/old"); }), EINVAL);
  require(actor([] { return sys::mount("", "/", "", MS_PRIVATE); }));
  actor([] {
    setup(sys::mount("tmpfs", "/new/old", "tmpfs", 0));
    setup(sys::mount("", "/new/old", "", MS_SHARED));
  });
  t.expect_errno("put_old is shared", actor([] { return sys::pivot_root("/new", "/new/old"); }),
                 EINVAL);
  require(actor([] { return sys::umount("/new/old"); }));
  t.expect_success("all private", actor([] { return sys::pivot_root("/new", "/new/old"); }));
}

NSVET_CHECK(pivot_locked,
            mnt_check("mnt.locked.pivot", "pivot_root cannot undo a locked mount",
                      "an inherited mount cannot become the root; a new root on an inherited one "
                      "is locked in its place, and the old root can be unmounted",
                      "mount_namespaces(7)", {Need::admin, Need::userns})) {
  Actor original = t.spawn();
  original([] {
    enter_private_mounts();
    setup(sys::make_directory("/tmp/jail"));
    setup(sys::open("/tmp/jail/secret", O_CREAT | O_WRONLY));
    setup(sys::mount("tmpfs", "/tmp/jail", "tmpfs", 0));
    for (const char* folder : {"/tmp/jail/inherited", "/tmp/jail/own"}) {
      setup(sys::make_directory(folder));
    }
    setup(sys::mount("tmpfs", "/tmp/jail/inherited", "tmpfs", 0));
    setup(sys::make_directory("/tmp/jail/inherited/old"));
  });
  Actor inside = copy_of(original, true);
  Actor jailed = inside.spawn();
  setup(jailed([] { return change_root("/tmp/jail"); }));
  t.expect_errno("to an inherited mount",
                 jailed([] { return sys::pivot_root("/inherited", "/inherited/old"); }), EINVAL);
  jailed([] {
    setup(sys::mount("own", "/own", "tmpfs", 0));
    setup(sys::make_directory("/own/old"));
  });
  require(jailed([] { return sys::pivot_root("/own", "/own/old"); }));
  t.expect_success("umount of the old root",
                   jailed([] { return sys::umount("/old", MNT_DETACH); }));
  t.expect("what is mounted in its place", MountTable(inside).must("/tmp/jail").source, "own");
  t.expect_errno("umount of the new root",
                 inside([] { return sys::umount("/tmp/jail", MNT_DETACH); }), EINVAL);
  t.expect("what lies below can be seen",
           setup(inside([] { return sys::exists("/tmp/jail/secret"); })), false);
}

// A namespace copy with a mount of its own, seen from the actor that made it.
struct Pair {
  Actor original;
  Actor copy;
  int copy_ns;  ///< A descriptor in `original`.
};
Pair two_namespaces(Check& t) {
  Actor original = t.spawn();
  original([] {
    enter_private_mounts();
    for (const char* folder : {"/tmp/a", "/tmp/jail"}) setup(sys::make_directory(folder));
  });
  Actor copy = copy_of(original);
  copy([] { setup(sys::mount("theirs", "/tmp/a", "tmpfs", 0)); });
  const sys::Fd ns = copy.take(copy([] { return setup(sys::open_ns(NsType::mnt)).release(); }));
  const int there = original.give(ns.get());
  return {std::move(original), std::move(copy), there};
}

NSVET_CHECK(setns_view, mnt_check("mnt.setns.view", "setns shows the other namespace's mounts",
                                  "after setns(2) by an nsfs or a PID file descriptor the caller "
                                  "sees and changes the mounts of that namespace",
                                  "setns(2)")) {
  auto [original, copy, ns] = two_namespaces(t);
  t.expect("its mount in the original", mounted(original, "/tmp/a"), false);
  Actor visitor = original.spawn();
  require(visitor([ns = ns] { return sys::setns(ns, CLONE_NEWNS); }));
  t.expect("its mount, after setns by the link", MountTable(visitor).must("/tmp/a").source,
           "theirs");
  Actor second = original.spawn();
  const int pidfd = second.give(copy.pidfd());
  require(second([pidfd] { return sys::setns(pidfd, CLONE_NEWNS); }));
  t.expect("after setns by the PID file descriptor", MountTable(second).must("/tmp/a").source,
           "theirs");
  require(second([] { return sys::umount("/tmp/a"); }));
  t.expect("umounted there, seen by its own process", mounted(copy, "/tmp/a"), false);
}

NSVET_CHECK(setns_root, mnt_check("mnt.setns.root", "setns resets root and working directory",
                                  "setns(2) to a mount namespace sets both to the root of that "
                                  "namespace, also out of a chroot, also to the own namespace",
                                  "setns(2), mount_namespaces(7)")) {
  auto [original, copy, ns] = two_namespaces(t);
  const auto root = identity(original, "/");
  const auto jail = identity(original, "/tmp/jail");
  for (const bool own : {false, true}) {
    Actor visitor = original.spawn();
    const int fd = own ? visitor([] { return setup(sys::open_ns(NsType::mnt)).release(); }) : ns;
    setup(visitor([] { return change_root("/tmp/jail"); }));
    t.expect("in the chroot, \"/\" is", identity(visitor, "/"), jail);
    require(visitor([fd] { return sys::setns(fd, CLONE_NEWNS); }));
    t.expect("after setns, \"/\" is", identity(visitor, "/"), root);
    t.expect("after setns, \".\" is", identity(visitor, "."), root);
  }
  Actor chrooted = original.spawn();
  setup(chrooted([] { return change_root("/tmp/jail"); }));
  require(chrooted([] { return sys::unshare(CLONE_NEWNS); }));
  t.expect("unshare leaves the chroot", identity(chrooted, "/"), jail);
}

NSVET_CHECK(setns_shared,
            mnt_check("mnt.setns.shared_fs", "setns with a shared root is refused",
                      "setns(2) of a mount namespace fails with EINVAL while root and "
                      "working directory are shared with another process (CLONE_FS)",
                      "setns(2)")) {
  auto [original, copy, ns] = two_namespaces(t);
  Actor sharing = original.spawn({.flags = CLONE_FS});
  const int fd = sharing.give(original.take(ns).get());
  const auto before = setup(sharing([] { return sys::ns_id(NsType::mnt); }));
  t.expect_errno("setns", sharing([fd] { return sys::setns(fd, CLONE_NEWNS); }), EINVAL);
  t.expect_errno("setns by the other", original([ns = ns] { return sys::setns(ns, CLONE_NEWNS); }),
                 EINVAL);
  t.expect("its namespace", setup(sharing([] { return sys::ns_id(NsType::mnt); })), before);
  require(sharing([] { return sys::unshare(CLONE_FS); }));
  t.expect_success("after unshare(CLONE_FS)",
                   sharing([fd] { return sys::setns(fd, CLONE_NEWNS); }));
}

NSVET_CHECK(setns_caps, mnt_check("mnt.setns.capabilities", "setns needs two capabilities",
                                  "setns(2) of a mount namespace needs CAP_SYS_CHROOT and "
                                  "CAP_SYS_ADMIN, else EPERM",
                                  "setns(2)")) {
  auto [original, copy, ns] = two_namespaces(t);
  for (const int capability : {CAP_SYS_CHROOT, CAP_SYS_ADMIN}) {
    Actor weak = original.spawn();
    setup(weak([capability] { return sys::drop_capability(capability); }));
    const auto before = setup(weak([] { return sys::ns_id(NsType::mnt); }));
    t.expect_errno(
        capability == CAP_SYS_CHROOT ? "without CAP_SYS_CHROOT" : "without CAP_SYS_ADMIN",
        weak([ns = ns] { return sys::setns(ns, CLONE_NEWNS); }), EPERM);
    t.expect("its namespace", setup(weak([] { return sys::ns_id(NsType::mnt); })), before);
  }
  Actor other = original.spawn();
  setup(other([] { return sys::drop_capability(CAP_SYS_PTRACE); }));
  t.expect_success("without CAP_SYS_PTRACE",
                   other([ns = ns] { return sys::setns(ns, CLONE_NEWNS); }));
}

NSVET_CHECK(unshare_fs,
            mnt_check("mnt.unshare.fs", "unshare of the mounts unshares the directories",
                      "unshare(CLONE_NEWNS) implies CLONE_FS: root, working directory "
                      "and umask are no longer shared",
                      "unshare(2)")) {
  Actor original = t.spawn();
  original([] {
    enter_private_mounts();
    setup(sys::make_directory("/tmp/a"));
    ::umask(022);
  });
  Actor sharing = original.spawn({.flags = CLONE_FS});
  auto go = [&](const char* path, mode_t mask) {
    sharing([=] {
      setup(::chdir(path) == 0 ? sys::Result<>() : sys::last_error("chdir({})", path));
      ::umask(mask);
    });
  };
  auto mask = [&] {
    return original([] {
      const mode_t now = ::umask(0);
      ::umask(now);
      return now;
    });
  };
  const auto tmp = identity(original, "/tmp");
  go("/tmp", 027);
  t.expect("shared, the other's working directory", identity(original, "."), tmp);
  t.expect("shared, the other's umask", mask(), mode_t{027});
  require(sharing([] { return sys::unshare(CLONE_NEWNS); }));
  go("/tmp/a", 077);
  setup(sharing([] { return change_root("/tmp/a"); }));
  t.expect("unshared, the other's working directory", identity(original, "."), tmp);
  t.expect("unshared, the other's umask", mask(), mode_t{027});
  t.expect_differ("unshared, the roots", identity(original, "/"), identity(sharing, "/"));
}

NSVET_CHECK(clone_fs, mnt_check("mnt.create.shared_fs",
                                "New mounts and shared directories exclude "
                                "each other",
                                "clone(CLONE_NEWNS|CLONE_FS) fails with EINVAL", "clone(2)")) {
  t.expect_errno("clone3(CLONE_NEWNS|CLONE_FS)", t.try_spawn({.flags = CLONE_NEWNS | CLONE_FS}),
                 EINVAL);
  t.spawn({.flags = CLONE_NEWNS});
}

NSVET_CHECK(unshare_cwd,
            mnt_check("mnt.unshare.cwd", "Root and working directory move to the copies",
                      "after unshare(CLONE_NEWNS) the working directory is on the copy "
                      "of the mount, and no longer keeps the original busy",
                      "mount_namespaces(7)")) {
  Actor original = t.spawn();
  original([] {
    enter_private_mounts();
    setup(sys::make_directory("/tmp/a"));
    setup(sys::mount("tmpfs", "/tmp/a", "tmpfs", 0));
  });
  Actor other = original.spawn();
  other([] { setup(::chdir("/tmp/a") == 0 ? sys::Result<>() : sys::last_error("chdir")); });
  const auto there = identity(other, ".");
  t.expect_errno("umount before", original([] { return sys::umount("/tmp/a"); }), EBUSY);
  require(other([] { return sys::unshare(CLONE_NEWNS); }));
  t.expect_success("umount after", original([] { return sys::umount("/tmp/a"); }));
  t.expect("its working directory", identity(other, "."), there);
  t.expect_errno("umount of the copy", other([] { return sys::umount("/tmp/a"); }), EBUSY);
}

}  // namespace
}  // namespace nsvet::probe
