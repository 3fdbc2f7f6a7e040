#include "render/views.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "compare/match.h"
#include "compare/release.h"
#include "model/version.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

using model::Report;

// From old to new; each can be read on white and on black.
constexpr std::array<std::array<double, 3>, 5> kScale{{{0x2f, 0x7f, 0xd0},
                                                       {0x8a, 0x63, 0xd2},
                                                       {0xcf, 0x47, 0x9a},
                                                       {0xe2, 0x6b, 0x3a},
                                                       {0xb8, 0x90, 0x18}}};

std::string colour_at(double share) {
  const double place = share * (kScale.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), kScale.size() - 2);
  const double rest = place - static_cast<double>(below);
  std::array<int, 3> mixed{};
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    mixed[i] = static_cast<int>(
        std::lround(kScale[below][i] + rest * (kScale[below + 1][i] - kScale[below][i])));
  }
  return fmt::format("#{:02x}{:02x}{:02x}", mixed[0], mixed[1], mixed[2]);
}

bool one_view(const Report& a, const Report& b) {
  return a.cell.user == b.cell.user && a.cell.append == b.cell.append &&
         a.cell.clock == b.cell.clock;
}

void name_view(View& view, const Report& first, bool clocks) {
  view.clock = first.cell.clock;
  view.label = "as " + first.cell.user;
  view.name = first.cell.user;
  if (!first.cell.append.empty()) {
    const auto parameters = fmt::format("{}", fmt::join(first.cell.append, " "));
    view.label += ", with " + parameters;
    view.name += "-" + parameters;
  }
  if (clocks) {
    view.label += fmt::format(", {} clock", to_string(first.cell.clock));
    view.name += fmt::format("-{}", to_string(first.cell.clock));
  }
  view.label = printable(view.label);
}

// Two runs of one kernel are told apart by a number.
void name_kernels(View& view, std::span<const std::string> names) {
  std::set<std::string> taken;
  for (const auto i : view.reports) {
    const std::string plain = printable(names[i]);
    std::string name = plain;
    for (int n = 2; !taken.insert(name).second; ++n) name = fmt::format("{} ({})", plain, n);
    view.kernels.push_back(name);
    view.colours.push_back(colour_at(view.reports.size() == 1
                                         ? 0
                                         : static_cast<double>(view.colours.size()) /
                                               static_cast<double>(view.reports.size() - 1)));
  }
}

}  // namespace

std::vector<View> views_of(std::span<const Report> reports) {
  const auto names = compare::kernel_names(reports);
  const bool clocks = std::ranges::any_of(
      reports, [&](const Report& r) { return r.cell.clock != reports.front().cell.clock; });
  std::vector<View> views;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const auto home = std::ranges::find_if(
        views, [&](const View& v) { return one_view(reports[v.reports.front()], reports[i]); });
    if (home != views.end()) {
      home->reports.push_back(i);
    } else {
      views.push_back({.label{}, .name{}, .reports{i}, .kernels{}, .colours{}});
    }
  }
  const auto user = [&](const View& v) { return reports[v.reports.front()].cell.user; };
  std::ranges::stable_sort(views, [&](const View& a, const View& b) { return user(a) > user(b); });
  for (auto& view : views) {
    std::ranges::stable_sort(view.reports, [&](std::size_t a, std::size_t b) {
      return model::compare_versions(compare::release_of(reports[a]),
                                     compare::release_of(reports[b])) < 0;
    });
    name_view(view, reports[view.reports.front()], clocks);
    name_kernels(view, names);
  }
  return views;
}

}  // namespace nsvet::render
