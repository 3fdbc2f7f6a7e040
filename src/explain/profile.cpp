#include "explain/profile.h"

#include <algorithm>
#include <array>
#include <map>

#include "explain/flow.h"
#include "explain/shadow_stack.h"

namespace nsvet::explain {
namespace {

// The kernel's entries (arch/x86/entry/entry_64.S) that the processor itself jumps to.
bool is_fault_entry(const Place& place) {
  return place.at_start && place.name.starts_with("asm_exc_");
}
bool is_interrupt_entry(const Place& place) {
  constexpr std::array<std::string_view, 4> kEntries{"irq_entries_start", "spurious_entries_start",
                                                     "asm_sysvec_", "asm_common_interrupt"};
  return std::ranges::any_of(kEntries,
                             [&](std::string_view entry) { return place.name.starts_with(entry); });
}

// UD2, INT3, INT: they raise an exception and are done.
bool raises(const wire::Instruction& instruction) {
  const auto& bytes = instruction.bytes;
  return (bytes[0] == 0x0f && bytes[1] == 0x0b) || bytes[0] == 0xcc || bytes[0] == 0xcd;
}

template <class Part>
Place place_of(const Part& part) {
  return {part.name, part.address, part.at_start};
}

// What the last completed instruction did.
struct Before {
  Flow flow = Flow::other;
  std::uint64_t behind = 0;
};

void enter(ShadowStack& stack, const Before& before, const Place& to) {
  if (is_fault_entry(to) && before.flow != Flow::call) {
    stack.trap(kFault, to);
  } else if (before.flow == Flow::call) {
    stack.call(before.behind, to);
  } else if (before.flow == Flow::ret) {
    stack.ret(to);
  } else if (before.flow == Flow::system_call) {
    stack.trap({}, to);
  } else if (before.flow == Flow::trap_return) {
    stack.trap_return(to);
  } else {
    stack.go(to);
  }
}

void sum_up(Profile& profile) {
  std::map<std::string, FunctionCost> by_name;
  // Parents come before their children.
  for (std::size_t i = profile.nodes.size(); i-- > 1;) {
    Node& node = profile.nodes[i];
    node.inclusive += node.self;
    profile.nodes[node.parent].inclusive += node.inclusive;
  }
  profile.nodes[0].inclusive += profile.nodes[0].self;
  for (std::size_t i = 1; i < profile.nodes.size(); ++i) {
    const Node& node = profile.nodes[i];
    FunctionCost& cost = by_name[node.name];
    cost.name = node.name;
    cost.calls += node.calls;
    cost.self += node.self;
    bool within_itself = false;
    for (std::size_t up = node.parent; up != 0; up = profile.nodes[up].parent) {
      within_itself |= profile.nodes[up].name == node.name;
    }
    if (!within_itself) cost.inclusive += node.inclusive;
  }
  for (auto& [name, cost] : by_name) profile.functions.push_back(std::move(cost));
  std::ranges::stable_sort(profile.functions, std::ranges::greater(), &FunctionCost::self);
}

const FunctionCost* cost_of(const Profile& profile, std::string_view name) {
  const auto found = std::ranges::find(profile.functions, name, &FunctionCost::name);
  return found == profile.functions.end() ? nullptr : &*found;
}

}  // namespace

std::int64_t Profile::self_of(std::string_view name) const {
  const auto* cost = cost_of(*this, name);
  return cost == nullptr ? 0 : cost->self;
}

std::int64_t Profile::inclusive_of(std::string_view name) const {
  const auto* cost = cost_of(*this, name);
  return cost == nullptr ? 0 : cost->inclusive;
}

const std::vector<Profiler::Part>& Profiler::parts(const Step& step) {
  if (parts_.size() < trace_.blocks.size()) parts_.resize(trace_.blocks.size());
  auto& parts = parts_[step.block];
  if (!parts.empty()) return parts;
  const Block& block = trace_.blocks[step.block];
  const Function* last = nullptr;
  for (std::uint32_t i = 0; i < block.size(); ++i) {
    const std::uint64_t address = block[i].address;
    const Function* function = is_kernel(address) ? symbols_.find(address) : nullptr;
    if (i > 0 && function == last) continue;
    last = function;
    std::string name(is_kernel(address) ? kUnknown : kProgram);
    if (function != nullptr) name = function->full_name();
    parts.push_back(
        {std::move(name), address, function != nullptr && function->address == address, i});
  }
  return parts;
}

// A block is left early by a fault, whose instruction is not completed and will be begun again,
// or for access to a device: that instruction is done by a block of its own that no plugin sees
// (QEMU's cpu_io_recompile), and execution goes on behind it.
std::uint32_t Profiler::completed(const Window& window, std::size_t index) {
  const Step& step = window.steps[index];
  if (index + 1 == window.steps.size()) return step.begun;
  const Step& next = window.steps[index + 1];
  const Block& all = trace_.blocks[step.block];
  if (step.begun < all.size()) {
    return trace_.blocks[next.block].front().address == all[step.begun].address ? step.begun
                                                                                : step.begun - 1;
  }
  const bool enters = is_fault_entry(place_of(parts(next).front()));
  return enters && !raises(all.back()) ? step.begun - 1 : step.begun;
}

std::int64_t Profiler::count(const Window& window) {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < window.steps.size(); ++i) total += completed(window, i);
  return total;
}

Profile Profiler::profile(const Window& window) {
  ShadowStack stack;
  Profile profile;
  Before before;
  bool in_interrupt_entry = false;
  for (std::size_t i = 0; i < window.steps.size(); ++i) {
    const Step& step = window.steps[i];
    const std::uint32_t completed = this->completed(window, i);
    const auto& parts = this->parts(step);
    const Block& block = trace_.blocks[step.block];
    const Place front = place_of(parts.front());
    // The entry stubs run into one another: only the first of them is an interrupt.
    const bool interrupt = is_interrupt_entry(front);
    if (interrupt && !in_interrupt_entry && before.flow != Flow::call) {
      stack.trap(kInterrupt, front);
    } else {
      enter(stack, before, front);
    }
    in_interrupt_entry = interrupt;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const std::uint32_t end =
          p + 1 < parts.size() ? std::min(parts[p + 1].first, completed) : completed;
      if (end < parts[p].first) break;
      if (p > 0 && end > parts[p].first) stack.go(place_of(parts[p]));
      stack.count(end - parts[p].first);
    }
    profile.total += completed;
    before = {};
    if (completed == step.begun) {
      const auto& last = block[completed - 1];
      before.flow = flow_of(last);
      before.behind = behind(last);
    }
  }
  profile.nodes = std::move(stack).nodes();
  sum_up(profile);
  return profile;
}

}  // namespace nsvet::explain
