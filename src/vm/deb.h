// Kernel files out of Debian packages.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/error.h"

namespace nsvet::vm {

struct KernelFiles {
  std::string image;                           ///< The bzImage's bytes.
  std::map<std::string, std::string> modules;  ///< "veth.ko" to its plain bytes.
};

/// Takes the image and the modules that checks need out of packages that belong together. Only the
/// last part of a member's name is used, so that no package can write elsewhere.
model::Result<KernelFiles> kernel_files(const std::vector<std::string>& debs);

}  // namespace nsvet::vm
