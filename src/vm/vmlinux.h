// The kernel proper inside a boot image.
#pragma once

#include <string>
#include <string_view>

#include "model/error.h"

namespace nsvet::vm {

/// Unpacks the ELF file in a bzImage, see Documentation/arch/x86/boot.rst.
/// @param name what to call the image in an error
model::Result<std::string> vmlinux_in(std::string_view image, std::string_view name);

}  // namespace nsvet::vm
