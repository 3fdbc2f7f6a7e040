// Files as wholes, pipes and temporary directories.
#pragma once

#include <fcntl.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

/// open(2) with O_CLOEXEC added.
Result<Fd> open(const std::string& path, int flags, unsigned mode = 0644);
Result<Fd> open_at(int dir, const std::string& path, int flags, unsigned mode = 0644);

/// @param limit more bytes than this give EFBIG
Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20);

/// What an open file under /proc says now, from its start: nothing is opened, nothing allocated.
/// @return as much of it as the buffer holds; empty when it cannot be read
std::string_view read_again(int fd, std::span<char> buffer);

/// One write(2) to an existing file, as the files under /proc want it.
Result<> write_file(const std::string& path, std::string_view text);

/// Writes a temporary file in the same folder, fsyncs it and renames it: all or nothing.
Result<> replace_file(const std::string& path, std::string_view text);

/// Writes all of it, over partial writes and EINTR.
Result<> write_all(int fd, std::string_view bytes);

Result<std::string> read_link(const std::string& path);
Result<std::string> read_link_at(int dir, const std::string& path);
Result<bool> exists(const std::string& path);

/// The names in a directory, sorted, without "." and "..".
Result<std::vector<std::string>> list_directory(const std::string& path);

struct Pipe {
  Fd read;
  Fd write;
};
/// pipe2(2) with O_CLOEXEC.
Result<Pipe> make_pipe();

/// A directory of our own, removed with all that is in it on the file system that it is on.
class TempDir {
 public:
  /// @param prefix of the name, under $TMPDIR or /tmp
  static Result<TempDir> create(std::string_view prefix);
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&& other) noexcept;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  const std::string& path() const { return path_; }

 private:
  explicit TempDir(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace nsvet::sys
