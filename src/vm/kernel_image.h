// A kernel that a guest can boot, and what is known of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/error.h"

namespace nsvet::vm {

struct KernelImage {
  std::string spec;                  ///< As it was named.
  std::string source;                ///< The package and its version, or the path.
  std::string version;               ///< Upstream, as "6.12.117"; empty when unknown.
  std::string release;               ///< uname -r, from the image's own header.
  std::string image;                 ///< Path of the bzImage.
  std::string sha256;                ///< Of the image.
  std::vector<std::string> modules;  ///< Plain .ko files in load order.
};

/// The release in a bzImage's header, see Documentation/arch/x86/boot.rst.
/// @param name what to call the bytes in an error
/// @return bad_input when this is no Linux image for x86
model::Result<std::string> image_release(std::string_view bytes, std::string_view name);

/// Finds the kernel that `spec` names: a path to a bzImage or a .deb, or `debian:SERIES` or
/// `debian:VERSION` in the cache or, when it is not there, from the distribution's suites.
/// @param refresh look into the suites even when a kernel of that series is cached
model::Result<KernelImage> find_kernel(const std::string& spec, bool refresh = false);

}  // namespace nsvet::vm
