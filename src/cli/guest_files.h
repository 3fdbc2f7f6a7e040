// What a guest holds besides its kernel.
#pragma once

#include <string>
#include <vector>

#include "harness/runner.h"
#include "model/error.h"
#include "sys/fd.h"
#include "vm/initramfs.h"
#include "vm/kernel_image.h"

namespace nsvet::cli {

/// @param libexec as of libexec_folder()
/// @return our programs, and the kernel's modules
model::Result<std::vector<vm::GuestFile>> guest_files(const std::string& libexec,
                                                      const vm::KernelImage& kernel);

/// An initramfs that has no name on disk: it goes with its descriptor, whatever kills us.
struct Initramfs {
  sys::Fd fd;
  std::string path;  ///< As QEMU opens it.
};
model::Result<Initramfs> nameless_initramfs(const std::vector<vm::GuestFile>& files);

/// The same, of these files and the plan that the guest is to run.
model::Result<Initramfs> initramfs_for(std::vector<vm::GuestFile> files,
                                       const harness::RunPlan& plan);

}  // namespace nsvet::cli
