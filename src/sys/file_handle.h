// File handles: name_to_handle_at(2) and open_by_handle_at(2).
#pragma once

#include <fcntl.h>

#include <array>
#include <string>

#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

/// Room for a struct file_handle.
struct FileHandle {
  alignas(file_handle) std::array<unsigned char, sizeof(file_handle) + MAX_HANDLE_SZ> bytes{};
  file_handle* head() { return reinterpret_cast<file_handle*>(bytes.data()); }
};

/// @param flags AT_EMPTY_PATH for the descriptor itself
inline Result<FileHandle> handle_of(int dir, const std::string& path, int flags = 0) {
  FileHandle handle;
  handle.head()->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (::name_to_handle_at(dir, path.c_str(), handle.head(), &mount, flags) != 0) {
    return last_error("name_to_handle_at({})", path);
  }
  return handle;
}

/// @param mount any descriptor of the mount that the handle belongs to
inline Result<Fd> open_handle(int mount, FileHandle handle) {
  Fd fd(::open_by_handle_at(mount, handle.head(), O_RDONLY | O_CLOEXEC));
  if (!fd) return last_error("open_by_handle_at()");
  return fd;
}

}  // namespace nsvet::sys
