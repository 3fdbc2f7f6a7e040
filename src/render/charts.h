// Charts as Vega-Lite specs without data: what the page draws, and what figures are made of.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "render/views.h"

namespace nsvet::render {

/// What operations cost more or less than on the base. Rows: operation, kernel, before, after,
/// change ("+4.1 %"; empty for none), direction (dearer, cheaper), strength (0 to 1).
nlohmann::ordered_json changes_chart();

/// What one operation costs on each kernel: the median, and the range of the medians of its boots
/// or rounds. Rows: operation, kernel, cost, low, high.
nlohmann::ordered_json costs_chart();

/// The share of calls that cost no more. Rows: operation, kernel, cost, share.
nlohmann::ordered_json distribution_chart();

/// A cost against the benchmark's argument. Rows as of costs_chart(), and at.
nlohmann::ordered_json curve_chart();

/// @return small multiples of a chart, one for each operation
nlohmann::ordered_json faceted(nlohmann::ordered_json chart);

/// Gives a spec without data the kernels of a view in their order and colours, the unit of what was
/// measured, and what the argument of a curve is.
void dress(nlohmann::ordered_json& spec, const View& view, std::string_view unit,
           std::string_view argument = {});

}  // namespace nsvet::render
