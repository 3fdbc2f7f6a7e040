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

// The parts of a block, for it may run from one symbol into the next.
struct Part {
  std::string name;
  std::uint64_t address = 0;
  bool at_start = false;
  std::uint32_t first = 0;  ///< Index of its first instruction.
  Place place() const { return {name, address, at_start}; }
};

std::vector<Part> parts_of(const Block& block, const Symbols& symbols) {
  std::vector<Part> parts;
  const Function* last = nullptr;
  for (std::uint32_t i = 0; i < block.size(); ++i) {
    const std::uint64_t address = block[i].address;
    const Function* function = is_kernel(address) ? symbols.find(address) : nullptr;
    if (i > 0 && function == last) continue;
    last = function;
    std::string name(is_kernel(address) ? kUnknown : kProgram);
    if (function != nullptr) name = function->full_name();
    parts.push_back(
        {std::move(name), address, function != nullptr && function->address == address, i});
  }
  return parts;
}

// Walks through a window and tells how many instructions of each step were completed.
class Walk {
 public:
  Walk(const Trace& trace, const Window& window, const Symbols& symbols)
      : trace_(trace), window_(window), symbols_(symbols), parts_(trace.blocks.size()) {}

  const Block& block(std::size_t step) const { return trace_.blocks[window_[step].block]; }
  std::uint32_t begun(std::size_t step) const { return window_[step].begun; }
  const std::vector<Part>& parts(std::size_t step) {
    auto& known = parts_[window_[step].block];
    if (known.empty()) known = parts_of(block(step), symbols_);
    return known;
  }

  // A block is left early by a fault, whose instruction is not completed and will be begun again,
  // or for access to a device: that instruction is done by a block of its own that no plugin sees
  // (QEMU's cpu_io_recompile), and execution goes on behind it.
  std::uint32_t completed(std::size_t step) {
    const std::uint32_t begun = window_[step].begun;
    if (step + 1 == window_.size()) return begun;
    const Block& all = block(step);
    if (begun < all.size()) {
      return block(step + 1).front().address == all[begun].address ? begun : begun - 1;
    }
    const bool enters = is_fault_entry(parts(step + 1).front().place());
    return enters && !raises(all.back()) ? begun - 1 : begun;
  }

 private:
  // UD2, INT3, INT: they raise an exception and are done.
  static bool raises(const wire::Instruction& instruction) {
    const auto& bytes = instruction.bytes;
    return (bytes[0] == 0x0f && bytes[1] == 0x0b) || bytes[0] == 0xcc || bytes[0] == 0xcd;
  }

  const Trace& trace_;
  const Window& window_;
  const Symbols& symbols_;
  std::vector<std::vector<Part>> parts_;  ///< By block; empty until it is met.
};

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

std::int64_t count_instructions(const Trace& trace, const Window& window, const Symbols& symbols) {
  Walk walk(trace, window, symbols);
  std::int64_t total = 0;
  for (std::size_t step = 0; step < window.size(); ++step) total += walk.completed(step);
  return total;
}

Profile make_profile(const Trace& trace, const Window& window, const Symbols& symbols) {
  Walk walk(trace, window, symbols);
  ShadowStack stack;
  Profile profile;
  Before before;
  bool in_interrupt_entry = false;
  for (std::size_t step = 0; step < window.size(); ++step) {
    const std::uint32_t completed = walk.completed(step);
    const auto& parts = walk.parts(step);
    const Block& block = walk.block(step);
    // The entry stubs run into one another: only the first of them is an interrupt.
    const bool interrupt = is_interrupt_entry(parts.front().place());
    if (interrupt && !in_interrupt_entry && before.flow != Flow::call) {
      stack.trap(kInterrupt, parts.front().place());
    } else {
      enter(stack, before, parts.front().place());
    }
    in_interrupt_entry = interrupt;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::uint32_t end =
          i + 1 < parts.size() ? std::min(parts[i + 1].first, completed) : completed;
      if (end < parts[i].first) break;
      if (i > 0 && end > parts[i].first) stack.go(parts[i].place());
      stack.count(end - parts[i].first);
    }
    profile.total += completed;
    before = {};
    if (completed == walk.begun(step)) {
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
