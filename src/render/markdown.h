// Reports and comparisons for a pull request or a mail.
#pragma once

#include <span>
#include <string>

#include "compare/match.h"
#include "model/report.h"

namespace nsvet::render {

std::string markdown(std::span<const model::Report> reports);
std::string markdown(const compare::ComparisonSet& set);

}  // namespace nsvet::render
