// What becomes of mounts in a new mount namespace, owned by the same user namespace or by another.
#include <sys/mount.h>

#include "mnt_states.h"

namespace nsvet::probe {
namespace {

struct Row {
  State state;
  const char* same;   ///< Its copy, when the same user namespace owns both.
  const char* other;  ///< When another one owns the new namespace.
};

// mount_namespaces(7), "Restrictions on mount namespaces"; unbindable mounts:
// mnt.unbindable.copied.
constexpr Row kRows[] = {{State::shared, "shared:A", "slave:A"},
                         {State::private_, "private", "private"},
                         {State::slave, "slave:A.master", "slave:A.master"},
                         {State::slave_shared, "shared:A slave:A.master", "slave:A"}};

void expect_passes(Check& t, const char* what, Actor& from, Actor& to, const char* point,
                   const char* seen_at, bool expected) {
  require(from([point] { return sys::mount("tmpfs", point, "tmpfs", 0); }));
  t.expect(fmt::format("mount {}", what), mounted(to, seen_at), expected);
  require(from([point] { return sys::umount(point); }));
  t.expect(fmt::format("after umount {}", what), mounted(to, seen_at), false);
}

void one_row(Check& t, const Row& row, bool owner) {
  Actor original = t.spawn();
  original([] { enter_private_mounts(); });
  make_mount(original, "/tmp/twin", "/tmp/a", row.state);
  Groups groups;
  name_groups(groups, MountTable(original).must("/tmp/a"));
  const std::string before = groups.describe(MountTable(original).at("/tmp/a"));
  Actor copy = copy_of(original, owner);
  t.expect("the copy", groups.describe(MountTable(copy).at("/tmp/a")),
           owner ? row.other : row.same);
  t.expect("the original is as before", groups.describe(MountTable(original).at("/tmp/a")), before);
  const bool out = sends(row.state);
  expect_passes(t, "in the original, seen in the copy", original, copy, "/tmp/a/b", "/tmp/a/b",
                out);
  expect_passes(t, "in the copy, seen in the original", copy, original, "/tmp/a/b", "/tmp/a/b",
                out && !owner);
  if (row.state == State::slave || row.state == State::slave_shared) {
    expect_passes(t, "on the original's master, seen in the copy", original, copy, "/tmp/twin/kid",
                  "/tmp/a/kid", true);
    expect_passes(t, "in the copy, seen on the original's master", copy, original, "/tmp/a/kid",
                  "/tmp/twin/kid", false);
  }
}

bool register_rows() {
  for (const Row& row : kRows) {
    for (const bool owner : {false, true}) {
      std::vector<Need> needs{Need::admin};
      if (owner) needs.push_back(Need::userns);
      register_check(
          mnt_check(fmt::format("mnt.copy.{}{}", to_string(row.state), owner ? "_to_userns" : ""),
                    fmt::format("A {} mount in a new mount namespace{}", to_string(row.state),
                                owner ? " of another user namespace" : ""),
                    owner
                        ? "where another user namespace owns the copy, shared mounts become slaves"
                        : "the copy of a mount has its peers and its master",
                    "mount_namespaces(7)", std::move(needs)),
          [&row, owner](Check& t) { one_row(t, row, owner); });
    }
  }
  return true;
}
const bool rows_registered = register_rows();

// Linux 6.18 to 7.1 lost the flag in the copy (commit 406fea799925).
NSVET_CHECK(
    unbindable_copied,
    mnt_check("mnt.unbindable.copied",
              "An unbindable mount stays unbindable in a copy of its namespace",
              "the copy of an unbindable mount in a new mount namespace cannot be bound either",
              "mount_namespaces(7)")) {
  Actor original = t.spawn();
  original([] { enter_private_mounts(); });
  make_mount(original, "/tmp/twin", "/tmp/a", State::unbindable);
  for (const bool owner : {false, true}) {
    if (owner && !missing(Need::userns).empty()) break;
    const char* where = owner ? "in a copy of another user namespace" : "in a copy";
    Actor copy = copy_of(original, owner);
    t.expect_errno(fmt::format("bind {}", where),
                   copy([] { return sys::mount("/tmp/a", "/tmp/twin/b", "", MS_BIND); }), EINVAL);
    t.expect(fmt::format("the mount {}", where), Groups().describe(MountTable(copy).at("/tmp/a")),
             "unbindable");
    Actor again = copy_of(copy, false);
    t.expect(fmt::format("the mount in the copy of that one, {}", where),
             Groups().describe(MountTable(again).at("/tmp/a")), "unbindable");
  }
}

NSVET_CHECK(whole_tree,
            mnt_check("mnt.copy.tree",
                      "A new mount namespace has the same mounts in the same places",
                      "the list is copied whole: mount points, roots, types, sources and "
                      "options; each mount has an id of its own",
                      "mount_namespaces(7)")) {
  Actor original = t.spawn();
  original([] { enter_private_mounts(); });
  original([] {
    setup(sys::make_directory("/tmp/a"));
    setup(sys::mount("here", "/tmp/a", "tmpfs", MS_NODEV | MS_NOEXEC, "size=64k"));
    setup(sys::make_directory("/tmp/a/sub"));
    setup(sys::make_directory("/tmp/b"));
    setup(sys::mount("/tmp/a/sub", "/tmp/b", "", MS_BIND));
    setup(sys::mount("stacked", "/tmp/b", "tmpfs", MS_NOATIME));
  });
  Actor copy = copy_of(original);
  const MountTable ours(original);
  const MountTable theirs(copy);
  t.expect("mounts in the copy", theirs.all().size(), ours.all().size());
  auto text = [](const sys::MountInfo* mount) {
    if (mount == nullptr) return std::string("absent");
    return fmt::format("{} {} {} {} {} {}", mount->root, mount->point, mount->options, mount->type,
                       mount->source, mount->super_options);
  };
  for (const auto& mount : ours.all()) {
    const auto* twin = theirs.at(mount.point);
    const auto* top = ours.at(mount.point);
    t.expect(fmt::format("{} in the copy", mount.point), text(twin), text(top));
    if (twin != nullptr) t.expect_differ("its id", twin->id, top->id);
  }
  t.expect("mounts stacked on /tmp/b", theirs.count("/tmp/b"), std::size_t{2});
}

}  // namespace
}  // namespace nsvet::probe
