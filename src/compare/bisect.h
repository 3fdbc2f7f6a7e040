// Which of the kernels between a good and a bad one is the first bad one.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "model/error.h"
#include "model/report.h"

namespace nsvet::compare {

enum class Side {
  good,
  bad,
  untold,  ///< The kernel does not boot, or has no such figure.
};

/// One benchmark or check that a good and a bad kernel differ in.
class Subject {
 public:
  enum class Kind { benchmark, check };

  /// @return bad_input when a report lacks it, or they do not differ in it beyond the noise
  static model::Result<Subject> between(const model::Report& good, const model::Report& bad,
                                        Kind kind, std::string id);

  /// A cost is on the side that it is nearer to. A check is on the good side while its outcome, or
  /// the facts that differ where the outcomes agree, are those of the good kernel.
  Side side_of(const model::Report& report) const;

  /// @return the cost or the outcome as text; why there is none otherwise
  std::string shown(const model::Report& report) const;

 private:
  Subject(Kind kind, std::string id) : kind_(kind), id_(std::move(id)) {}

  Kind kind_;
  std::string id_;
  model::BenchmarkResult good_cost_;
  model::BenchmarkResult bad_cost_;
  model::CheckResult good_;
  std::vector<std::string> facts_;  ///< That differ, where the outcomes do not.
};

struct Bisection {
  std::size_t last_good = 0;
  std::size_t first_bad = 0;
  std::vector<std::size_t> untold;  ///< Between the two: each may be the first bad one as well.
};

/// Halves what lies between the first of `count` kernels, which is good, and the last, which is
/// bad.
/// @param ask tells the side of a kernel; its error ends the search
/// @return bad_input for fewer than two kernels
model::Result<Bisection> bisect(std::size_t count,
                                const std::function<model::Result<Side>(std::size_t)>& ask);

}  // namespace nsvet::compare
