// Many reports: which are compared with which, and what each kernel is called.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compare/compare.h"

namespace nsvet::compare {

struct ComparisonSet {
  std::vector<Comparison> comparisons;  ///< Root first, then by user, in the order of the reports.
  std::vector<std::string> unmatched;   ///< Cells that have nothing to be compared with, named.
};

/// Compares reports of the same cell (user, boot parameters, clock) with each other.
/// @param bases how many reports, from the front, are the old side; each later one is compared with
///   the report there of the same kernel, else with the first of its cell. 0: all are kernels of
///   one series, and each is compared with the oldest of its cell.
/// @return bad_input when two figures cannot be compared; no comparison when no two cells match
model::Result<ComparisonSet> compare_all(std::span<const model::Report> reports, std::size_t bases,
                                         const std::vector<KnownChange>& changes);

/// @return a name for each report's kernel, as short as keeps them apart: 6.1.0-55 for
///   6.1.0-55-cloud-amd64. Reports of one kernel and image share their name.
std::vector<std::string> kernel_names(std::span<const model::Report> reports);

}  // namespace nsvet::compare
