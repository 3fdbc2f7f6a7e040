// The one codec between the model and JSON text. The order of members and lines is stable.
#pragma once

#include <string>
#include <string_view>

#include "model/error.h"
#include "model/report.h"

namespace nsvet::model {

/// @return the report as its file holds it, ending in a newline.
std::string to_json(const Report& report);

/// Reads and validates a report against the schema. The text is not trusted.
/// @param name what to call the text in an error, usually its path
/// @return bad_input when it is no JSON, not a report, of a newer major version, or invalid
Result<Report> report_from_json(std::string_view text, std::string_view name);

}  // namespace nsvet::model
