// The guest's file system: a cpio archive (Documentation/driver-api/early-userspace).
#pragma once

#include <string>
#include <vector>

#include "model/error.h"

namespace nsvet::vm {

struct GuestFile {
  std::string path;  ///< In the guest, without the leading slash.
  std::string content;
  unsigned mode = 0644;
};

/// @return the archive's bytes; the same for the same files, whenever and wherever it is made
model::Result<std::string> make_initramfs(const std::vector<GuestFile>& files);

}  // namespace nsvet::vm
