#include "sys/file.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace nsvet::sys {

Result<Fd> open_at(int dir, const std::string& path, int flags, unsigned mode) {
  const int fd = ::openat(dir, path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return last_error("open({}, {:#o})", path, flags);
  return Fd(fd);
}

Result<Fd> open(const std::string& path, int flags, unsigned mode) {
  return open_at(AT_FDCWD, path, flags, mode);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  auto fd = open(path, O_RDONLY);
  if (!fd) return tl::unexpected(fd.error());
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::read(fd->get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return last_error("read({})", path);
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > limit) return error(EFBIG, "read({})", path);
  }
}

std::string_view read_again(int fd, std::span<char> buffer) {
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t n =
        ::pread(fd, buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  return {buffer.data(), size};
}

Result<> write_file(const std::string& path, std::string_view text) {
  auto fd = open(path, O_WRONLY);
  if (!fd) return tl::unexpected(fd.error());
  const ssize_t n = ::write(fd->get(), text.data(), text.size());
  if (n < 0) return last_error("write({}, {:.40})", path, text);
  if (static_cast<std::size_t>(n) != text.size()) return error(EIO, "write({})", path);
  return {};
}

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return last_error("write(fd {})", fd);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<> replace_file(const std::string& path, std::string_view text) {
  std::string temporary = path + ".XXXXXX";
  Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return last_error("mkostemp({})", temporary);
  auto written = write_all(fd.get(), text);
  if (written && ::fchmod(fd.get(), 0644) != 0) written = last_error("fchmod({})", temporary);
  if (written && ::fsync(fd.get()) != 0) written = last_error("fsync({})", temporary);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = last_error("rename({}, {})", temporary, path);
  }
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<std::string> read_link(const std::string& path) { return read_link_at(AT_FDCWD, path); }

Result<std::string> read_link_at(int dir, const std::string& path) {
  std::array<char, 4096> buffer;
  const ssize_t n = ::readlinkat(dir, path.c_str(), buffer.data(), buffer.size());
  if (n < 0) return last_error("readlink({})", path);
  return std::string(buffer.data(), static_cast<std::size_t>(n));
}

Result<bool> exists(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return last_error("access({})", path);
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir) return last_error("opendir({})", path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::ranges::sort(names);
  return names;
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return last_error("pipe2()");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<TempDir> TempDir::create(std::string_view prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string path = fmt::format("{}/{}.XXXXXX", base && *base ? base : "/tmp", prefix);
  if (!::mkdtemp(path.data())) return last_error("mkdtemp({})", path);
  return TempDir(path);
}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace nsvet::sys
