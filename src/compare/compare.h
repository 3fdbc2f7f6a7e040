// Two reports, and what differs between them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compare/known_changes.h"
#include "model/error.h"
#include "model/report.h"

namespace nsvet::compare {

struct Finding {
  enum class Kind { rule, fact, cost, kernel_log, end, residue };
  Kind kind = Kind::rule;
  std::string id;  ///< Of the check or benchmark; for others, what it is about.
  std::string before;
  std::string after;
  double change = 0;  ///< Of a cost: after/before - 1.
  bool expected = false;
  std::string why;  ///< The known change that explains it; or what makes it matter.
  std::string source;
};

/// One benchmark's headline on both sides.
struct CostRow {
  std::string id;
  std::int64_t before = 0;
  std::int64_t after = 0;
  std::int64_t floor = 0;  ///< A smaller difference is noise.
  bool differs = false;
};

struct Comparison {
  std::string base;  ///< Release of the old kernel.
  std::string next;  ///< Release of the new kernel.
  std::string user;
  model::Clock clock = model::Clock::wall;
  std::vector<Finding> findings;  ///< Unexpected ones first, then by kind, then by size.
  std::vector<CostRow> costs;     ///< All benchmarks that both have.
  std::size_t checks_same = 0;
  std::size_t unexpected() const;
};

/// Compares two cells.
/// @return bad_input when their figures cannot be compared, with what differs
model::Result<Comparison> compare(const model::Report& base, const model::Report& next,
                                  const std::vector<KnownChange>& changes);

}  // namespace nsvet::compare
