// What decides whether two sets of run medians differ. Exact where the samples are small; checked
// against SciPy (tests/compare/golden_statistics.py).
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace nsvet::compare {

/// A two-sample comparison of locations.
struct Shift {
  double estimate = 0;  ///< Hodges-Lehmann: the median of all differences b - a.
  double low = 0;       ///< The interval of the stated confidence.
  double high = 0;
  double p = 1;  ///< Mann-Whitney U, two-sided.
};

/// Compares two samples that are independent of each other, whatever their distribution.
/// Without ties p and interval are exact; with ties p is the normal approximation, corrected for
/// ties and continuity.
/// @param alpha one less the confidence of the interval
/// @pre neither sample is empty
Shift shift_between(std::span<const double> a, std::span<const double> b, double alpha);

/// @return the smallest p that any two samples of these sizes can have
double smallest_p(std::size_t n_a, std::size_t n_b);

/// Holm's step-down correction.
/// @return the adjusted values, in the order of `p`
std::vector<double> holm(std::span<const double> p);

/// @return the quantile of the standard normal distribution
/// @pre 0 < q < 1
double normal_quantile(double q);

/// The shift that shift_between() would find in four of five cases.
/// @param alpha the level that p must reach
/// @return nullopt when samples of these sizes cannot reach it with any shift
std::optional<double> detectable_shift(std::span<const double> a, std::span<const double> b,
                                       double alpha);

/// @return the middle value, or the mean of the two in the middle
/// @pre not empty
double middle(std::vector<double> values);

}  // namespace nsvet::compare
