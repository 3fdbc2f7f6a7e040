// Processes that do nothing but hold the namespaces that they were made with.
#pragma once

#include <cstdint>
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

/// Many of them. They are made by the barest clone, and all die with the last of their parents.
class Crowd {
 public:
  Crowd() = default;
  Crowd(Crowd&& other) noexcept : pids_(std::exchange(other.pids_, {})) {}
  Crowd& operator=(Crowd&&) = delete;
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() { end(); }

  /// @return the error of the first that could not be made; those before it live
  sys::Result<> add(int count, std::uint64_t flags);
  /// Kills all, and reaps them.
  void end();

 private:
  std::vector<pid_t> pids_;
};

}  // namespace nsvet::measure
