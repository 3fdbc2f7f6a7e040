// Figures for a paper: Vega-Lite specs that hold their data.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "compare/match.h"
#include "model/report.h"

namespace nsvet::render {

struct Figure {
  std::string name;  ///< For a file: "costs-unshare-root".
  nlohmann::ordered_json spec;
};

/// @return for each view: the changes, the costs and distributions of each family of operations,
///   and each curve
std::vector<Figure> figures_of(std::span<const model::Report> reports,
                               const compare::ComparisonSet& set);

}  // namespace nsvet::render
