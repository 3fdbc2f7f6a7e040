// Order statistics of samples, and the result that they make.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/benchmark.h"

namespace nsvet::model {

/// The nearest-rank quantile of sorted values: always a value that was measured.
/// @param q in [0, 1]
/// @pre `sorted` is not empty
std::int64_t quantile(std::span<const std::int64_t> sorted, double q);

/// @return the lower median of values in any order; 0 for none
std::int64_t median(std::vector<std::int64_t> values);

/// Puts the rounds of one benchmark together.
/// @param labels one for each element of `rounds`
/// @pre all rounds are of the same benchmark and clock; at least one
BenchmarkResult summarise(std::span<const Samples> rounds, std::span<const std::string> labels);

}  // namespace nsvet::model
