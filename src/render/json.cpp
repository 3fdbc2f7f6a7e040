#include "render/json.h"

#include <array>
#include <nlohmann/json.hpp>

namespace nsvet::render {

std::string json(std::span<const compare::Comparison> comparisons) {
  using Json = nlohmann::ordered_json;
  constexpr std::array<const char*, 6> kKinds{"rule",       "fact", "cost",
                                              "kernel_log", "end",  "residue"};
  Json rows = Json::array();
  for (const auto& comparison : comparisons) {
    Json findings = Json::array();
    for (const auto& finding : comparison.findings) {
      findings.push_back({{"kind", kKinds[static_cast<std::size_t>(finding.kind)]},
                          {"id", finding.id},
                          {"before", finding.before},
                          {"after", finding.after},
                          {"change", finding.change},
                          {"expected", finding.expected},
                          {"why", finding.why},
                          {"source", finding.source}});
    }
    Json costs = Json::array();
    for (const auto& row : comparison.costs) {
      costs.push_back({{"id", row.id},
                       {"before", row.before},
                       {"after", row.after},
                       {"floor", row.floor},
                       {"differs", row.differs}});
    }
    rows.push_back({{"base", comparison.base},
                    {"new", comparison.next},
                    {"user", comparison.user},
                    {"clock", to_string(comparison.clock)},
                    {"unexpected", comparison.unexpected()},
                    {"checks_same", comparison.checks_same},
                    {"findings", std::move(findings)},
                    {"costs", std::move(costs)}});
  }
  const Json document{{"schema", "nsvet.comparison/1"}, {"comparisons", std::move(rows)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace nsvet::render
