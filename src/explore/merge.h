// One exploration of several: the shards of one, or other seeds.
#pragma once

#include "explore/json.h"

namespace nsvet::explore {

/// Findings of one cause are one, told by the shortest sequence. The known changes are looked up
/// anew: those that wrote the parts may have known fewer.
/// @param parts explorations with the name of each, for errors; at least one
/// @return bad_input when they are of different kernels, or two hold the same sequences
model::Result<Explored> merge(const std::vector<std::pair<std::string, Explored>>& parts,
                              const Explain& explain);

}  // namespace nsvet::explore
