// Reports and comparisons for a terminal. What they hold is not trusted: escapes are removed.
#pragma once

#include <string>

#include "compare/match.h"
#include "model/report.h"
#include "render/style.h"

namespace nsvet::render {

std::string text(const model::Report& report, const Style& style);
std::string text(const compare::ComparisonSet& set, const Style& style);

}  // namespace nsvet::render
