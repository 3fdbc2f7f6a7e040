#include "compare/function_causes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "compare/functions.h"

namespace nsvet::compare {

std::vector<FunctionCause> function_causes(const model::Profile& before,
                                           const model::Profile& after, const Crossed& crossed) {
  std::vector<FunctionCause> causes;
  const auto all = before.functions.size() + after.functions.size();
  for (const auto& function : function_changes(before, after, all)) {
    const Seen seen{.subject = fmt::format("function:{}", function.name),
                    .direction = function.change() > 0 ? 1 : -1,
                    .difference = static_cast<double>(function.change())};
    const auto* known = crossed.explain(seen);
    if (known == nullptr) continue;
    auto cause = std::ranges::find(causes, known, &FunctionCause::change);
    if (cause == causes.end()) cause = causes.insert(causes.end(), {.change = known});
    cause->instructions += function.change();
    cause->functions.push_back(function.name);
  }
  std::ranges::stable_sort(causes, std::ranges::greater(),
                           [](const FunctionCause& cause) { return std::abs(cause.instructions); });
  return causes;
}

model::Profile fold(model::Profile profile, const std::vector<FunctionCause>& causes) {
  std::set<std::string_view> known;
  for (const auto& cause : causes) known.insert(cause.functions.begin(), cause.functions.end());
  for (auto& share : profile.functions) {
    if (known.contains(share.name)) share.name = kKnownFunctions;
  }
  return profile;
}

}  // namespace nsvet::compare
