#include "model/glob.h"

#include <fnmatch.h>

#include <algorithm>

namespace nsvet::model {

// Most patterns differ from most texts in what stands before their first wildcard.
bool glob_match(std::string_view pattern, std::string_view text) {
  const auto wild = [](char c) { return c == '*' || c == '?' || c == '[' || c == '\\'; };
  while (!pattern.empty() && !wild(pattern.front())) {
    if (text.empty() || text.front() != pattern.front()) return false;
    pattern.remove_prefix(1);
    text.remove_prefix(1);
  }
  if (pattern.empty()) return text.empty();
  return fnmatch(std::string(pattern).c_str(), std::string(text).c_str(), 0) == 0;
}

bool selected(std::span<const std::string> patterns, std::string_view id) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const auto& p) { return glob_match(p, id); });
}

}  // namespace nsvet::model
