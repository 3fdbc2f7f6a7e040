#include "compare/match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "compare/release.h"
#include "model/parallel.h"
#include "model/version.h"

namespace nsvet::compare {
namespace {

using model::Report;

bool same_cell(const Report& a, const Report& b) {
  return a.cell.user == b.cell.user && a.cell.clock == b.cell.clock &&
         a.cell.append == b.cell.append;
}

std::string identity(const Report& report) {
  const auto found = report.environment.kernel.find("sha256");
  return release_of(report) + ' ' +
         (found == report.environment.kernel.end() ? report.cell.kernel : found->second);
}

std::string describe(const Report& report, const std::string& name) {
  std::string text = fmt::format("{} as {}", name, report.cell.user);
  if (!report.cell.append.empty()) {
    text += fmt::format(" with {}", fmt::join(report.cell.append, " "));
  }
  return text + fmt::format(" ({})", to_string(report.cell.clock));
}

const Report* base_for(const Report& next, std::span<const Report> candidates) {
  const Report* first = nullptr;
  for (const auto& candidate : candidates) {
    if (&candidate == &next || !same_cell(candidate, next)) continue;
    if (candidate.cell.kernel == next.cell.kernel) return &candidate;
    if (first == nullptr) first = &candidate;
  }
  return first;
}

// In a series: the cell of the oldest kernel.
const Report* oldest_like(const Report& report, std::span<const Report> reports) {
  const Report* oldest = nullptr;
  for (const auto& candidate : reports) {
    if (!same_cell(candidate, report)) continue;
    if (oldest == nullptr ||
        model::compare_versions(release_of(candidate), release_of(*oldest)) < 0) {
      oldest = &candidate;
    }
  }
  return oldest;
}

}  // namespace

std::vector<std::string> kernel_names(std::span<const Report> reports) {
  using Name = std::string (*)(const Report&);
  constexpr Name kLonger[] = {
      [](const Report& r) { return short_release(release_of(r)); },
      [](const Report& r) { return release_of(r); },
      [](const Report& r) { return r.cell.kernel; },
  };
  std::vector<std::string> names(reports.size());
  std::set<std::size_t> open;
  for (std::size_t i = 0; i < reports.size(); ++i) open.insert(i);
  for (const auto name : kLonger) {
    std::map<std::string, std::set<std::string>> kernels;
    for (const auto i : open) {
      names[i] = name(reports[i]);
      kernels[names[i]].insert(identity(reports[i]));
    }
    std::erase_if(open, [&](std::size_t i) { return kernels[names[i]].size() == 1; });
  }
  return names;
}

model::Result<ComparisonSet> compare_all(std::span<const Report> reports, std::size_t bases,
                                         const std::vector<KnownChange>& changes) {
  const auto names = kernel_names(reports);
  const bool series = bases == 0;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  std::set<std::size_t> matched;
  for (std::size_t i = bases; i < reports.size(); ++i) {
    const Report* base =
        series ? oldest_like(reports[i], reports) : base_for(reports[i], reports.first(bases));
    if (base == nullptr || base == &reports[i]) continue;
    pairs.emplace_back(base - reports.data(), i);
    matched.insert({pairs.back().first, i});
  }
  std::vector<model::Result<Comparison>> compared(pairs.size());
  model::in_parallel(pairs.size(), [&](std::size_t i) {
    compared[i] = compare(reports[pairs[i].first], reports[pairs[i].second], changes);
  });
  ComparisonSet set;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!compared[i]) return tl::unexpected(compared[i].error());
    auto& comparison = set.comparisons.emplace_back(std::move(*compared[i]));
    std::tie(comparison.base_report, comparison.next_report) = pairs[i];
    comparison.base_name = names[comparison.base_report];
    comparison.next_name = names[comparison.next_report];
  }
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (!matched.contains(i)) set.unmatched.push_back(describe(reports[i], names[i]));
  }
  std::ranges::stable_sort(set.comparisons, [series](const Comparison& a, const Comparison& b) {
    if (a.user != b.user) return a.user > b.user;
    if (a.append != b.append) return a.append < b.append;
    return series && model::compare_versions(a.next, b.next) < 0;
  });
  return set;
}

}  // namespace nsvet::compare
