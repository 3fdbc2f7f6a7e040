// The stack of calls, kept from the order in which code is executed alone.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "explain/profile.h"

namespace nsvet::explain {

/// Where a function name and an address lie.
struct Place {
  std::string_view name;
  std::uint64_t address = 0;
  bool at_start = false;  ///< Of the function.
};

class ShadowStack {
 public:
  ShadowStack();

  void call(std::uint64_t return_address, const Place& to);
  void ret(const Place& to);
  /// An interrupt, a fault or a system call.
  /// @param kind its name in the tree; empty for none
  void trap(std::string_view kind, const Place& to);
  void trap_return(const Place& to);
  /// A jump, or simply the next instruction.
  void go(const Place& to);
  void count(std::int64_t instructions) { nodes_[frames_.back().node].self += instructions; }

  std::vector<Node> nodes() && { return std::move(nodes_); }

 private:
  struct Frame {
    std::size_t node = 0;
    std::uint64_t return_address = 0;
    bool trap = false;
  };
  using Frames = std::vector<Frame>;

  std::size_t child(std::size_t parent, std::string_view name);
  std::string_view name_of(const Frame& frame) const { return nodes_[frame.node].name; }
  void push(std::string_view name, std::uint64_t return_address, bool trap);
  void replace(const Place& to);
  bool unwind(Frames& frames, std::uint64_t address) const;
  void switch_task(const Place& to);

  std::vector<Node> nodes_;
  std::map<std::pair<std::size_t, std::string>, std::size_t, std::less<>> children_;
  Frames frames_;
  std::vector<Frames> suspended_;  ///< Of tasks that do not run, the latest last.
  bool just_switched_ = false;
};

}  // namespace nsvet::explain
