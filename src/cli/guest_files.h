// What a guest holds besides its kernel.
#pragma once

#include <string>
#include <vector>

#include "model/error.h"
#include "sys/fd.h"
#include "vm/initramfs.h"
#include "vm/kernel_image.h"

namespace nsvet::cli {

/// @param libexec as of libexec_folder()
/// @return our programs, and the kernel's modules
model::Result<std::vector<vm::GuestFile>> guest_files(const std::string& libexec,
                                                      const vm::KernelImage& kernel);

/// An archive that has no name: it goes with its last descriptor, whatever kills us.
model::Result<sys::Fd> nameless_initramfs(const std::vector<vm::GuestFile>& files);

}  // namespace nsvet::cli
