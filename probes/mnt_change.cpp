// Changing how a mount propagates.
#include <sys/mount.h>

#include "mnt_states.h"

namespace nsvet::probe {
namespace {

struct Change {
  const char* to;
  unsigned long flag;
};
constexpr Change kChanges[] = {{"shared", MS_SHARED},
                               {"slave", MS_SLAVE},
                               {"private", MS_PRIVATE},
                               {"unbindable", MS_UNBINDABLE}};

struct Row {
  const char* id;
  State from;
  bool peer;  ///< Another mount is in its peer group.
  std::array<const char*, std::size(kChanges)> becomes;
};

// mount_namespaces(7), "Propagation type transitions": "A" is its peer group before, "C" a new one.
constexpr Row kRows[] = {
    {"shared", State::shared, true, {"shared:A", "slave:A", "private", "unbindable"}},
    {"shared_alone", State::shared, false, {"shared:A", "private", "private", "unbindable"}},
    {"slave",
     State::slave,
     false,
     {"shared:C slave:A.master", "slave:A.master", "private", "unbindable"}},
    {"slave_shared",
     State::slave_shared,
     true,
     {"shared:A slave:A.master", "slave:A", "private", "unbindable"}},
    {"slave_shared_alone",
     State::slave_shared,
     false,
     {"shared:A slave:A.master", "slave:A.master", "private", "unbindable"}},
    {"private", State::private_, false, {"shared:C", "private", "private", "unbindable"}},
    {"unbindable", State::unbindable, false, {"shared:C", "unbindable", "private", "unbindable"}},
};

std::string change(Actor& actor, const Row& row, unsigned long flag) {
  make_mount(actor, "/tmp/twin", "/tmp/a", row.from);
  actor([peer = row.peer] {
    if (peer) {
      setup(sys::make_directory("/tmp/peer"));
      setup(sys::mount("/tmp/a", "/tmp/peer", "", MS_BIND));
    }
  });
  Groups groups;
  const MountTable before(actor);
  name_groups(groups, before.must("/tmp/a"));
  if (row.from == State::shared && !row.peer) {
    setup(actor([] { return sys::umount("/tmp/twin"); }));
  }
  require(actor([flag] { return sys::mount("", "/tmp/a", "", flag); }));
  const MountTable after(actor);
  groups.name(after.must("/tmp/a").shared, "C");
  return groups.describe(after.at("/tmp/a"));
}

bool register_rows() {
  for (const Row& row : kRows) {
    register_check(mnt_check(fmt::format("mnt.change.{}", row.id),
                             fmt::format("What a {} mount can be changed to", row.id),
                             "the new propagation type is as the table of transitions says",
                             "mount_namespaces(7)"),
                   [&row](Check& t) {
                     for (std::size_t i = 0; i < std::size(kChanges); ++i) {
                       Actor actor = t.spawn();
                       actor([] { enter_private_mounts(); });
                       t.expect(fmt::format("made {}", kChanges[i].to),
                                change(actor, row, kChanges[i].flag), row.becomes[i]);
                     }
                   });
  }
  return true;
}
const bool rows_registered = register_rows();

NSVET_CHECK(errors, mnt_check("mnt.change.errors",
                              "Nonsensical changes of the propagation type are refused",
                              "two types at once, another flag beside MS_REC and MS_SILENT, and a "
                              "place that is no mount point give EINVAL; nothing changes",
                              "mount(2)")) {
  Actor actor = t.spawn();
  actor([] { enter_private_mounts(); });
  make_mount(actor, "/tmp/twin", "/tmp/a", State::shared);
  Groups groups;
  name_groups(groups, MountTable(actor).must("/tmp/a"));
  struct Case {
    const char* what;
    unsigned long flags;
  };
  for (const Case& c : {Case{"shared and private", MS_SHARED | MS_PRIVATE},
                        Case{"slave and unbindable", MS_SLAVE | MS_UNBINDABLE},
                        Case{"private and read-only", MS_PRIVATE | MS_RDONLY},
                        Case{"slave and nosuid", MS_SLAVE | MS_NOSUID}}) {
    t.expect_errno(c.what, actor([flags = c.flags] { return sys::mount("", "/tmp/a", "", flags); }),
                   EINVAL);
  }
  t.expect_errno("a folder", actor([] { return sys::mount("", "/tmp/a/b", "", MS_PRIVATE); }),
                 EINVAL);
  t.expect_errno("nothing", actor([] { return sys::mount("", "/tmp/none", "", MS_PRIVATE); }),
                 ENOENT);
  t.expect("the mount afterwards", groups.describe(MountTable(actor).at("/tmp/a")), "shared:A");
  require(actor([] { return sys::mount("", "/tmp/a", "", MS_PRIVATE | MS_SILENT); }));
  t.expect("with MS_SILENT", groups.describe(MountTable(actor).at("/tmp/a")), "private");
}

NSVET_CHECK(recursive,
            mnt_check("mnt.change.recursive", "MS_REC changes the whole tree, and only with it",
                      "without MS_REC the mounts below keep their propagation type; with "
                      "it all of them change",
                      "mount(2)")) {
  Actor actor = t.spawn();
  actor([] { enter_private_mounts(); });
  make_mount(actor, "/tmp/twin", "/tmp/a", State::private_);
  actor([] {
    setup(sys::mount("tmpfs", "/tmp/a/b", "tmpfs", 0));
    setup(sys::make_directory("/tmp/a/b/c"));
    setup(sys::mount("tmpfs", "/tmp/a/b/c", "tmpfs", 0));
  });
  auto types = [&] {
    const MountTable table(actor);
    const Groups none;
    return fmt::format("{}, {}, {}; {}", none.describe(table.at("/tmp/a")),
                       none.describe(table.at("/tmp/a/b")), none.describe(table.at("/tmp/a/b/c")),
                       none.describe(table.at("/tmp")));
  };
  require(actor([] { return sys::mount("", "/tmp/a", "", MS_UNBINDABLE); }));
  t.expect("unbindable", types(), "unbindable, private, private; private");
  require(actor([] { return sys::mount("", "/tmp/a/b", "", MS_SHARED | MS_REC); }));
  t.expect("then the mounts below shared", types(),
           "unbindable, shared:other, shared:other; private");
  require(actor([] { return sys::mount("", "/tmp/a", "", MS_PRIVATE | MS_REC); }));
  t.expect("then all private", types(), "private, private, private; private");
}

NSVET_CHECK(heirs, mnt_check("mnt.change.slaves_of_the_leaver",
                             "The slaves of a mount that leaves its peer group",
                             "they receive from its peers; without peers from its own master; "
                             "without a master they become private",
                             "Documentation/filesystems/sharedsubtree.rst, section 8")) {
  Actor actor = t.spawn();
  actor([] { enter_private_mounts(); });
  // /tmp/a is a slave of its twin and shared with /tmp/peer; /tmp/s is a slave of that group.
  make_mount(actor, "/tmp/twin", "/tmp/a", State::slave_shared);
  actor([] {
    for (const char* point : {"/tmp/peer", "/tmp/s"}) {
      setup(sys::make_directory(point));
      setup(sys::mount("/tmp/a", point, "", MS_BIND));
    }
    setup(sys::mount("", "/tmp/s", "", MS_SLAVE));
  });
  Groups groups;
  name_groups(groups, MountTable(actor).must("/tmp/a"));
  auto slave = [&] { return groups.describe(MountTable(actor).at("/tmp/s")); };
  auto receives = [&](const char* from) {
    actor([from] { setup(sys::mount("tmpfs", from, "tmpfs", 0)); });
    const bool seen = mounted(actor, "/tmp/s/b");
    actor([from] { setup(sys::umount(from)); });
    return seen;
  };
  t.expect("the slave", slave(), "slave:A");
  require(actor([] { return sys::mount("", "/tmp/a", "", MS_PRIVATE); }));
  t.expect("after the first peer has left", slave(), "slave:A");
  t.expect("it receives from the other peer", receives("/tmp/peer/b"), true);
  t.expect("it receives from the leaver", receives("/tmp/a/b"), false);
  require(actor([] { return sys::umount("/tmp/peer"); }));
  t.expect("after the second peer is gone", slave(), "slave:A.master");
  t.expect("it receives from the master", receives("/tmp/twin/b"), true);
  require(actor([] { return sys::mount("", "/tmp/twin", "", MS_PRIVATE); }));
  t.expect("after the master has left", slave(), "private");
  t.expect("it receives from what was its master", receives("/tmp/twin/b"), false);
}

}  // namespace
}  // namespace nsvet::probe
