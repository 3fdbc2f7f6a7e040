#include "render/page.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "compare/groups.h"
#include "compare/release.h"
#include "compare/structures.h"
#include "model/growth.h"
#include "render/charts.h"
#include "render/page_template.h"
#include "render/views.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

using compare::Comparison;
using compare::Finding;
using Json = nlohmann::ordered_json;
using model::BenchmarkResult;
using model::Report;

/// The ids of all reports in their order, with what is said of each.
class Ids {
 public:
  explicit Ids(std::span<const model::Listing> listings) {
    for (const auto& listing : listings) listings_[listing.id] = &listing;
  }

  void add(std::string_view id) {
    if (!places_.contains(id)) places_.emplace(id, 0);
  }

  void number() {
    std::size_t next = 0;
    for (auto& [id, place] : places_) place = next++;
  }

  std::size_t count() const { return places_.size(); }
  std::size_t place(std::string_view id) const { return places_.find(id)->second; }

  template <class More>
  Json rows(More more) const {
    Json rows = Json::array();
    for (const auto& [id, place] : places_) {
      Json row{{"id", id}};
      if (const auto found = listings_.find(id); found != listings_.end()) {
        row["title"] = found->second->title;
        row["rule"] = found->second->rule;
        row["source"] = found->second->source;
      }
      more(row, id);
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  std::map<std::string, const model::Listing*> listings_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

class Page {
 public:
  Page(std::span<const Report> reports, const compare::ComparisonSet& set,
       std::span<const model::Listing> listings)
      : reports_(reports), set_(set), checks_(listings), benchmarks_(listings) {
    for (const auto& report : reports) {
      for (const auto& check : report.checks) checks_.add(check.id);
      for (const auto& bench : report.benchmarks) {
        benchmarks_.add(bench.id);
        units_[bench.id] = unit_name(bench.unit, bench.clock);
        if (!bench.profile) continue;
        for (const auto& share : bench.profile->functions) functions_.add(share.name);
        for (const auto& call : bench.profile->calls) functions_.add(call.name);
      }
    }
    checks_.number();
    benchmarks_.number();
    functions_.number();
  }

  Json data() const {
    Json reports = Json::array();
    for (const auto& report : reports_) reports.push_back(of(report));
    Json views = Json::array();
    for (const auto& view : views_of(reports_)) views.push_back(of(view));
    return {{"checks", checks_.rows([](Json&, const std::string&) {})},
            {"benchmarks", benchmarks_.rows([&](Json& row, const std::string& id) {
               row["unit"] = units_.at(id);
               if (const auto point = model::point_of(id)) {
                 row["curve"] = point->curve;
                 row["at"] = point->at;
               }
             })},
            {"functions", functions_.rows([](Json&, const std::string&) {})},
            {"reports", std::move(reports)},
            {"views", std::move(views)},
            {"unmatched", set_.comparisons.empty() ? std::vector<std::string>() : set_.unmatched},
            {"charts",
             {{"changes", changes_chart()},
              {"costs", costs_chart()},
              {"distribution", distribution_chart()},
              {"curve", curve_chart()}}}};
  }

 private:
  Json of(const Report& report) const {
    std::string outcomes(checks_.count(), '-');
    Json details = Json::array();
    for (const auto& check : report.checks) {
      const auto place = checks_.place(check.id);
      outcomes[place] = to_string(check.outcome).front();
      if (Json detail = of(check); !detail.empty()) {
        details.push_back(Json::array({place, std::move(detail)}));
      }
    }
    Json costs = Json::array();
    for (const auto& bench : report.benchmarks) {
      Json cost = of(bench);
      if (bench.profile) cost["profile"] = of(*bench.profile);
      if (const auto* part = compare::structure_behind(bench.id, report.structures)) {
        cost["structure"] = part->name;
        cost["part"] = part->size;
      }
      costs.push_back(Json::array({benchmarks_.place(bench.id), std::move(cost)}));
    }
    Json log = Json::array();
    for (const auto& message : report.kernel_log) {
      log.push_back(Json::array({message.severity, message.text, message.running}));
    }
    Json limits = Json::array();
    for (const auto& [name, value] : report.limits) limits.push_back(Json::array({name, value}));
    return {{"release", compare::release_of(report)},
            {"kernel", report.cell.kernel},
            {"date", report.date},
            {"end",
             {{"state", to_string(report.end.state)},
              {"message", report.end.message},
              {"running", report.end.running},
              {"console", report.end.console}}},
            {"outcomes", outcomes},
            {"details", std::move(details)},
            {"costs", std::move(costs)},
            {"log", std::move(log)},
            {"residue", report.residue},
            {"limits", std::move(limits)},
            {"environment",
             {{"kernel", pairs(report.environment.kernel)},
              {"machine", pairs(report.environment.machine)},
              {"emulator", pairs(report.environment.emulator)},
              {"programs", pairs(report.environment.programs)}}}};
  }

  // Names that a report chose are values here: as members they could be taken for ours.
  static Json pairs(const std::map<std::string, std::string>& texts) {
    Json rows = Json::array();
    for (const auto& [name, value] : texts) rows.push_back(Json::array({name, value}));
    return rows;
  }

  static Json of(const model::CheckResult& check) {
    Json detail = Json::object();
    if (!check.reason.empty()) detail["reason"] = check.reason;
    Json evidence = Json::array();
    for (const auto& piece : check.evidence) {
      if (!piece.holds) {
        evidence.push_back(Json::array({piece.what, piece.expected, piece.observed}));
      }
    }
    if (!evidence.empty()) detail["evidence"] = std::move(evidence);
    Json facts = Json::array();
    for (const auto& [name, fact] : check.facts) {
      facts.push_back(Json::array({name, std::visit([](const auto& v) { return Json(v); }, fact)}));
    }
    if (!facts.empty()) detail["facts"] = std::move(facts);
    return detail;
  }

  static Json of(const BenchmarkResult& bench) {
    if (bench.rounds.empty()) {
      return {{"none", bench.error.empty() ? bench.skipped : bench.error},
              {"error", !bench.error.empty()}};
    }
    Json cost{{"p50", bench.p50},   {"min", bench.min},       {"max", bench.max},
              {"cold", bench.cold}, {"spread", bench.spread}, {"count", bench.count}};
    if (bench.p90) cost["p90"] = *bench.p90;
    if (bench.p99) cost["p99"] = *bench.p99;
    if (bench.failed_calls > 0) cost["failed"] = bench.failed_calls;
    const auto [low, high] = std::ranges::minmax(bench.rounds, {}, &model::Round::p50);
    cost["low"] = low.p50;
    cost["high"] = high.p50;
    cost["samples"] = steps(bench.samples);
    return cost;
  }

  Json of(const model::Profile& profile) const {
    Json functions = Json::array();
    for (const auto& share : profile.functions) {
      functions.push_back(Json::array({functions_.place(share.name), share.instructions}));
    }
    Json calls = Json::array();
    for (const auto& call : profile.calls) {
      calls.push_back(Json::array({call.depth, functions_.place(call.name), call.instructions}));
    }
    return {{"figure", profile.figure},
            {"functions", std::move(functions)},
            {"calls", std::move(calls)}};
  }

  // The distribution as [cost, calls that cost no more], in no more steps than a chart can show.
  static Json steps(const std::vector<std::int64_t>& sorted) {
    constexpr std::size_t kMost = 100;
    const std::size_t stride = std::max<std::size_t>(1, sorted.size() / kMost);
    Json rows = Json::array();
    for (std::size_t i = 0; i < sorted.size();) {
      const std::size_t at = std::min(i + stride, sorted.size()) - 1;
      const auto end = static_cast<std::size_t>(
          std::upper_bound(sorted.begin(), sorted.end(), sorted[at]) - sorted.begin());
      rows.push_back(Json::array({sorted[at], end}));
      i = end;
    }
    return rows;
  }

  Json of(const View& view) const {
    std::vector<const Comparison*> comparisons;
    for (const auto report : view.reports) {
      for (const auto& c : set_.comparisons) {
        if (c.next_report == report) comparisons.push_back(&c);
      }
    }
    Json rows = Json::array();
    for (const auto* c : comparisons) rows.push_back(of(*c));
    return {{"label", view.label},
            {"clock", to_string(view.clock)},
            {"note", clock_note(view.clock)},
            {"reports", view.reports},
            {"kernels", view.kernels},
            {"colours", view.colours},
            {"comparisons", std::move(rows)},
            {"groups", groups_of(comparisons)}};
  }

  Json of(const Comparison& c) const {
    const auto count = [&](Finding::Effect effect) {
      return std::ranges::count_if(c.findings, [&](const Finding& f) {
        return !f.expected && f.follows.empty() && f.effect == effect;
      });
    };
    Json costs = Json::array();
    Json growths = Json::array();
    for (const auto& row : c.costs) {
      const bool differs = row.verdict == compare::Verdict::regression ||
                           row.verdict == compare::Verdict::improvement;
      const std::string text = differs ? share_of(row) : no_change_of(row);
      if (row.kind == compare::CostRow::Kind::growth) {
        growths.push_back(
            Json::array({row.id, row.before, row.after, to_string(row.verdict), text}));
      } else {
        costs.push_back(Json::array({benchmarks_.place(row.id), to_string(row.verdict), text}));
      }
    }
    return {{"base", c.base_report},
            {"next", c.next_report},
            {"unexpected", c.unexpected()},
            {"worse", count(Finding::Effect::worse)},
            {"better", count(Finding::Effect::better)},
            {"other", count(Finding::Effect::other)},
            {"following", c.following()},
            {"expected", c.expected()},
            {"same", c.checks_same},
            {"fail_on_both", c.fail_on_both},
            {"notes", c.notes},
            {"costs", std::move(costs)},
            {"growths", std::move(growths)}};
  }

  // A message of the kernel is known by its text; all else by its id.
  using Key = std::tuple<Finding::Kind, std::string, std::string>;
  static Key key_of(const Finding& f) {
    return {f.kind, f.id, f.kind == Finding::Kind::kernel_log ? f.after : std::string()};
  }

  // One finding on each kernel of a view; nullptr where there is none.
  using Cells = std::vector<const Finding*>;

  // Told once for all kernels: as on the newest where it is unexpected, else on the newest.
  static const Finding* told(const Cells& cells) {
    const Finding* best = nullptr;
    for (const auto* finding : cells) {
      if (finding == nullptr) continue;
      if (best == nullptr || best->expected || !finding->expected) best = finding;
    }
    return best;
  }

  static Json groups_of(std::span<const Comparison* const> comparisons) {
    std::map<Key, Cells> table;
    for (std::size_t i = 0; i < comparisons.size(); ++i) {
      for (const auto& finding : comparisons[i]->findings) {
        auto& cells = table[key_of(finding)];
        cells.resize(comparisons.size(), nullptr);
        cells[i] = &finding;
      }
    }
    Comparison all;
    for (const auto& [key, cells] : table) all.findings.push_back(*told(cells));
    std::ranges::stable_sort(all.findings, std::ranges::greater(),
                             [](const Finding& f) { return std::abs(f.change); });
    Json rows = Json::array();
    for (const auto& group : grouped(all)) {
      Json findings = Json::array();
      for (const auto& finding : group.findings) {
        findings.push_back(row_of(finding, table.at(key_of(finding))));
      }
      rows.push_back({{"title", group.title},
                      {"source", group.source},
                      {"heading", heading(group.section)},
                      {"followers", followers_of(group)},
                      {"effect", to_string(group.effect)},
                      {"findings", std::move(findings)}});
    }
    return rows;
  }

  static Json row_of(const Finding& finding, const Cells& cells) {
    Json row{{"kind", to_string(finding.kind)},
             {"id", finding.id},
             {"before", finding.before},
             {"reason", finding.reason},
             {"cells", Json::array()}};
    for (const auto* cell : cells) {
      if (cell == nullptr) {
        row["cells"].push_back(nullptr);
        continue;
      }
      row["cells"].push_back({{"text", change_of(*cell)},
                              {"short", cell->change != 0 ? percent(cell->change) : cell->after},
                              {"functions", functions_of(*cell)},
                              {"effect", to_string(cell->effect)},
                              {"expected", cell->expected}});
    }
    return row;
  }

  std::span<const Report> reports_;
  const compare::ComparisonSet& set_;
  Ids checks_;
  Ids benchmarks_;
  Ids functions_{{}};
  std::map<std::string, std::string_view> units_;
};

// As the text of a script element: nothing in it can end the element or open a comment.
std::string inside_script(const Json& data) {
  const std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string page(std::span<const Report> reports, const compare::ComparisonSet& set,
                 std::span<const model::Listing> listings) {
  std::string html(page_head());
  html += inside_script(Page(reports, set, listings).data());
  html += page_tail();
  return html;
}

}  // namespace nsvet::render
