#include "model/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nsvet::model {
namespace {

// A quantile needs ten samples beyond it to be more than the story of one outlier.
constexpr std::size_t kSamplesBeyond = 10;

std::optional<std::int64_t> supported_quantile(std::span<const std::int64_t> sorted, double q) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  if (sorted.size() - rank < kSamplesBeyond) return std::nullopt;
  return quantile(sorted, q);
}

}  // namespace

std::int64_t quantile(std::span<const std::int64_t> sorted, double q) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

std::int64_t median(std::vector<std::int64_t> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return quantile(values, 0.5);
}

BenchmarkResult summarise(std::span<const Samples> rounds, std::span<const std::string> labels) {
  BenchmarkResult result;
  result.id = rounds.front().id;
  result.clock = rounds.front().clock;
  result.unit = rounds.front().unit;
  std::vector<std::int64_t> medians;
  std::vector<std::int64_t> colds;
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    const Samples& round = rounds[i];
    result.failed_calls += round.failed_calls;
    if (result.skipped.empty()) result.skipped = round.skipped;
    if (result.error.empty()) result.error = round.error;
    if (round.warm.empty()) continue;
    auto sorted = round.warm;
    std::ranges::sort(sorted);
    medians.push_back(quantile(sorted, 0.5));
    colds.push_back(round.cold);
    result.rounds.push_back({labels[i], round.cold, medians.back(), sorted.front(),
                             static_cast<std::int64_t>(sorted.size())});
    result.samples.insert(result.samples.end(), sorted.begin(), sorted.end());
  }
  if (result.samples.empty()) return result;
  auto& samples = result.samples;
  std::ranges::sort(samples);
  const auto [lowest, highest] = std::ranges::minmax(medians);
  result.count = static_cast<std::int64_t>(samples.size());
  result.cold = median(colds);
  result.p50 = median(medians);
  result.min = samples.front();
  result.max = samples.back();
  result.mean =
      std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
  result.p90 = supported_quantile(samples, 0.9);
  result.p99 = supported_quantile(samples, 0.99);
  result.spread = highest - lowest;
  return result;
}

}  // namespace nsvet::model
