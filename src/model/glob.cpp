#include "model/glob.h"

#include <fnmatch.h>

#include <algorithm>

namespace nsvet::model {

bool glob_match(std::string_view pattern, std::string_view text) {
  return fnmatch(std::string(pattern).c_str(), std::string(text).c_str(), 0) == 0;
}

bool selected(std::span<const std::string> patterns, std::string_view id) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const auto& p) { return glob_match(p, id); });
}

}  // namespace nsvet::model
