// Which changed costs say no more than another one does: inside/open/pid is no news where
// inside/open/outside costs as much more.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compare/costs.h"

namespace nsvet::compare {

/// Whether a benchmark's calls involve no new namespace: what it costs is of the kernel at large.
bool at_large(const std::string& id);

/// @param rows the cost rows of a comparison on the insn clock, by id
/// @return benchmarks whose changes add up to that of `id` within its floor; empty when it is its
/// own
std::vector<std::string> followed_by(const std::string& id,
                                     const std::map<std::string, const CostRow*>& rows);

}  // namespace nsvet::compare
