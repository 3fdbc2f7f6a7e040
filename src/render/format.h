// The formats by name: what --format chooses from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compare/match.h"
#include "model/report.h"
#include "render/style.h"

namespace nsvet::render {

/// @return the names: text, markdown, json, ktap, junit, csv
std::vector<std::string> format_names();

/// @param format one of format_names()
std::string render(std::string_view format, std::span<const model::Report> reports,
                   const Style& style);
std::string render(std::string_view format, const compare::ComparisonSet& set, const Style& style);

}  // namespace nsvet::render
