// Mount namespaces: what propagates between two of them, and what does not.
#include <sys/mount.h>

#include "mnt_tree.h"
#include "probe/check.h"

namespace nsvet::probe {
namespace {

struct Propagation {
  const char* name;
  unsigned long flag;  ///< Of the mount in the copy.
  bool down;           ///< A mount in the original shows in the copy.
  bool up;             ///< A mount in the copy shows in the original.
};

// mount_namespaces(7), "Shared subtrees".
constexpr Propagation kTable[] = {
    {"shared", MS_SHARED, true, true},
    {"private", MS_PRIVATE, false, false},
    {"slave", MS_SLAVE, true, false},
    {"unbindable", MS_UNBINDABLE, false, false},
};

// A tmpfs on /tmp with two folders, shared, and a copy of the namespace in which it is as `row`
// says.
void propagates(Check& t, const Propagation& row) {
  Actor original = t.spawn();
  original([] {
    enter_private_mounts();
    setup(sys::mount("", "/tmp", "", MS_SHARED));
    setup(sys::make_directory("/tmp/a"));
    setup(sys::make_directory("/tmp/b"));
  });
  Actor copy = copy_of(original);
  require(copy([flag = row.flag] { return sys::mount("", "/tmp", "", flag); }));
  require(original([] { return sys::mount("tmpfs", "/tmp/a", "tmpfs", 0); }));
  require(copy([] { return sys::mount("tmpfs", "/tmp/b", "tmpfs", 0); }));
  t.expect("mount in the original, seen there", mounted(original, "/tmp/a"), true);
  t.expect("mount in the copy, seen there", mounted(copy, "/tmp/b"), true);
  t.expect("mount in the original, seen in the copy", mounted(copy, "/tmp/a"), row.down);
  t.expect("mount in the copy, seen in the original", mounted(original, "/tmp/b"), row.up);
  require(original([] { return sys::umount("/tmp/a"); }));
  require(copy([] { return sys::umount("/tmp/b"); }));
  t.expect("after umount in the original, seen in the copy", mounted(copy, "/tmp/a"), false);
  t.expect("after umount in the copy, seen in the original", mounted(original, "/tmp/b"), false);
}

bool register_table() {
  for (const Propagation& row : kTable) {
    register_check({.id = fmt::format("mnt.propagation.{}", row.name),
                    .title = fmt::format("A {} mount between two mount namespaces", row.name),
                    .rule = "shared mounts propagate both ways, slaves receive only, private and "
                            "unbindable ones neither send nor receive",
                    .source = "mount_namespaces(7)",
                    .types = {NsType::mnt},
                    .needs = {Need::admin}},
                   [&row](Check& t) { propagates(t, row); });
  }
  return true;
}
const bool table_registered = register_table();

void prepare_unbindable(Actor& original) {
  original([] {
    enter_private_mounts();
    setup(sys::make_directory("/tmp/from"));
    setup(sys::make_directory("/tmp/to"));
    setup(sys::mount("tmpfs", "/tmp/from", "tmpfs", 0));
    setup(sys::mount("", "/tmp/from", "", MS_UNBINDABLE));
  });
}

sys::Result<> bind_unbindable() { return sys::mount("/tmp/from", "/tmp/to", "", MS_BIND); }

NSVET_CHECK(unbindable, {.id = "mnt.unbindable.bind",
                         .title = "An unbindable mount cannot be bound",
                         .rule = "a bind mount of an unbindable mount fails with EINVAL",
                         .source = "mount_namespaces(7)",
                         .types = {NsType::mnt},
                         .needs = {Need::admin}}) {
  Actor original = t.spawn();
  prepare_unbindable(original);
  t.expect_errno("bind", original([] { return bind_unbindable(); }), EINVAL);
}

NSVET_CHECK(copied, {.id = "mnt.list.copied",
                     .title = "A new mount namespace starts with a copy of the mount list",
                     .rule = "the mount list of a new namespace is a copy of the caller's; a later "
                             "umount there leaves the original",
                     .source = "mount_namespaces(7)",
                     .types = {NsType::mnt},
                     .needs = {Need::admin}}) {
  Actor original = t.spawn();
  original([] { enter_private_mounts(); });
  require(original([] { return sys::make_directory("/tmp/a"); }));
  require(original([] { return sys::mount("tmpfs", "/tmp/a", "tmpfs", 0); }));
  Actor copy = copy_of(original);
  t.expect("the mount in the copy", mounted(copy, "/tmp/a"), true);
  require(copy([] { return sys::umount("/tmp/a"); }));
  t.expect("after umount in the copy, seen there", mounted(copy, "/tmp/a"), false);
  t.expect("after umount in the copy, seen in the original", mounted(original, "/tmp/a"), true);
}

}  // namespace
}  // namespace nsvet::probe
