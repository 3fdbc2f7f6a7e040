// The instructions of one timed call by the function that executed them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "explain/symbols.h"
#include "explain/trace.h"

namespace nsvet::explain {

/// A function in the context of its callers.
struct Node {
  std::string name;
  std::size_t parent = 0;  ///< Index in Profile::nodes; the root is its own.
  std::vector<std::size_t> children{};
  std::int64_t calls = 0;
  std::int64_t self = 0;
  std::int64_t inclusive = 0;
};

/// A function over all contexts.
struct FunctionCost {
  std::string name;
  std::int64_t calls = 0;
  std::int64_t self = 0;
  std::int64_t inclusive = 0;  ///< Recursion counted once.
};

/// The names of nodes that are no function of the kernel.
inline constexpr std::string_view kProgram = "[program]";  ///< The benchmark itself.
inline constexpr std::string_view kInterrupt = "[interrupt]";
inline constexpr std::string_view kFault = "[fault]";  ///< Page faults and other exceptions.
inline constexpr std::string_view kOtherTask = "[another task]";
inline constexpr std::string_view kUnknown = "[unknown]";  ///< Code that no symbol names.

struct Profile {
  std::int64_t total = 0;
  std::vector<Node> nodes;              ///< [0] is the root, of no name.
  std::vector<FunctionCost> functions;  ///< By self cost, largest first; then by name.
  std::int64_t self_of(std::string_view name) const;
  std::int64_t inclusive_of(std::string_view name) const;
};

/// How many instructions a window's call executed: equal to the difference of its clock readings.
std::int64_t count_instructions(const Trace& trace, const Window& window, const Symbols& symbols);

/// Follows calls, returns, tail calls, interrupts, faults and switches of tasks.
Profile make_profile(const Trace& trace, const Window& window, const Symbols& symbols);

}  // namespace nsvet::explain
