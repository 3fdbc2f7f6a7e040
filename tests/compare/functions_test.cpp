#include "compare/functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare/compare.h"

namespace nsvet::compare {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FunctionChanges, AreTheDifferenceOfTheFiguresLargestFirst) {
  const model::Profile before{100, {{"a", 50}, {"b", 30}, {"gone", 20}}, 0};
  const model::Profile after{190, {{"new", 90}, {"a", 60}, {"b", 40}}, 0};
  EXPECT_THAT(function_changes(before, after, 5),
              ElementsAre(FunctionChange{"new", 0, 90}, FunctionChange{"gone", 20, 0},
                          FunctionChange{"a", 50, 60}, FunctionChange{"b", 30, 40}));
  EXPECT_THAT(function_changes(before, after, 2),
              ElementsAre(FunctionChange{"new", 0, 90}, FunctionChange{"gone", 20, 0},
                          FunctionChange{"[others]", 80, 100}));
}

TEST(FunctionChanges, MakeNothingUpOfWhatIsNotListed) {
  const model::Profile cut{100, {{"a", 50}, {"b", 20}}, 30};
  const model::Profile whole{125, {{"a", 50}, {"c", 40}, {"b", 20}, {"d", 15}}, 0};
  // c cost 20 at most before; d may have cost what it costs now.
  EXPECT_THAT(function_changes(cut, whole, 5),
              ElementsAre(FunctionChange{"c", 20, 40}, FunctionChange{"[others]", 80, 85}));
}

TEST(FunctionChanges, AreNoneWhereNothingDiffers) {
  const model::Profile same{100, {{"a", 100}}, 0};
  EXPECT_THAT(function_changes(same, same, 5), IsEmpty());
}

model::Report report(std::int64_t cost, bool explained) {
  model::Report report;
  report.cell.clock = model::Clock::insn;
  model::BenchmarkResult bench;
  bench.id = "unshare/pid";
  bench.clock = model::Clock::insn;
  bench.count = 3;
  bench.cold = bench.p50 = bench.min = bench.max = cost;
  for (const char* label : {"1", "2", "3"}) bench.rounds.push_back({label, cost, cost, cost, 1});
  bench.samples = {cost, cost, cost};
  if (explained) bench.profile = {cost, {{"strlen", cost - 100}, {"a", 100}}, 0};
  report.benchmarks = {bench};
  return report;
}

TEST(Compare, TellsFunctionsWhenBothReportsDo) {
  const auto both = compare(report(2000, true), report(5000, true), {});
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_EQ(both->findings.size(), 1U);
  EXPECT_THAT(both->findings[0].functions, ElementsAre(FunctionChange{"strlen", 1900, 4900}));
  const auto one = compare(report(2000, true), report(5000, false), {});
  ASSERT_EQ(one->findings.size(), 1U);
  EXPECT_THAT(one->findings[0].functions, IsEmpty());
}

}  // namespace
}  // namespace nsvet::compare
