// The layout of the kernel structures that namespaces are made of, from BTF.
#pragma once

#include <string>
#include <vector>

#include "model/error.h"
#include "model/structure.h"

namespace nsvet::inspect {

/// Where the running kernel shows its types (CONFIG_DEBUG_INFO_BTF).
inline constexpr const char* kRunningTypes = "/sys/kernel/btf/vmlinux";

/// nsproxy, the namespaces, and of task_struct, cred, pid and upid the members that lead there;
/// those that the kernel has.
/// @param path of BTF, or of an ELF file with a .BTF section
model::Result<std::vector<model::Structure>> structures_of(const std::string& path);

}  // namespace nsvet::inspect
