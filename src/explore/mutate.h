// Makes a sequence of others.
#pragma once

#include <string>
#include <vector>

#include "explore/random.h"
#include "explore/sequence.h"

namespace nsvet::explore {

/// The parent's steps after a few changes: a step inserted, left out, swapped with another, with
/// another argument or by another actor, or the rest of `other` in the place of its own.
/// @param focus of what is inserted, see Drawing
std::vector<Step> mutated(const Sequence& parent, const Sequence& other, Random& random,
                          const std::vector<std::string>& focus);

}  // namespace nsvet::explore
