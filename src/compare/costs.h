// What operations cost on two kernels, and what can be said of the difference.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/report.h"

namespace nsvet::compare {

enum class Verdict {
  same,
  regression,
  improvement,
  cannot_tell,  ///< A difference that would matter could have gone unseen.
};

inline constexpr std::string_view kVerdictNames[] = {"same", "regression", "improvement",
                                                     "cannot tell"};
constexpr std::string_view to_string(Verdict verdict) {
  return kVerdictNames[static_cast<std::size_t>(verdict)];
}

/// One benchmark's headline on both sides, or the growth of one curve. On the insn clock the
/// headline is what differs less between boots: the median call, or the cheapest.
struct CostRow {
  enum class Kind { cost, growth };
  Kind kind = Kind::cost;
  std::string id;
  double before = 0;  ///< Instructions or nanoseconds; of a growth, for each step.
  double after = 0;
  double floor = 0;    ///< A smaller difference is noise, in the same unit.
  std::string note{};  ///< Of a growth: how its shape changed; empty when it did not.
  Verdict verdict = Verdict::same;
  // Wall clock only.
  double low = 0;  ///< 95 % interval of after/before - 1.
  double high = 0;
  double p = 1;                        ///< Corrected for all rows.
  std::optional<double> detectable{};  ///< Smallest relative change found in four of five cases.
  /// 0 where there is no share: of nothing, or of a curve that did not rise by one a step.
  double change() const {
    return before < (kind == Kind::growth ? 1 : 0) || before == 0 ? 0 : after / before - 1;
  }
};

/// Rows for what both reports have figures of, in the order of their ids; curves last.
std::vector<CostRow> cost_rows(const model::Report& base, const model::Report& next);

}  // namespace nsvet::compare
