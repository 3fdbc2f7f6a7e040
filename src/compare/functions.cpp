#include "compare/functions.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace nsvet::compare {
namespace {

void add(std::optional<std::int64_t>& sum, std::optional<std::int64_t> part) {
  if (part) sum = sum.value_or(0) + *part;
}

struct Listed {
  std::string_view name;
  std::optional<std::int64_t> before{}, after{};
};

// What either profile lists, by name.
std::vector<Listed> listed_in(const model::Profile& before, const model::Profile& after) {
  std::vector<Listed> all;
  for (const auto& share : before.functions) all.push_back({share.name, share.instructions});
  for (const auto& share : after.functions) all.push_back({share.name, {}, share.instructions});
  std::ranges::stable_sort(all, {}, &Listed::name);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].name != all[kept].name) {
      all[++kept] = all[i];
      continue;
    }
    add(all[kept].before, all[i].before);
    add(all[kept].after, all[i].after);
  }
  if (!all.empty()) all.resize(kept + 1);
  return all;
}

// What a function that is not listed costs at most.
std::int64_t unlisted(const model::Profile& profile, std::int64_t elsewhere) {
  if (profile.rest == 0 || profile.functions.empty()) return 0;
  const auto least =
      std::ranges::min(profile.functions, {}, &model::FunctionShare::instructions).instructions;
  return std::min(least, elsewhere);
}

}  // namespace

std::vector<FunctionChange> function_changes(const model::Profile& before,
                                             const model::Profile& after, std::size_t most) {
  std::vector<FunctionChange> changes;
  for (const auto& [name, old, now] : listed_in(before, after)) {
    const FunctionChange change{name, old ? *old : unlisted(before, *now),
                                now ? *now : unlisted(after, *old)};
    if (change.change() != 0) changes.push_back(change);
  }
  std::ranges::stable_sort(changes, std::ranges::greater(),
                           [](const FunctionChange& c) { return std::abs(c.change()); });
  if (changes.size() > most) {
    changes.resize(most);
    changes.shrink_to_fit();
  }
  FunctionChange others{kOtherFunctions, before.figure, after.figure};
  for (const auto& change : changes) {
    others.before -= change.before;
    others.after -= change.after;
  }
  if (others.change() != 0) changes.push_back(others);
  return changes;
}

}  // namespace nsvet::compare
