// Leaves out of a corpus's sequences the steps without which they still reach what they are there
// for: what no sequence before them reaches.
#pragma once

#include <vector>

#include "explore/corpus.h"

namespace nsvet::explore {

/// @param entries in the order of minimised()
/// @param whole ids of sequences that stay as they are
/// @return the same, shorter; together they still reach all
model::Result<std::vector<Entry>> trimmed(const std::vector<Entry>& entries,
                                          const std::set<std::string>& whole, const RunReach& run);

}  // namespace nsvet::explore
