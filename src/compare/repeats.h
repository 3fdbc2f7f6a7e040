// What a comparison says that one of the same kernels as another user has said already.
#pragma once

#include <cstddef>
#include <string>

#include "compare/match.h"

namespace nsvet::compare {

struct Repeats {
  Comparison rest;        ///< The comparison without what is repeated; its structures neither.
  std::size_t count = 0;  ///< Findings left out.
  std::string user;       ///< Whose comparison has them.
};

/// @param index of a comparison in the set; earlier ones of the same kernels and boot parameters
/// are looked at. Costs are repeated when they change by the same within the noise.
/// @return the comparison itself and 0 where there is no such one
Repeats repeats_of(const ComparisonSet& set, std::size_t index);

}  // namespace nsvet::compare
