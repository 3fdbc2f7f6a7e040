// The image cache: $NSVET_CACHE, else $XDG_CACHE_HOME/nsvet, else ~/.cache/nsvet.
#pragma once

#include <string>
#include <vector>

#include "vm/deb.h"
#include "vm/kernel_image.h"

namespace nsvet::vm {

/// @return the cache's folder, made when it is missing
model::Result<std::string> cache_folder();

/// Writes a kernel into the cache: all of it or nothing, whoever else does the same.
model::Result<KernelImage> store(const KernelFiles& files, const std::string& release,
                                 const std::string& source, const std::string& version);

/// The cached kernels, oldest version first.
model::Result<std::vector<KernelImage>> cached_kernels();

}  // namespace nsvet::vm
