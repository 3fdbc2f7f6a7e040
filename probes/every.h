// What the checks over all types have in common.
#pragma once

#include "probe/check.h"
#include "sys/credentials.h"

namespace nsvet::probe {

/// The CLONE_NEW* flags of all types that this kernel has.
inline std::uint64_t available_types() {
  std::uint64_t flags = 0;
  for (const auto& type : model::kNsTypes) {
    if (missing(type.type).empty()) flags |= type.clone_flag;
  }
  return flags;
}

/// Puts the actor into a user namespace of its own, as root there with all capabilities.
inline void enter_user_namespace(Actor& actor) {
  require(actor([] { return sys::enter_own_user_namespace(); }));
}

/// The namespaces of the actor's next child: a process may change its PID and time namespace for
/// its children only, so a child is asked.
inline sys::NsIds ids_of_child(Actor& actor) {
  Actor child = actor.spawn();
  return child([] { return sys::ns_ids(); });
}

inline sys::NsId of(const sys::NsIds& ids, NsType type) {
  return ids[static_cast<std::size_t>(type)];
}

/// Expects `after` to be `target` for the types in flags, and `before` for all others.
inline void expect_moved(Check& t, std::string_view how, std::uint64_t flags,
                         const sys::NsIds& after, const sys::NsIds& target,
                         const sys::NsIds& before) {
  for (const auto& type : model::kNsTypes) {
    const bool moves = (flags & type.clone_flag) != 0;
    t.expect(fmt::format("{} namespace after {}", type.name, how), of(after, type.type),
             of(moves ? target : before, type.type));
  }
}

}  // namespace nsvet::probe
