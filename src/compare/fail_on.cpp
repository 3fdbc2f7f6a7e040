#include "compare/fail_on.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace nsvet::compare {

model::Result<FailOn> FailOn::from(const std::vector<std::string>& names) {
  std::vector<std::string_view> known{"any", "regression", "all", "none"};
  known.insert(known.end(), std::begin(kKindNames), std::end(kKindNames));
  for (const auto& name : names) {
    if (std::ranges::find(known, name) == known.end()) {
      return model::bad_input(
          fmt::format("--fail-on {}: expected one of {}", name, fmt::join(known, ", ")));
    }
  }
  FailOn choice;
  choice.names_ = names;
  return choice;
}

bool FailOn::matches(const Finding& finding) const {
  return std::ranges::any_of(names_, [&](const std::string& name) {
    if (name == "all") return true;
    if (finding.expected || name == "none") return false;
    if (name == "any") return true;
    if (name == "regression") return finding.effect == Finding::Effect::worse;
    return name == to_string(finding.kind);
  });
}

}  // namespace nsvet::compare
