#include "cli/coverage_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace nsvet::cli {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

bool read_all(int fd, void* into, std::size_t size) {
  auto* bytes = static_cast<char*>(into);
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::pread(fd, bytes + done, size - done, static_cast<off_t>(done));
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

model::Result<CoverageMemory> CoverageMemory::create(std::size_t room) {
  sys::Fd fd(::memfd_create("coverage", 0));
  CoverageMemory memory(std::move(fd), room);
  if (auto cleared = memory.clear(); !cleared) return tl::unexpected(cleared.error());
  return memory;
}

model::Result<void> CoverageMemory::clear() const {
  const auto size = static_cast<off_t>((room_ + 1) * kWord);
  if (::ftruncate(fd_.get(), 0) != 0 || ::ftruncate(fd_.get(), size) != 0) {
    return model::cannot_run("memfd_create failed: no memory for the coverage");
  }
  return {};
}

std::string CoverageMemory::plugin(const std::string& libexec, bool marks) const {
  return fmt::format("{}/plugin/nsvet-coverage.so,cover={}{}", libexec, fd_.get(),
                     marks ? ",marks=on" : "");
}

model::Result<std::vector<std::uint64_t>> CoverageMemory::words() const {
  std::vector<std::uint64_t> words(1);
  if (!read_all(fd_.get(), words.data(), kWord)) return model::cannot_run("no coverage to read");
  if (words[0] >= room_) return model::cannot_run("no room for all that was reached");
  words.resize(words[0] + 1);
  if (!read_all(fd_.get(), words.data(), words.size() * kWord)) {
    return model::cannot_run("no coverage to read");
  }
  return words;
}

}  // namespace nsvet::cli
