// Shared subtrees: what becomes of a mount that is bound, moved or made on a destination, and who
// else gets it, for each state of both.
#include <sys/mount.h>

#include "mnt_states.h"

namespace nsvet::probe {
namespace {

enum class Operation { bind, rbind, move, mount };
constexpr const char* kOperationNames[] = {"bind", "rbind", "move", "mount"};

constexpr const char* name(Operation operation) {
  return kOperationNames[static_cast<std::size_t>(operation)];
}

// The new mount's state. "A" is the source's peer group, "C" a group that is new.
struct Row {
  const char* to_shared;  ///< On a destination that is shared, or slave and shared.
  const char* to_other;
};

// mount_namespaces(7), "Bind (MS_BIND) semantics"; by the source's state.
constexpr Row kBind[] = {{"shared:A", "shared:A"},
                         {"shared:C", "private"},
                         {"shared:C slave:A.master", "slave:A.master"},
                         {"shared:A slave:A.master", "shared:A slave:A.master"},
                         {"EINVAL", "EINVAL"}};
// mount_namespaces(7), "Move (MS_MOVE) semantics".
constexpr Row kMove[] = {{"shared:A", "shared:A"},
                         {"shared:C", "private"},
                         {"shared:C slave:A.master", "slave:A.master"},
                         {"shared:A slave:A.master", "shared:A slave:A.master"},
                         {"EINVAL", "unbindable"}};
// mount_namespaces(7), "Mount semantics".
constexpr Row kMount = {"shared:C", "private"};

// The destination and what is connected to it.
constexpr const char* kTwin = "/tmp/to_twin";
constexpr const char* kPeer = "/tmp/to_peer";
constexpr const char* kSlave = "/tmp/to_slave";
constexpr const char* kBoth = "/tmp/to_slave_shared";

// Binds of the destination: where it sends, a peer, a slave, and a slave that is shared again.
void make_destination(Actor& actor, State state) {
  make_mount(actor, kTwin, "/tmp/to", state);
  if (state == State::unbindable) return;
  actor([] {
    for (const char* point : {kPeer, kSlave, kBoth}) {
      setup(sys::make_directory(point));
      setup(sys::mount("/tmp/to", point, "", MS_BIND));
    }
    setup(sys::mount("", kSlave, "", MS_SLAVE));
    setup(sys::mount("", kBoth, "", MS_SLAVE));
    setup(sys::mount("", kBoth, "", MS_SHARED));
  });
}

// A private and an unbindable mount below the source.
void add_children(Actor& actor) {
  actor([] {
    setup(sys::mount("tmpfs", "/tmp/from/kid", "tmpfs", 0));
    setup(sys::mount("", "/tmp/from/kid", "", MS_PRIVATE));
    setup(sys::mount("tmpfs", "/tmp/from/b", "tmpfs", 0));
    setup(sys::mount("", "/tmp/from/b", "", MS_UNBINDABLE));
  });
}

sys::Result<> act(Operation operation) {
  const unsigned long flags = operation == Operation::bind    ? MS_BIND
                              : operation == Operation::rbind ? MS_BIND | MS_REC
                                                              : MS_MOVE;
  if (operation == Operation::mount) return sys::mount("tmpfs", "/tmp/to/b", "tmpfs", 0);
  return sys::mount("/tmp/from", "/tmp/to/b", "", flags);
}

// The group that the new mount's copies on slaves receive from.
std::string master_of(std::string_view text) {
  return std::string(text.substr(text.find(':') + 1, 1));
}

// On each place that is connected with the destination: a copy, a slave of it, or nothing.
void expect_receivers(Check& t, const MountTable& table, const Groups& groups, State destination,
                      const std::string& made) {
  const bool out = sends(destination);
  const std::string copy = out ? made : "absent";
  const std::string slave = out ? "slave:" + master_of(made) : "absent";
  const std::string both = out ? "shared:other slave:" + master_of(made) : "absent";
  auto at = [&](const char* point) {
    return groups.describe(table.at(fmt::format("{}/b", point)));
  };
  t.expect("on a bind of the destination", at(kPeer), copy);
  t.expect("on a slave of it", at(kSlave), slave);
  t.expect("on a shared slave of it", at(kBoth), both);
  t.expect("on the destination's peer or master", at(kTwin),
           destination == State::shared ? made : "absent");
}

void expect_children(Check& t, const MountTable& table, const Groups& groups, Operation operation,
                     State destination) {
  const char* kid = operation == Operation::bind ? "absent"
                    : sends(destination)         ? "shared:other"
                                                 : "private";
  t.expect("a private mount below it", groups.describe(table.at("/tmp/to/b/kid")), kid);
  t.expect("an unbindable mount below it", groups.describe(table.at("/tmp/to/b/b")), "absent");
}

void one_cell(Check& t, Operation operation, State source, State destination) {
  Actor actor = t.spawn();
  actor([] { enter_private_mounts(); });
  make_destination(actor, destination);
  Groups groups;
  int moved = 0;
  if (operation != Operation::mount) {
    make_mount(actor, "/tmp/from_twin", "/tmp/from", source);
    if (operation != Operation::move) add_children(actor);
    const MountTable before(actor);
    name_groups(groups, before.must("/tmp/from"));
    moved = before.must("/tmp/from").id;
  }
  const Row& row = operation == Operation::mount  ? kMount
                   : operation == Operation::move ? kMove[index(source)]
                                                  : kBind[index(source)];
  const std::string made = sends(destination) ? row.to_shared : row.to_other;

  const auto done = actor([operation] { return act(operation); });
  const MountTable after(actor);
  const auto* found = after.at("/tmp/to/b");
  if (made == "EINVAL") {
    t.expect_errno(name(operation), done, EINVAL);
    t.expect("new mount", groups.describe(found), "absent");
    t.expect("the source is where it was", groups.describe(after.at("/tmp/from")), "unbindable");
    expect_receivers(t, after, groups, State::private_, "");
    return;
  }
  t.expect_success(name(operation), done);
  if (found != nullptr) groups.name(found->shared, "C");
  t.expect("new mount", groups.describe(found), made);
  expect_receivers(t, after, groups, destination, made);
  if (operation == Operation::move) {
    t.expect("it is the same mount", found == nullptr ? 0 : found->id, moved);
    t.expect("where it was", groups.describe(after.at("/tmp/from")), "absent");
  } else if (operation != Operation::mount) {
    expect_children(t, after, groups, operation, destination);
  }
}

bool register_cells() {
  for (const Operation operation : {Operation::bind, Operation::rbind, Operation::move}) {
    for (const State source : kStates) {
      for (const State destination : kStates) {
        register_check(
            mnt_check(fmt::format("mnt.{}.{}_to_{}", name(operation), to_string(source),
                                  to_string(destination)),
                      fmt::format("{} of a {} mount to a {} one", name(operation),
                                  to_string(source), to_string(destination)),
                      "the new mount, and its copies on peers and slaves of the destination, have "
                      "the state that the tables of shared subtrees give",
                      "mount_namespaces(7)"),
            [=](Check& t) { one_cell(t, operation, source, destination); });
      }
    }
  }
  for (const State destination : kStates) {
    register_check(mnt_check(fmt::format("mnt.mount.on_{}", to_string(destination)),
                             fmt::format("A new mount on a {} one", to_string(destination)),
                             "a mount on a shared mount is shared and shows on its peers and "
                             "slaves; on others it is private and shows nowhere else",
                             "mount_namespaces(7)"),
                   [=](Check& t) { one_cell(t, Operation::mount, State::private_, destination); });
  }
  return true;
}
const bool cells_registered = register_cells();

}  // namespace
}  // namespace nsvet::probe
