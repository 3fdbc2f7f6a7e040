// How /proc names namespaces: the links under /proc/PID/ns and what they read as.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/ns_type.h"

namespace nsvet::inspect {

/// A link under /proc/PID/ns.
struct TaskLink {
  const char* path;  ///< Below /proc/PID.
  bool children;     ///< Not the task's own namespace, but the one for its children.
};
inline constexpr std::array<TaskLink, 10> kTaskLinks{{{"ns/cgroup", false},
                                                      {"ns/ipc", false},
                                                      {"ns/mnt", false},
                                                      {"ns/net", false},
                                                      {"ns/pid", false},
                                                      {"ns/time", false},
                                                      {"ns/user", false},
                                                      {"ns/uts", false},
                                                      {"ns/pid_for_children", true},
                                                      {"ns/time_for_children", true}}};

struct NsName {
  model::NsType type = model::NsType::cgroup;
  std::uint64_t inode = 0;
  bool operator==(const NsName&) const = default;
};

/// @param text as "uts:[4026531838]", see namespaces(7)
std::optional<NsName> parse_ns_link(std::string_view text);

}  // namespace nsvet::inspect
