// The one codec between explorations and JSON text.
#pragma once

#include <string>
#include <string_view>

#include "explore/report.h"
#include "model/error.h"

namespace nsvet::explore {

struct Explored {
  Subject subject;
  Exploration exploration;
};

/// @return the text of an exploration.json, ending in a newline
std::string to_json(const Explored& explored);

/// Reads and validates what to_json() wrote. The text is not trusted.
/// @param name what to call the text in an error, usually its path
/// @return bad_input when it is no JSON, no exploration, or has operations that we do not know
model::Result<Explored> explored_from_json(std::string_view text, const std::string& name);

}  // namespace nsvet::explore
