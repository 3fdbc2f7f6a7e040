// Reports and comparisons for a terminal. What they hold is not trusted: escapes are removed.
#pragma once

#include <span>
#include <string>

#include "compare/compare.h"
#include "model/report.h"

namespace nsvet::render {

struct TextOptions {
  int width = 80;
  bool colour = false;
};

std::string text(const model::Report& report, const TextOptions& options);
std::string text(std::span<const compare::Comparison> comparisons, const TextOptions& options);

/// @return the text without control characters
std::string printable(std::string_view text);

/// @return the number with thin groups: 1234567 as "1 234 567"
std::string grouped(std::int64_t number);

}  // namespace nsvet::render
