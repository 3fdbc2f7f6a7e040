#include "compare/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "compare/costs.h"
#include "golden_statistics.h"
#include "model/statistics.h"

namespace nsvet::compare {
namespace {

TEST(Shift, IsWhatSciPySays) {
  for (const auto& golden : kGoldenShifts) {
    const Shift shift = shift_between(golden.a, golden.b, 0.05);
    EXPECT_NEAR(shift.p, golden.p, 1e-9);
    EXPECT_NEAR(shift.estimate, golden.estimate, 1e-9);
    if (!golden.exact) continue;
    EXPECT_NEAR(shift.low, golden.low, 1e-9);
    EXPECT_NEAR(shift.high, golden.high, 1e-9);
  }
}

TEST(Shift, IsBoundlessForTooFewSamples) {
  const std::vector<double> a{1, 2, 3};
  const std::vector<double> b{11, 12, 13};
  const Shift shift = shift_between(a, b, 0.05);
  EXPECT_EQ(shift.low, -HUGE_VAL);
  EXPECT_EQ(shift.high, HUGE_VAL);
  EXPECT_DOUBLE_EQ(shift.p, smallest_p(3, 3));
}

TEST(Shift, OfEqualValuesIsNone) {
  const std::vector<double> a(10, 5.0);
  EXPECT_DOUBLE_EQ(shift_between(a, a, 0.05).p, 1);
}

TEST(NormalQuantile, IsWhatSciPySays) {
  for (const auto& golden : kGoldenQuantiles) {
    EXPECT_NEAR(normal_quantile(golden.q), golden.z, 1e-9);
  }
}

TEST(SmallestP, IsOneOrderOfAll) {
  EXPECT_NEAR(smallest_p(4, 4), 2.0 / 70, 1e-12);
  EXPECT_NEAR(smallest_p(5, 5), 2.0 / 252, 1e-12);
}

TEST(Holm, StepsDown) {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005};
  EXPECT_THAT(holm(p), testing::Pointwise(testing::DoubleNear(1e-12),
                                          std::vector<double>{0.03, 0.06, 0.06, 0.02}));
}

// A report on the wall clock: rows benchmarks of `rounds` processes each, log-normal.
model::Report simulated(std::mt19937_64& random, std::size_t rows, std::size_t rounds,
                        double deviation, double factor) {
  std::normal_distribution<double> noise(0, deviation);
  model::Report report;
  report.cell.clock = model::Clock::wall;
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<model::Samples> samples;
    std::vector<std::string> labels;
    const std::string id = "op/" + std::to_string(row);
    for (std::size_t i = 0; i < rounds; ++i) {
      const auto median = static_cast<std::int64_t>(10000 * factor * std::exp(noise(random)));
      samples.push_back({id, model::Clock::wall, median, {median}, 0, "", ""});
      labels.push_back(std::to_string(i));
    }
    report.benchmarks.push_back(model::summarise(samples, labels));
  }
  return report;
}

std::size_t count(const std::vector<CostRow>& rows, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(rows, verdict, &CostRow::verdict));
}

TEST(WallCosts, ReportNoChangeBetweenEqualsMoreOftenThanStated) {
  std::mt19937_64 random(1);
  int reports_with_a_finding = 0;
  for (int i = 0; i < 200; ++i) {
    const auto a = simulated(random, 40, 10, 0.12, 1);
    const auto b = simulated(random, 40, 10, 0.12, 1);
    const auto rows = cost_rows(a, b);
    if (count(rows, Verdict::regression) + count(rows, Verdict::improvement) > 0) {
      ++reports_with_a_finding;
    }
  }
  EXPECT_LE(reports_with_a_finding, 10);  // 5 % of 200
}

TEST(WallCosts, FindAChangeOfTheSizeThatTheySayIsDetectable) {
  std::mt19937_64 random(2);
  const auto probe =
      cost_rows(simulated(random, 40, 10, 0.03, 1), simulated(random, 40, 10, 0.03, 1));
  double detectable = 0;
  for (const auto& row : probe) detectable += *row.detectable / 40;
  std::size_t found = 0;
  for (int i = 0; i < 25; ++i) {
    const auto rows = cost_rows(simulated(random, 40, 10, 0.03, 1),
                                simulated(random, 40, 10, 0.03, 1 + detectable));
    found += count(rows, Verdict::regression);
  }
  EXPECT_GE(found, 762U);  // 80 % of 25 * 40, less three standard errors
}

TEST(WallCosts, CannotTellFromFewOrNoisyRounds) {
  std::mt19937_64 random(3);
  const auto few = cost_rows(simulated(random, 40, 4, 0.01, 1), simulated(random, 40, 4, 0.01, 2));
  EXPECT_EQ(count(few, Verdict::cannot_tell), 40U);
  EXPECT_FALSE(few[0].detectable);
  const auto noisy = cost_rows(simulated(random, 5, 10, 0.3, 1), simulated(random, 5, 10, 0.3, 1));
  EXPECT_EQ(count(noisy, Verdict::cannot_tell), 5U);
  const auto calm =
      cost_rows(simulated(random, 5, 10, 0.005, 1), simulated(random, 5, 10, 0.005, 1));
  EXPECT_EQ(count(calm, Verdict::same), 5U);
}

}  // namespace
}  // namespace nsvet::compare
