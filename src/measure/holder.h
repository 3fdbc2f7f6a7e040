// Processes that do nothing but hold the namespaces that they were made with.
#pragma once

#include <sched.h>

#include <array>
#include <atomic>
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
/// and noise would hide what a namespace costs.
class Crowd {
 public:
  Crowd() = default;
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() { end(); }

  /// @param flags CLONE_NEW* of each; none for processes that are alike otherwise. Time namespaces
  ///   are made by unshare(2): kernels before 5.19 refuse them to a clone that shares memory.
  /// @return the error of the first that could not be made; those before it live
  sys::Result<> add(int count, std::uint64_t flags);
  /// Processes that wait for unshare().
  sys::Result<> add_waiting(int count);
  /// Has each waiting process call unshare(2), and sleeps until all have.
  sys::Result<> unshare(std::uint64_t flags);
  const std::vector<pid_t>& pids() const { return pids_; }
  /// Kills all, and reaps them: nothing but kill(2) and waitpid(2).
  void kill_all();
  /// The same, and is as new.
  void end();

 private:
  /// What the members are told, and tell, through the memory that they share.
  struct Orders {
    std::uint64_t flags = 0;  ///< Of unshare(2).
    int wait_on = -1;         ///< Descriptor of which a byte is read first; none: at once.
    std::atomic<int> done = 0;
    std::atomic<int> failed = 0;  ///< errno of the last that failed.
  };
  static int member(void* orders);
  sys::Result<> start(int count, std::uint64_t flags);
  sys::Result<> all_done();

  using Stack = std::array<char, 8192>;
  Orders orders_;
  sys::Pipe go_;
  std::vector<pid_t> pids_;
  std::vector<std::unique_ptr<Stack>> stacks_;
};

}  // namespace nsvet::measure
