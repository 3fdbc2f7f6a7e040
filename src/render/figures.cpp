#include "render/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "model/growth.h"
#include "render/charts.h"
#include "render/views.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

using Json = nlohmann::ordered_json;
using model::BenchmarkResult;
using model::Report;

constexpr std::size_t kMostChanges = 40;  ///< Operations in one chart of changes.
constexpr std::size_t kLeastPoints = 3;   ///< Of a curve.

std::string file_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '=';
    name += plain ? c : '-';
  }
  return name.substr(0, 120);
}

Json cost_row(const BenchmarkResult& result, const std::string& kernel) {
  const auto [low, high] = std::ranges::minmax(result.rounds, {}, &model::Round::p50);
  return {{"operation", result.id},
          {"kernel", kernel},
          {"cost", result.p50},
          {"low", low.p50},
          {"high", high.p50}};
}

void add_distribution(Json& rows, const BenchmarkResult& result, const std::string& kernel) {
  const auto& sorted = result.samples;
  for (auto run = sorted.begin(); run != sorted.end();) {
    const auto next = std::upper_bound(run, sorted.end(), *run);
    // A step starts where the one before ended.
    if (run == sorted.begin()) {
      rows.push_back({{"operation", result.id}, {"kernel", kernel}, {"cost", *run}, {"share", 0}});
    }
    rows.push_back({{"operation", result.id},
                    {"kernel", kernel},
                    {"cost", *run},
                    {"share", static_cast<double>(next - sorted.begin()) /
                                  static_cast<double>(sorted.size())}});
    run = next;
  }
}

// "unshare" of unshare/pid, "inside/fork" of inside/fork/user:30.
std::string family_of(const std::string& id) {
  const auto first = id.find('/');
  return id.substr(
      0, id.starts_with("inside/") || id.starts_with("look/") ? id.find('/', first + 1) : first);
}

/// Figures of one view.
class Figures {
 public:
  Figures(std::span<const Report> reports, const View& view, std::vector<Figure>& out)
      : reports_(reports), view_(view), out_(out) {}

  void changes(const compare::ComparisonSet& set) {
    struct Operation {
      double largest = 0;
      Json rows = Json::array();
    };
    std::map<std::string, Operation> operations;
    for (std::size_t i = 0; i < view_.reports.size(); ++i) {
      for (const auto& c : set.comparisons) {
        if (c.next_report != view_.reports[i]) continue;
        for (const auto& row : c.costs) {
          if (row.kind != compare::CostRow::Kind::cost || row.before <= 0 || row.after <= 0)
            continue;
          auto& operation = operations[row.id];
          const bool differs = row.verdict == compare::Verdict::regression ||
                               row.verdict == compare::Verdict::improvement;
          const double change = std::abs(std::log(row.after / row.before));
          if (differs) operation.largest = std::max(operation.largest, change);
          operation.rows.push_back({{"operation", row.id},
                                    {"kernel", view_.kernels[i]},
                                    {"before", row.before},
                                    {"after", row.after},
                                    {"change", differs ? share_of(row) : std::string()},
                                    {"direction", row.after > row.before ? "dearer" : "cheaper"},
                                    {"strength", differs ? std::min(1.0, change) : 0}});
        }
      }
    }
    std::vector<const Operation*> changed;
    for (const auto& [id, operation] : operations) {
      if (operation.largest > 0) changed.push_back(&operation);
    }
    if (changed.empty()) return;
    std::ranges::stable_sort(changed, std::ranges::greater(), &Operation::largest);
    const std::size_t shown = std::min(changed.size(), kMostChanges);
    Json rows = Json::array();
    for (std::size_t i = 0; i < shown; ++i)
      rows.insert(rows.end(), changed[i]->rows.begin(), changed[i]->rows.end());
    add("changes", changes_chart(), std::move(rows),
        shown < changed.size() ? fmt::format("Changed costs, {}: the {} largest of {}", view_.label,
                                             shown, changed.size())
                               : fmt::format("Changed costs, {}", view_.label));
  }

  // Points of curves stand in their own figures.
  void costs() {
    struct Family {
      Json costs = Json::array();
      Json distribution = Json::array();
      std::string_view unit;
    };
    const auto curves = curves_of_view();
    std::map<std::string, Family> families;
    each([&](const BenchmarkResult& result, const std::string& kernel) {
      const auto point = model::point_of(result.id);
      if (point && curves.contains(point->curve)) return;
      auto& family = families[family_of(result.id)];
      family.unit = unit_name(result.unit, result.clock);
      family.costs.push_back(cost_row(result, kernel));
      add_distribution(family.distribution, result, kernel);
    });
    for (auto& [name, family] : families) {
      figure("costs", name, faceted(costs_chart()), family.costs, family.unit);
      figure("distribution", name, faceted(distribution_chart()), family.distribution, family.unit);
    }
    for (const auto& [name, curve] : curves) {
      figure("curve", name, curve_chart(), curve.rows, curve.unit);
    }
  }

 private:
  struct Curve {
    Json rows = Json::array();
    std::set<double> points;
    std::string_view unit;
  };

  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t i = 0; i < view_.reports.size(); ++i) {
      for (const auto& result : reports_[view_.reports[i]].benchmarks) {
        if (!result.rounds.empty() && !result.samples.empty()) visit(result, view_.kernels[i]);
      }
    }
  }

  std::map<std::string, Curve> curves_of_view() const {
    std::map<std::string, Curve> curves;
    each([&](const BenchmarkResult& result, const std::string& kernel) {
      const auto point = model::point_of(result.id);
      if (!point) return;
      auto& curve = curves[point->curve];
      auto row = cost_row(result, kernel);
      row["at"] = point->at;
      curve.rows.push_back(std::move(row));
      curve.points.insert(point->at);
      curve.unit = unit_name(result.unit, result.clock);
    });
    std::erase_if(curves,
                  [](const auto& item) { return item.second.points.size() < kLeastPoints; });
    return curves;
  }

  void figure(std::string_view kind, const std::string& what, Json spec, const Json& rows,
              std::string_view unit) {
    add(fmt::format("{}-{}", kind, what), std::move(spec), rows,
        fmt::format("{}, {}", what, view_.label), unit,
        "argument: " + what.substr(what.rfind('/') + 1));
  }

  void add(std::string_view name, Json spec, Json rows, std::string title,
           std::string_view unit = {}, std::string_view argument = {}) {
    dress(spec, view_, unit, argument);
    spec["title"] = {{"text", std::move(title)}, {"anchor", "start"}};
    spec["data"]["values"] = std::move(rows);
    spec["background"] = "white";
    out_.push_back({file_name(fmt::format("{}-{}", name, view_.name)), std::move(spec)});
  }

  std::span<const Report> reports_;
  const View& view_;
  std::vector<Figure>& out_;
};

}  // namespace

std::vector<Figure> figures_of(std::span<const Report> reports, const compare::ComparisonSet& set) {
  std::vector<Figure> out;
  for (const auto& view : views_of(reports)) {
    Figures figures(reports, view, out);
    figures.changes(set);
    figures.costs();
  }
  return out;
}

}  // namespace nsvet::render
