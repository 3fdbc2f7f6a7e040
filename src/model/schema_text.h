// The text of report.schema.json.
#pragma once

#include <string_view>

namespace nsvet::model {

extern const std::string_view kReportSchemaText;

}  // namespace nsvet::model
