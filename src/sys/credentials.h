// Users, capabilities and id maps.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sys/error.h"

namespace nsvet::sys {

inline constexpr uid_t kNobody = 65534;  ///< The overflow id, see user_namespaces(7).

/// @return whether the capability is in the caller's effective set, see capabilities(7)
bool has_capability(int capability);

/// Empties the effective, permitted, inheritable and ambient sets.
Result<> drop_capabilities();

/// Takes one capability out of these sets.
Result<> drop_capability(int capability);

/// Empties these sets of all but one capability, which stays effective.
Result<> keep_capability(int capability);

/// Makes every permitted capability effective again, as after setuid(2) under PR_SET_KEEPCAPS.
Result<> raise_permitted();

/// Becomes an ordinary user: no groups, no capability, dumpable so that its /proc files are its
/// own.
Result<> become_user(uid_t uid, gid_t gid);

/// Writes uid_map and gid_map (setgroups "deny" first where needed), see user_namespaces(7).
/// @param pid a process in the user namespace, 0 for the caller
/// @param outside the ids that 0 inside stands for
Result<> map_root(pid_t pid, uid_t outside_uid, gid_t outside_gid);

/// unshare(CLONE_NEWUSER) and maps the caller's ids to 0: all capabilities, inside only.
Result<> enter_own_user_namespace();

}  // namespace nsvet::sys
