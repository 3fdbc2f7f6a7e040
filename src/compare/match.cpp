#include "compare/match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "compare/release.h"
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
  const auto old_side = reports.first(series ? reports.size() : bases);
  ComparisonSet set;
  std::set<const Report*> matched;
  for (std::size_t i = series ? 0 : bases; i < reports.size(); ++i) {
    const Report& next = reports[i];
    const Report* base = nullptr;
    if (series) {
      for (const auto& candidate : old_side) {
        if (same_cell(candidate, next) &&
            (base == nullptr ||
             model::compare_versions(release_of(candidate), release_of(*base)) < 0)) {
          base = &candidate;
        }
      }
      if (base == &next) continue;
    } else {
      base = base_for(next, old_side);
    }
    if (base == nullptr) continue;
    auto comparison = compare(*base, next, changes);
    if (!comparison) return tl::unexpected(comparison.error());
    comparison->base_report = static_cast<std::size_t>(base - reports.data());
    comparison->next_report = i;
    comparison->base_name = names[comparison->base_report];
    comparison->next_name = names[i];
    set.comparisons.push_back(std::move(*comparison));
    matched.insert({base, &next});
  }
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (!matched.contains(&reports[i])) set.unmatched.push_back(describe(reports[i], names[i]));
  }
  std::ranges::stable_sort(set.comparisons, [series](const Comparison& a, const Comparison& b) {
    if (a.user != b.user) return a.user > b.user;
    if (a.append != b.append) return a.append < b.append;
    return series && model::compare_versions(a.next, b.next) < 0;
  });
  return set;
}

}  // namespace nsvet::compare
