// Reports and what differs between them as one HTML file that needs no network.
#pragma once

#include <span>
#include <string>

#include "compare/match.h"
#include "model/check.h"
#include "model/report.h"

namespace nsvet::render {

/// @param set of these reports; it may hold no comparison
/// @param listings what the programs say of their checks and benchmarks: title, rule, source
std::string page(std::span<const model::Report> reports, const compare::ComparisonSet& set,
                 std::span<const model::Listing> listings);

}  // namespace nsvet::render
