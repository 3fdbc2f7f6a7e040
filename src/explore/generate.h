// Draws sequences: sequence N of seed S is the same wherever it is drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "explore/sequence.h"

namespace nsvet::explore {

struct Source {
  std::uint64_t seed = 1;
  std::vector<std::string> focus;  ///< Namespace types; none: all.
};

/// Arguments are drawn mostly from what the steps before have made: queues, listeners, mounts,
/// descriptors, actors, and by whom.
Sequence generate(const Source& source, std::uint64_t number);

}  // namespace nsvet::explore
