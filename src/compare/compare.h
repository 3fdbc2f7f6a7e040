// Two reports, and what differs between them.
#pragma once

#include <string>
#include <vector>

#include "compare/costs.h"
#include "compare/function_causes.h"
#include "compare/functions.h"
#include "compare/known_changes.h"
#include "compare/release.h"
#include "compare/structures.h"
#include "model/error.h"
#include "model/report.h"

namespace nsvet::compare {

struct Finding {
  enum class Kind { end, rule, kernel_log, residue, cost, growth, limit, fact };
  enum class Effect { worse, better, other };
  Kind kind = Kind::rule;
  std::string id{};  ///< Of the check, benchmark, curve or limit; for others, what it is about.
  std::string before{};
  std::string after{};
  Effect effect = Effect::other;
  double change = 0;                   ///< Of a cost or growth: after/before - 1.
  double difference = 0;               ///< Of a cost or growth: after - before.
  std::vector<std::string> follows{};  ///< Costs whose changes add up to this one; see follow.h.
  std::string reason{};                ///< What the report says of it.
  /// Of a cost that both reports explain: where it changed most, see functions.h.
  std::vector<FunctionChange> functions{};
  bool expected = false;
  std::string why{};     ///< The known change or defect that explains it, and
  std::string source{};  ///< where it is documented.
};

inline constexpr std::string_view kKindNames[] = {"end",  "rule",   "kernel", "residue",
                                                  "cost", "growth", "limit",  "fact"};
constexpr std::string_view to_string(Finding::Kind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

inline constexpr std::string_view kEffectNames[] = {"worse", "better", "other"};
constexpr std::string_view to_string(Finding::Effect effect) {
  return kEffectNames[static_cast<std::size_t>(effect)];
}

struct Comparison {
  std::string base;         ///< Release of the old kernel.
  std::string next;         ///< Release of the new kernel.
  std::string base_name{};  ///< What to call them in a table: short, and unlike each other.
  std::string next_name{};
  std::size_t base_report = 0;  ///< Which of the reports that were compared these are.
  std::size_t next_report = 0;
  std::string user;
  std::vector<std::string> append{};
  model::Clock clock = model::Clock::wall;
  std::vector<Finding> findings{};  ///< Unexpected ones first, then by kind, then by size.
  std::vector<CostRow> costs{};     ///< All benchmarks and curves that both have.
  std::vector<StructureChange> structures{};
  std::size_t checks_same = 0;
  std::vector<std::string> fail_on_both{};  ///< Checks.
  std::vector<std::string> notes{};         ///< What could not be compared.
  std::size_t unexpected() const;  ///< Findings of their own: those that follow others aside.
  std::size_t following() const;   ///< Unexpected findings that follow others.
  std::size_t expected() const;
};

/// Compares two cells.
/// @return bad_input when their figures cannot be compared, with what differs
model::Result<Comparison> compare(const model::Report& base, const model::Report& next,
                                  const std::vector<KnownChange>& changes);

}  // namespace nsvet::compare
