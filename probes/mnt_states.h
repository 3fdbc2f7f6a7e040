// Mounts in each of the states that shared subtrees know.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "mnt_tree.h"

namespace nsvet::probe {

enum class State { shared, private_, slave, slave_shared, unbindable };

inline constexpr std::array kStates{State::shared, State::private_, State::slave,
                                    State::slave_shared, State::unbindable};
inline constexpr std::string_view kStateNames[] = {"shared", "private", "slave", "slave_shared",
                                                   "unbindable"};
constexpr std::size_t index(State state) { return static_cast<std::size_t>(state); }
constexpr std::string_view to_string(State state) { return kStateNames[index(state)]; }
/// @return whether mounts on it show elsewhere
constexpr bool sends(State state) { return state == State::shared || state == State::slave_shared; }

/// Mounts a tmpfs on `twin`, and the same file system on `point` in this state. A shared mount is a
/// peer of its twin, a slave receives from it; else the two have nothing to do with each other. For
/// an actor in private mounts. Folders "b" and "kid" are in the file system.
void make_mount(const std::string& twin, const std::string& point, State state);

/// make_mount("/tmp/TWIN", "/tmp/POINT") in the actor, for literals.
void make_mount(Actor& actor, const char* twin, const char* point, State state);

/// Names the groups of a mount that make_mount made: "A" and "A.master".
void name_groups(Groups& groups, const sys::MountInfo& mount);

}  // namespace nsvet::probe
