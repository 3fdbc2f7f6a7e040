// What the plugin wrote, as data.
#pragma once

#include <string_view>
#include <vector>

#include "explain/wire.h"
#include "model/error.h"

namespace nsvet::explain {

using Block = std::vector<wire::Instruction>;  ///< Never empty.

/// A block that was entered.
struct Step {
  std::uint32_t block = 0;
  std::uint32_t begun = 0;  ///< Instructions; the last of them may have faulted.
};

/// From behind the first clock reading up to and with the second: one timed call.
using Window = std::vector<Step>;

struct Trace {
  std::vector<Block> blocks;
  std::vector<Window> windows;  ///< In the order in which they were taken.
};

/// @return cannot_run when the bytes are no whole trace
model::Result<Trace> read_trace(std::string_view bytes);

}  // namespace nsvet::explain
