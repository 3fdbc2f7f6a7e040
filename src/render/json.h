// Comparisons as JSON, for programs.
#pragma once

#include <span>
#include <string>

#include "compare/compare.h"

namespace nsvet::render {

/// @return a document of schema nsvet.comparison/1, ending in a newline
std::string json(std::span<const compare::Comparison> comparisons);

}  // namespace nsvet::render
