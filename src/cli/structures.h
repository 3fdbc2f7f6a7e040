// The structures of a kernel that is not running.
#pragma once

#include <vector>

#include "model/error.h"
#include "model/structure.h"
#include "vm/kernel_image.h"

namespace nsvet::cli {

/// By the types in the image itself: exact, and no boot is needed.
/// @return cannot_run when the kernel was built without them (CONFIG_DEBUG_INFO_BTF)
model::Result<std::vector<model::Structure>> structures_of(const vm::KernelImage& kernel);

}  // namespace nsvet::cli
