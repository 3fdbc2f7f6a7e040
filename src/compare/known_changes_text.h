// The text of known-changes.toml.
#pragma once

#include <string_view>

namespace nsvet::compare {

extern const std::string_view kKnownChangesText;

}  // namespace nsvet::compare
