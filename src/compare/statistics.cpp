#include "compare/statistics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace nsvet::compare {
namespace {

constexpr double kPower = 0.8;

// In how many orders of n_a and n_b values U takes each of its values 0 .. n_a * n_b: the
// coefficients of the Gaussian binomial, as doubles since they overflow integers.
std::vector<double> orders_of_u(std::size_t n_a, std::size_t n_b) {
  const std::size_t most = n_a * n_b;
  std::vector<double> orders(most + 1, 0.0);
  orders[0] = 1;
  for (std::size_t i = 1; i <= n_a; ++i) {
    for (std::size_t u = most; u >= n_b + i && u <= most; --u) orders[u] -= orders[u - n_b - i];
    for (std::size_t u = i; u <= most; ++u) orders[u] += orders[u - i];
  }
  return orders;
}

// P(U <= u) for each u.
std::vector<double> distribution_of_u(std::size_t n_a, std::size_t n_b) {
  auto share = orders_of_u(n_a, n_b);
  const double all = std::accumulate(share.begin(), share.end(), 0.0);
  double sum = 0;
  for (double& value : share) value = (sum += value) / all;
  return share;
}

// Beyond this the distribution is normal for all that matters, and the exact one is slow.
constexpr std::size_t kMostPairs = 10'000;

double variance_of_u(double n_a, double n_b, double ties) {
  const double n = n_a + n_b;
  return n_a * n_b / 12 * (n + 1 - ties / (n * (n - 1)));
}

// The sum of t^3 - t over the groups of equal values.
double tie_term(std::span<const double> a, std::span<const double> b) {
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  std::ranges::sort(all);
  double term = 0;
  for (auto run = all.begin(); run != all.end();) {
    const auto next = std::upper_bound(run, all.end(), *run);
    const auto t = static_cast<double>(next - run);
    term += t * t * t - t;
    run = next;
  }
  return term;
}

double variance(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / (n - 1);
}

}  // namespace

Shift shift_between(std::span<const double> a, std::span<const double> b, double alpha) {
  const std::size_t pairs = a.size() * b.size();
  std::vector<double> differences;
  differences.reserve(pairs);
  double below = 0;  // U of b: pairs in which b is the smaller, a tie for a half.
  for (const double x : a) {
    for (const double y : b) {
      differences.push_back(y - x);
      below += y < x ? 1 : (y == x ? 0.5 : 0);
    }
  }
  std::ranges::sort(differences);
  const double most = static_cast<double>(pairs);
  const double rare = std::min(below, most - below);
  const double ties = tie_term(a, b);
  const double deviation =
      std::sqrt(variance_of_u(static_cast<double>(a.size()), static_cast<double>(b.size()), ties));

  Shift shift;
  shift.estimate = middle(differences);
  std::size_t outside = 0;  // How many differences lie beyond the interval at each end.
  if (pairs <= kMostPairs) {
    const auto at_most = distribution_of_u(a.size(), b.size());
    while (outside < pairs && at_most[outside] <= alpha / 2) ++outside;
    shift.p = std::min(1.0, 2 * at_most[static_cast<std::size_t>(rare)]);
  } else {
    outside = static_cast<std::size_t>(
        std::max(0.0, most / 2 - normal_quantile(1 - alpha / 2) * deviation));
  }
  if (ties > 0 || pairs > kMostPairs) {
    const double z = (most / 2 - rare - 0.5) / deviation;
    shift.p = deviation > 0 ? std::min(1.0, std::erfc(z / std::numbers::sqrt2)) : 1.0;
  }
  // Samples too small for the confidence: the interval is everything.
  const bool bounded = outside > 0;
  const std::size_t end = bounded ? outside - 1 : 0;
  shift.low = bounded ? differences[end] : -HUGE_VAL;
  shift.high = bounded ? differences[pairs - 1 - end] : HUGE_VAL;
  return shift;
}

double smallest_p(std::size_t n_a, std::size_t n_b) {
  double orders = 1;
  for (std::size_t i = 1; i <= n_a; ++i) {
    orders *= static_cast<double>(n_b + i) / static_cast<double>(i);
  }
  return std::min(1.0, 2 / orders);
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, static_cast<double>(order.size() - rank) * p[order[rank]]);
    adjusted[order[rank]] = std::min(1.0, largest);
  }
  return adjusted;
}

double normal_quantile(double q) {
  double low = -40;
  double high = 40;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double mid = (low + high) / 2;
    (std::erfc(-mid / std::numbers::sqrt2) / 2 < q ? low : high) = mid;
  }
  return (low + high) / 2;
}

std::optional<double> detectable_shift(std::span<const double> a, std::span<const double> b,
                                       double alpha) {
  if (a.size() < 2 || b.size() < 2 || smallest_p(a.size(), b.size()) > alpha) return std::nullopt;
  const auto n_a = static_cast<double>(a.size());
  const auto n_b = static_cast<double>(b.size());
  const double pooled =
      std::sqrt(((n_a - 1) * variance(a) + (n_b - 1) * variance(b)) / (n_a + n_b - 2));
  // Student's quantile, by the first term of its expansion; pi/3 is the price, at normal noise, of
  // a rank test.
  const double z = normal_quantile(1 - alpha / 2);
  const double t = z + z * (z * z + 1) / (4 * (n_a + n_b - 2));
  return (t + normal_quantile(kPower)) * pooled *
         std::sqrt((1 / n_a + 1 / n_b) * std::numbers::pi / 3);
}

double middle(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace nsvet::compare
