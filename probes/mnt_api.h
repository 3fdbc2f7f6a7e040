// Mounts as descriptors, for the checks of the mount API.
#pragma once

#include <fcntl.h>
#include <sched.h>

#include <string>

#include "mnt_tree.h"
#include "sys/file.h"
#include "sys/mount_api.h"

namespace nsvet::probe {

/// Leaves the descriptor open: its number can be an actor's answer.
inline sys::Result<int> number_of(sys::Result<sys::Fd> fd) {
  return std::move(fd).map([](sys::Fd&& open) { return open.release(); });
}

/// Drops what a call returned.
template <class T>
sys::Result<> verdict(const sys::Result<T>& result) {
  if (!result) return tl::unexpected(result.error());
  return {};
}

/// An actor in private mounts with a tmpfs named "a" on /tmp/a, and folders /tmp/a/b and /tmp/b.
inline Actor with_mount_on_a(Check& t) {
  Actor actor = t.spawn();
  actor([] {
    enter_private_mounts();
    for (const char* folder : {"/tmp/a", "/tmp/b"}) setup(sys::make_directory(folder));
    setup(sys::mount("a", "/tmp/a", "tmpfs", 0));
    setup(sys::make_directory("/tmp/a/b"));
  });
  return actor;
}

/// open_tree(2) in the actor. @return the descriptor's number there
inline sys::Result<int> tree_of(Actor& actor, const char* path, unsigned flags) {
  return actor([=] { return number_of(sys::open_tree(AT_FDCWD, path, flags)); });
}

/// Attaches a mount to a path of the actor.
inline sys::Result<> attach(Actor& actor, int tree, const char* path, unsigned flags = 0) {
  return actor([=] { return sys::move_mount(tree, "", AT_FDCWD, path, flags); });
}

/// Copies a descriptor of one actor into another. @return its number there
inline int hand_over(Actor& from, int fd, Actor& to) { return to.give(from.take(fd).get()); }

/// @return a descriptor, in the check, of the actor's mount namespace
inline sys::Fd mount_ns_of(Actor& actor) {
  return actor.take(actor([] { return setup(sys::open_ns(NsType::mnt)).release(); }));
}

/// @return the source of what is on top at this place, "-" for nothing
inline std::string on_top(Actor& actor, const char* point) {
  const MountTable table(actor);
  const auto* mount = table.at(point);
  return mount == nullptr ? "-" : mount->source;
}

}  // namespace nsvet::probe
