// The table of namespace types. Whatever is the same for all of them is driven by it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nsvet::model {

enum class NsType { cgroup, ipc, mnt, net, pid, time, user, uts };

struct NsTypeInfo {
  NsType type;
  std::string_view name;     ///< The link's name under /proc/PID/ns.
  std::uint32_t clone_flag;  ///< CLONE_NEW*, see clone(2).
  std::string_view flag_name;
  std::string_view since;     ///< The first kernel with it, see namespaces(7).
  std::string_view manual;    ///< The page that documents it.
  std::string_view max_file;  ///< Its limit under /proc/sys/user.
};

inline constexpr std::array<NsTypeInfo, 8> kNsTypes{{
    {NsType::cgroup, "cgroup", 0x02000000, "CLONE_NEWCGROUP", "4.6", "cgroup_namespaces(7)",
     "max_cgroup_namespaces"},
    {NsType::ipc, "ipc", 0x08000000, "CLONE_NEWIPC", "2.6.19", "ipc_namespaces(7)",
     "max_ipc_namespaces"},
    {NsType::mnt, "mnt", 0x00020000, "CLONE_NEWNS", "2.4.19", "mount_namespaces(7)",
     "max_mnt_namespaces"},
    {NsType::net, "net", 0x40000000, "CLONE_NEWNET", "2.6.24", "network_namespaces(7)",
     "max_net_namespaces"},
    {NsType::pid, "pid", 0x20000000, "CLONE_NEWPID", "2.6.24", "pid_namespaces(7)",
     "max_pid_namespaces"},
    {NsType::time, "time", 0x00000080, "CLONE_NEWTIME", "5.6", "time_namespaces(7)",
     "max_time_namespaces"},
    {NsType::user, "user", 0x10000000, "CLONE_NEWUSER", "3.8", "user_namespaces(7)",
     "max_user_namespaces"},
    {NsType::uts, "uts", 0x04000000, "CLONE_NEWUTS", "2.6.19", "uts_namespaces(7)",
     "max_uts_namespaces"},
}};

constexpr const NsTypeInfo& info(NsType type) { return kNsTypes[static_cast<std::size_t>(type)]; }

constexpr std::optional<NsType> ns_type_from_name(std::string_view name) {
  for (const auto& row : kNsTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

}  // namespace nsvet::model
