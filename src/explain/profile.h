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
inline constexpr std::string_view kIdle = "[idle]";        ///< Of summaries: the clock's jumps.
inline constexpr std::string_view kUnknown = "[unknown]";  ///< Code that no symbol names.

struct Profile {
  std::int64_t total = 0;
  std::vector<Node> nodes;              ///< [0] is the root, of no name.
  std::vector<FunctionCost> functions;  ///< By self cost, largest first; then by name.
  std::int64_t self_of(std::string_view name) const;
  std::int64_t inclusive_of(std::string_view name) const;
};

/// What is known of the blocks of a trace is kept from one window to the next.
class Profiler {
 public:
  /// @param trace may grow in between
  Profiler(const Trace& trace, const Symbols& symbols) : trace_(trace), symbols_(symbols) {}

  /// @return how many instructions a window's call executed: the difference of its clock readings
  std::int64_t count(const Window& window);

  /// Follows calls, returns, tail calls, interrupts, faults and switches of tasks.
  Profile profile(const Window& window);

 private:
  /// A part of a block, which may run from one symbol into the next.
  struct Part {
    std::string name;
    std::uint64_t address = 0;
    bool at_start = false;    ///< Of the function.
    std::uint32_t first = 0;  ///< Index of its first instruction.
  };
  const std::vector<Part>& parts(const Step& step);
  std::uint32_t completed(const Window& window, std::size_t index);

  const Trace& trace_;
  const Symbols& symbols_;
  std::vector<std::vector<Part>> parts_;  ///< By block; empty until it is met.
};

}  // namespace nsvet::explain
