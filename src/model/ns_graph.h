// The namespaces of a running system, as data: what each is, whose it is, and what keeps it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ns_type.h"

namespace nsvet::model {

/// What keeps a namespace, besides the processes in it and its child namespaces.
struct NsPin {
  enum class Kind {
    thread,    ///< A thread that is in it and its process is not.
    children,  ///< A process or thread whose children will be in it, see pid_namespaces(7).
    fd,        ///< An open descriptor of it.
    socket,    ///< A socket of it, held by a process elsewhere.
    mount,     ///< A bind mount of it.
  };
  Kind kind = Kind::fd;
  int pid = 0;                 ///< Of the process; for a mount, of one that sees it.
  int number = 0;              ///< The thread's id, or the descriptor.
  std::string where{};         ///< The mount point, with mountinfo's escapes.
  std::uint64_t mount_ns = 0;  /// The mount namespace of the mount.
  bool operator==(const NsPin&) const = default;
};

inline constexpr std::string_view kNsPinNames[] = {"thread", "children", "fd", "socket", "mount"};
constexpr std::string_view to_string(NsPin::Kind kind) {
  return kNsPinNames[static_cast<std::size_t>(kind)];
}

/// A namespace. Others are named by their inode, which no two living ones share.
struct NsNode {
  NsType type = NsType::cgroup;
  std::uint64_t inode = 0;
  std::uint64_t id = 0;                    ///< NS_GET_ID; 0 from kernels that lack it.
  std::optional<std::uint64_t> parent{};   ///< Of a PID or user namespace, where it is in sight.
  std::optional<std::uint64_t> owner{};    ///< The user namespace, where it is in sight.
  std::optional<std::uint32_t> creator{};  ///< The uid that made a user namespace.
  std::vector<int> processes{};
  std::vector<NsPin> pins{};
  bool own = false;  ///< The caller is in it.

  /// @return whether no task is in it: what a leak looks like
  bool orphan() const {
    if (!processes.empty()) return false;
    for (const auto& pin : pins) {
      if (pin.kind == NsPin::Kind::thread) return false;
    }
    return true;
  }
};

struct NsGraph {
  std::map<std::uint64_t, NsNode> nodes;       ///< By inode.
  std::map<int, std::string> names;            ///< Of each first process, and of those that pin.
  std::map<std::string, std::int64_t> limits;  ///< user.max_*_namespaces of the caller's.
  std::vector<std::string> notes;              ///< What could not be seen, and why.
};

}  // namespace nsvet::model
