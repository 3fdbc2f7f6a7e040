// Processes that do nothing but hold the namespaces that they were made with.
#pragma once

#include <sched.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sys/error.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::measure {

/// One process that holds new namespaces until it is destroyed.
struct Holder {
  sys::Pipe pipe;
  sys::Child child;
};
sys::Result<Holder> hold(std::uint64_t flags);

/// Many of them. They share the caller's memory, which spares the copy of the page tables: its cost
/// and noise would hide what a namespace costs. Kernels before 5.19 refuse that with CLONE_NEWTIME.
class Crowd {
 public:
  /// @param flags CLONE_NEW* of the crowd that this one is, or is compared with
  explicit Crowd(std::uint64_t flags) : share_memory_((flags & CLONE_NEWTIME) == 0) {}
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() { end(); }

  /// @param flags CLONE_NEW* of each; none for processes that are alike otherwise
  /// @return the error of the first that could not be made; those before it live
  sys::Result<> add(int count, std::uint64_t flags);
  /// Kills all, and reaps them.
  void end();

 private:
  bool share_memory_;
  using Stack = std::array<char, 8192>;
  std::vector<pid_t> pids_;
  std::vector<std::unique_ptr<Stack>> stacks_;
};

}  // namespace nsvet::measure
