// Tables for spreadsheets and scripts, as RFC 4180 has them.
#pragma once

#include <span>
#include <string>

#include "compare/match.h"
#include "model/report.h"

namespace nsvet::render {

/// @return a row for each check and benchmark of each report
std::string csv(std::span<const model::Report> reports);

/// @return a row for each finding, and for each cost that did not change
std::string csv(const compare::ComparisonSet& set);

}  // namespace nsvet::render
