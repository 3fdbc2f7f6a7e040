#include "compare/repeats.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace nsvet::compare {
namespace {

using Key = std::tuple<Finding::Kind, std::string, Finding::Effect, bool>;

Key key_of(const Finding& finding) {
  return {finding.kind, finding.id, finding.effect, finding.expected};
}

bool other_user(const Comparison& a, const Comparison& b) {
  return a.base == b.base && a.next == b.next && a.append == b.append && a.clock == b.clock &&
         a.user != b.user;
}

}  // namespace

Repeats repeats_of(const ComparisonSet& set, std::size_t index) {
  Repeats repeats{set.comparisons[index], 0, {}};
  const auto earlier = std::span(set.comparisons).first(index);
  const auto told = std::ranges::find_if(
      earlier, [&](const Comparison& other) { return other_user(repeats.rest, other); });
  if (told == earlier.end()) return repeats;
  repeats.user = told->user;
  repeats.rest.structures.clear();  // They are of the kernel, whoever looks.
  std::map<std::string, double> floors;
  for (const auto& row : repeats.rest.costs) floors.emplace(row.id, row.floor);
  std::multimap<Key, const Finding*> known;
  for (const auto& finding : told->findings) known.emplace(key_of(finding), &finding);
  repeats.count = std::erase_if(repeats.rest.findings, [&](const Finding& finding) {
    const auto [first, last] = known.equal_range(key_of(finding));
    return std::any_of(first, last, [&](const auto& entry) {
      const Finding& other = *entry.second;
      if (finding.difference == 0) {
        return finding.before == other.before && finding.after == other.after;
      }
      return std::abs(finding.difference - other.difference) <= floors[finding.id];
    });
  });
  return repeats;
}

}  // namespace nsvet::compare
