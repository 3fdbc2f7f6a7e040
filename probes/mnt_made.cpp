// Mount namespaces that are made without a copy of the mount list: empty ones, and ones that hold
// one tree.
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mnt_api.h"
#include "sys/credentials.h"
#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

CheckInfo made_check(const char* name, std::string title, std::string rule, std::string source,
                     std::string since) {
  return mnt_check(fmt::format("mnt.made.{}", name), std::move(title), std::move(rule),
                   std::move(source), {Need::admin}, std::move(since));
}

// What a process sees that has nothing but the root: neither /proc nor a folder to mount it on.
void expect_empty(Check& t, Actor& inside) {
  t.expect("something in the root", inside([] { return setup(sys::list_directory("/")).size(); }),
           std::size_t{0});
  t.expect_errno("a new folder", inside([] { return sys::make_directory("/folder"); }), ENOENT);
  t.expect("\"..\" leads elsewhere",
           inside([] { return bool(sys::exists("../proc").value_or(true)); }), false);
}

NSVET_CHECK(empty, made_check("empty", "unshare(UNSHARE_EMPTY_MNTNS) gives an empty namespace",
                              "it implies CLONE_NEWNS; the new namespace has an empty root that "
                              "is root and working directory of the caller, and takes mounts; the "
                              "old one is as before",
                              "linux/sched.h, fs/namespace.c", "7.1")) {
  Actor actor = with_mount_on_a(t);
  Actor inside = actor.spawn();
  const auto before = setup(sys::ns_id(NsType::mnt, inside.pid()));
  const auto made = inside([] { return sys::unshare(sys::kUnshareEmptyMntns); });
  need_call(made, EINVAL, "UNSHARE_EMPTY_MNTNS", "7.1");
  require(made);
  t.expect_differ("its namespace", setup(sys::ns_id(NsType::mnt, inside.pid())), before);
  expect_empty(t, inside);
  t.expect_success("mount on the root", inside([] { return sys::mount("own", "/", "tmpfs", 0); }));
  t.expect("the mount in the old namespace", on_top(actor, "/tmp/a"), "a");
  Actor weak = actor.spawn();
  setup(weak([] { return sys::drop_capabilities(); }));
  t.expect_errno("without CAP_SYS_ADMIN",
                 weak([] { return sys::unshare(sys::kUnshareEmptyMntns); }), EPERM);
}

NSVET_CHECK(empty_clone,
            made_check("empty_clone", "clone3(CLONE_EMPTY_MNTNS) starts in an empty one",
                       "it implies CLONE_NEWNS and excludes CLONE_FS (EINVAL); setns(2) "
                       "leads into it",
                       "linux/sched.h, fs/namespace.c", "7.1")) {
  Actor actor = with_mount_on_a(t);
  auto child = actor.try_spawn({.flags = sys::kCloneEmptyMntns});
  need_call(child, EINVAL, "CLONE_EMPTY_MNTNS", "7.1");
  require(verdict(child));
  t.expect_differ("its namespace", setup(sys::ns_id(NsType::mnt, child->pid())),
                  setup(sys::ns_id(NsType::mnt, actor.pid())));
  expect_empty(t, *child);
  t.expect_errno("with CLONE_FS",
                 verdict(actor.try_spawn({.flags = sys::kCloneEmptyMntns | CLONE_FS})), EINVAL);
  Actor visitor = actor.spawn();
  const int there = visitor.give(setup(sys::open_ns(NsType::mnt, child->pid())).get());
  require(visitor([there] { return sys::setns(there, CLONE_NEWNS); }));
  expect_empty(t, visitor);
}

// A namespace made by `make` in the actor, from what is on /tmp/a.
void expect_namespace_of_one(Check& t, Actor& actor, int ns, const char* file) {
  t.expect("type", sys::clone_flags_text(require(actor([ns] { return sys::type_of_ns(ns); }))),
           "CLONE_NEWNS");
  Actor visitor = actor.spawn();
  require(visitor([ns] { return sys::setns(ns, CLONE_NEWNS); }));
  t.expect("the file in its root", visitor([file] { return bool(sys::open(file, O_RDONLY)); }),
           true);
  t.expect("something of the old namespace",
           visitor([] { return bool(sys::open("/tmp", O_PATH)); }), false);
  t.expect("the mount in the old namespace", on_top(actor, "/tmp/a"), "a");
}

NSVET_CHECK(of_tree,
            made_check("of_tree", "open_tree(OPEN_TREE_NAMESPACE) makes a namespace of a tree",
                       "the descriptor is a mount namespace whose root is a copy of the "
                       "tree; setns(2) joins it; an unbindable mount gives EINVAL, a caller "
                       "without CAP_SYS_ADMIN EPERM",
                       "linux/mount.h, fs/namespace.c", "7.0")) {
  Actor actor = with_mount_on_a(t);
  setup(actor(
      [] { return sys::open("/tmp/a/file", O_CREAT | O_WRONLY).map([](const sys::Fd&) {}); }));
  const auto ns = tree_of(actor, "/tmp/a", sys::kOpenTreeNamespace);
  need_call(ns, EINVAL, "OPEN_TREE_NAMESPACE", "7.0");
  expect_namespace_of_one(t, actor, require(ns), "/file");
  Actor weak = actor.spawn();
  setup(weak([] { return sys::drop_capabilities(); }));
  t.expect_errno("without CAP_SYS_ADMIN", tree_of(weak, "/tmp/a", sys::kOpenTreeNamespace), EPERM);
  setup(actor([] { return sys::mount("", "/tmp/a", "", MS_UNBINDABLE); }));
  t.expect_errno("of an unbindable mount", tree_of(actor, "/tmp/a", sys::kOpenTreeNamespace),
                 EINVAL);
}

NSVET_CHECK(of_mount,
            made_check("of_mount", "fsmount(FSMOUNT_NAMESPACE) makes a namespace of a new mount",
                       "the descriptor is a mount namespace whose root is the new mount; "
                       "setns(2) joins it",
                       "linux/mount.h, fs/namespace.c", "7.1")) {
  Actor actor = with_mount_on_a(t);
  const auto ns = actor(
      [] { return number_of(sys::new_mount("tmpfs", sys::kFsmountNamespace, MOUNT_ATTR_NODEV)); });
  need_call(ns, EINVAL, "FSMOUNT_NAMESPACE", "7.1");
  Actor visitor = actor.spawn();
  require(visitor([fd = require(ns)] { return sys::setns(fd, CLONE_NEWNS); }));
  setup(visitor([] { return sys::open("/file", O_CREAT | O_WRONLY).map([](const sys::Fd&) {}); }));
  expect_namespace_of_one(t, actor, *ns, "/file");
}

}  // namespace
}  // namespace nsvet::probe
