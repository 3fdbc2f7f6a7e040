// Shell patterns for ids: * any run of characters, ? one, [a-z] a class.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nsvet::model {

bool glob_match(std::string_view pattern, std::string_view text);

/// @return whether any pattern matches; no pattern matches everything.
bool selected(std::span<const std::string> patterns, std::string_view id);

}  // namespace nsvet::model
