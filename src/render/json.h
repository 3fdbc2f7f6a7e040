// Comparisons as JSON, for programs. The JSON Schema is comparison.schema.json.
#pragma once

#include <string>

#include "compare/match.h"

namespace nsvet::render {

/// @return a document of schema nsvet.comparison/1, ending in a newline
std::string json(const compare::ComparisonSet& set);

}  // namespace nsvet::render
