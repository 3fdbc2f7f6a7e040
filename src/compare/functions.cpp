#include "compare/functions.h"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace nsvet::compare {
namespace {

using Shares = std::map<std::string_view, std::int64_t>;

Shares shares_of(const model::Profile& profile) {
  Shares shares;
  for (const auto& share : profile.functions) shares[share.name] += share.instructions;
  return shares;
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
  std::map<std::string_view, FunctionChange> by_name;
  const Shares old = shares_of(before);
  const Shares now = shares_of(after);
  for (const auto& [name, cost] : old) {
    const auto found = now.find(name);
    by_name[name] = {std::string(name), cost,
                     found == now.end() ? unlisted(after, cost) : found->second};
  }
  for (const auto& [name, cost] : now) {
    if (!old.contains(name)) by_name[name] = {std::string(name), unlisted(before, cost), cost};
  }
  std::vector<FunctionChange> changes;
  for (auto& [name, change] : by_name) {
    if (change.change() != 0) changes.push_back(std::move(change));
  }
  std::ranges::stable_sort(changes, std::ranges::greater(),
                           [](const FunctionChange& c) { return std::abs(c.change()); });
  if (changes.size() > most) changes.resize(most);
  FunctionChange others{kOtherFunctions, before.figure, after.figure};
  for (const auto& change : changes) {
    others.before -= change.before;
    others.after -= change.after;
  }
  if (others.change() != 0) changes.push_back(std::move(others));
  return changes;
}

}  // namespace nsvet::compare
