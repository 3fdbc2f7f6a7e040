#include "explain/shadow_stack.h"

#include <algorithm>

namespace nsvet::explain {
namespace {

// The kernel's one place where the stack pointer changes to another task's.
constexpr std::string_view kSwitch = "__switch_to_asm";

}  // namespace

ShadowStack::ShadowStack() : nodes_(1), frames_(1) {}

std::size_t ShadowStack::child(std::size_t parent, std::string_view name) {
  const auto [found, added] = children_.try_emplace({parent, std::string(name)}, nodes_.size());
  if (added) {
    nodes_[parent].children.push_back(nodes_.size());
    nodes_.push_back({.name = std::string(name), .parent = parent});
  }
  return found->second;
}

void ShadowStack::push(std::string_view name, std::uint64_t return_address, bool trap) {
  const std::size_t node = child(frames_.back().node, name);
  ++nodes_[node].calls;
  frames_.push_back({node, return_address, trap});
}

void ShadowStack::call(std::uint64_t return_address, const Place& to) {
  if (to.name == kSwitch && to.at_start) {
    switch_task(to);
    return;
  }
  // Thunks and the filling of the return buffer call into their own middle: no new function.
  if (to.name == name_of(frames_.back()) && !to.at_start) {
    frames_.push_back({frames_.back().node, return_address, false});
    return;
  }
  push(to.name, return_address, false);
}

// Pops up to the frame that returns to the address, but not beyond a trap.
bool ShadowStack::unwind(Frames& frames, std::uint64_t address) const {
  for (std::size_t i = frames.size(); i-- > 1 && !frames[i].trap;) {
    if (frames[i].return_address != address) continue;
    frames.resize(i);
    return true;
  }
  return false;
}

void ShadowStack::ret(const Place& to) {
  if (unwind(frames_, to.address)) {
    go(to);
    return;
  }
  // Every task sleeps behind the same call of the switch: that return says nothing of whose it is.
  if (just_switched_) {
    just_switched_ = false;
    replace(to);
    return;
  }
  for (auto task = suspended_.rbegin(); task != suspended_.rend(); ++task) {
    if (!unwind(*task, to.address)) continue;
    frames_ = std::move(*task);
    suspended_.erase(std::next(task).base());
    go(to);
    return;
  }
  // A return to an address that was put on the stack: a thunk's way to jump.
  if (frames_.size() > 2 && frames_.back().node == frames_[frames_.size() - 2].node) {
    frames_.pop_back();
  }
  replace(to);
}

void ShadowStack::trap(std::string_view kind, const Place& to) {
  if (!kind.empty()) push(kind, 0, true);
  push(to.name, 0, kind.empty());
}

void ShadowStack::trap_return(const Place& to) {
  const auto trap = std::ranges::find_if(frames_.rbegin(), frames_.rend(), &Frame::trap);
  if (trap != frames_.rend()) frames_.erase(std::next(trap).base(), frames_.end());
  go(to);
}

void ShadowStack::go(const Place& to) {
  if (to.name != name_of(frames_.back())) {
    replace(to);
  }
}

// A tail call: the caller is gone.
void ShadowStack::replace(const Place& to) {
  if (frames_.size() == 1) {
    push(to.name, 0, false);
    return;
  }
  Frame& top = frames_.back();
  top.node = child(nodes_[top.node].parent, to.name);
  ++nodes_[top.node].calls;
}

void ShadowStack::switch_task(const Place& to) {
  suspended_.push_back(std::exchange(frames_, {Frame{}}));
  push(kOtherTask, 0, true);
  push(to.name, 0, false);
  just_switched_ = true;
}

}  // namespace nsvet::explain
