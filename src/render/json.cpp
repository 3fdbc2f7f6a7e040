#include "render/json.h"

#include <nlohmann/json.hpp>

namespace nsvet::render {
namespace {

using Json = nlohmann::ordered_json;

Json to_value(const compare::Finding& f) {
  Json value{{"kind", to_string(f.kind)},
             {"id", f.id},
             {"before", f.before},
             {"after", f.after},
             {"effect", to_string(f.effect)},
             {"change", f.change},
             {"expected", f.expected}};
  if (!f.follows.empty()) value["follows"] = f.follows;
  if (!f.reason.empty()) value["reason"] = f.reason;
  for (const auto& function : f.functions) {
    value["functions"].push_back(
        {{"name", function.name}, {"before", function.before}, {"after", function.after}});
  }
  if (!f.why.empty()) {
    value["why"] = f.why;
    value["source"] = f.source;
  }
  return value;
}

Json to_value(const compare::CostRow& row, model::Clock clock) {
  Json value{{"kind", row.kind == compare::CostRow::Kind::growth ? "growth" : "cost"},
             {"id", row.id},
             {"before", row.before},
             {"after", row.after},
             {"floor", row.floor},
             {"verdict", to_string(row.verdict)}};
  if (clock == model::Clock::wall) {
    value["interval"] = {row.low, row.high};  // Not a number of JSON when unbounded: null.
    value["p"] = row.p;
    value["detectable"] = row.detectable ? Json(*row.detectable) : Json();
  }
  return value;
}

Json to_value(const compare::StructureChange& change) {
  Json value{{"name", change.name}};
  if (change.before) value["before"] = *change.before;
  if (change.after) value["after"] = *change.after;
  value["came"] = change.came;
  value["went"] = change.went;
  value["changed"] = change.changed;
  value["moved"] = change.moved;
  return value;
}

}  // namespace

std::string json(const compare::ComparisonSet& set) {
  Json rows = Json::array();
  for (const auto& c : set.comparisons) {
    Json findings = Json::array();
    for (const auto& finding : c.findings) findings.push_back(to_value(finding));
    Json costs = Json::array();
    for (const auto& row : c.costs) costs.push_back(to_value(row, c.clock));
    Json structures = Json::array();
    for (const auto& change : c.structures) structures.push_back(to_value(change));
    rows.push_back({{"base", c.base},
                    {"new", c.next},
                    {"user", c.user},
                    {"append", c.append},
                    {"clock", to_string(c.clock)},
                    {"unexpected", c.unexpected()},
                    {"following", c.following()},
                    {"checks_same", c.checks_same},
                    {"fail_on_both", c.fail_on_both},
                    {"notes", c.notes},
                    {"structures", std::move(structures)},
                    {"findings", std::move(findings)},
                    {"costs", std::move(costs)}});
  }
  const Json document{{"schema", "nsvet.comparison/1"},
                      {"comparisons", std::move(rows)},
                      {"unmatched", set.unmatched}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace nsvet::render
