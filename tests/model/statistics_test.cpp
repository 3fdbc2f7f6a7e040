#include "model/statistics.h"

#include <gtest/gtest.h>

namespace nsvet::model {
namespace {

TEST(Quantile, IsAMeasuredValue) {
  const std::vector<std::int64_t> values{1, 2, 3, 4};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 0.5), 2);
  EXPECT_EQ(quantile(values, 0.51), 3);
  EXPECT_EQ(quantile(values, 1), 4);
}

TEST(Summarise, TakesTheMedianOfTheRoundsMedians) {
  const Samples rounds[] = {{"b", Clock::wall, 10, {1, 1, 100}, 0, "", ""},
                            {"b", Clock::wall, 30, {3, 3, 3}, 2, "", ""},
                            {"b", Clock::wall, 20, {2, 2, 2}, 0, "", ""}};
  const std::string labels[] = {"x", "y", "z"};
  const auto result = summarise(rounds, labels);
  EXPECT_EQ(result.p50, 2);
  EXPECT_EQ(result.cold, 20);
  EXPECT_EQ(result.spread, 2);
  EXPECT_EQ(result.count, 9);
  EXPECT_EQ(result.max, 100);
  EXPECT_EQ(result.failed_calls, 2);
  EXPECT_EQ(result.rounds[1].label, "y");
}

TEST(Summarise, GivesNoQuantileThatTheCountDoesNotSupport) {
  const std::string label = "x";
  Samples few{"b", Clock::wall, 1, std::vector<std::int64_t>(99, 5), 0, "", ""};
  EXPECT_FALSE(summarise({&few, 1}, {&label, 1}).p90);
  few.warm.resize(100, 5);
  EXPECT_TRUE(summarise({&few, 1}, {&label, 1}).p90);
  EXPECT_FALSE(summarise({&few, 1}, {&label, 1}).p99);
}

TEST(Summarise, CarriesWhyThereIsNoFigure) {
  const Samples none{"b", Clock::wall, 0, {}, 0, "no type", ""};
  const std::string label = "x";
  const auto result = summarise({&none, 1}, {&label, 1});
  EXPECT_EQ(result.skipped, "no type");
  EXPECT_EQ(result.count, 0);
}

}  // namespace
}  // namespace nsvet::model
