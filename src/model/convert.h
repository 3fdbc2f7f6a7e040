// Between the model's structures and JSON values: what event lines and reports have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "model/benchmark.h"
#include "model/check.h"
#include "model/report.h"

namespace nsvet::model {

using Json = nlohmann::ordered_json;  ///< What is written: members stay in order.
using Value = nlohmann::json;         ///< What was read.

Json to_value(const CheckResult& result);
Json to_value(const Environment& environment);
Json to_value(const Listing& listing);
Json to_value(const Samples& samples);
Json to_value(const Structure& structure);

// These throw nlohmann::json::exception when a member is missing or of another type: the two
// readers catch it at their top and make one line of it.
CheckResult check_from(const Value& value);
Environment environment_from(const Value& value);
Listing listing_from(const Value& value);
Samples samples_from(const Value& value);
Structure structure_from(const Value& value);

/// @return the index of `name` in `names`; throws std::out_of_range for an unknown one
std::size_t index_of(std::string_view name, std::span<const std::string_view> names);

}  // namespace nsvet::model
