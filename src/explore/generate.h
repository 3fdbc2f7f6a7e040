// Draws sequences: sequence N of seed S is the same wherever it is drawn.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "explore/sequence.h"

namespace nsvet::explore {

struct Source {
  std::uint64_t seed = 1;
  std::vector<std::string> focus;  ///< Namespace types; none: all.
  /// Of this, half of the sequences are mutations; of none, all are drawn afresh.
  std::span<const Sequence> corpus{};
};

Sequence generate(const Source& source, std::uint64_t number);

}  // namespace nsvet::explore
