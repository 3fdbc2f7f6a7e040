// What the checks of user namespaces have in common.
#pragma once

#include <sys/prctl.h>
#include <unistd.h>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {

inline std::string proc_file(const Actor& actor, std::string_view name) {
  return fmt::format("/proc/{}/{}", actor.pid(), name);
}

/// A failed call's errno, for calls that return -1.
inline sys::Result<> result_of(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return {};
}

/// Maps the ids of a new user namespace, from 0 on, to those from `outside` on, and makes the actor
/// its root. For a caller with CAP_SETUID and CAP_SETGID.
inline void map_from(Actor& inside, unsigned outside, unsigned count) {
  for (const char* file : {"uid_map", "gid_map"}) {
    require(sys::write_file(proc_file(inside, file), fmt::format("0 {} {}", outside, count)));
  }
  require(inside([] { return result_of(::setresgid(0, 0, 0), "setresgid(0)"); }));
  require(inside([] { return result_of(::setresuid(0, 0, 0), "setresuid(0)"); }));
  // So that its /proc files are its own again.
  require(
      inside([] { return result_of(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE"); }));
}

/// A child in a new user namespace with such a map.
inline Actor spawn_mapped(Check& t, unsigned outside, unsigned count) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  map_from(inside, outside, count);
  return inside;
}

}  // namespace nsvet::probe
