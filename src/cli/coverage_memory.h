// The memory that the emulator's coverage plugin writes to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/error.h"
#include "sys/fd.h"

namespace nsvet::cli {

class CoverageMemory {
 public:
  /// @param room for how many words; what is not written takes no memory
  static model::Result<CoverageMemory> create(std::size_t room);

  /// As vm::Machine::plugin.
  /// @param marks see plugin/coverage.cpp
  std::string plugin(const std::string& libexec, bool marks) const;

  /// Forgets what was written.
  model::Result<void> clear() const;

  /// What was written: a count, and so many words.
  /// @return cannot_run when there was no room for more
  model::Result<std::vector<std::uint64_t>> words() const;

 private:
  CoverageMemory(sys::Fd fd, std::size_t room) : fd_(std::move(fd)), room_(room) {}
  sys::Fd fd_;
  std::size_t room_;
};

}  // namespace nsvet::cli
