#include "compare/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/statistics.h"

namespace nsvet::compare {
namespace {

using model::Outcome;

model::Report report(const std::string& release, std::int64_t cost) {
  model::Report r;
  r.cell = {"k", {}, "root", model::Clock::insn};
  r.environment.kernel["release"] = release;
  r.environment.emulator["cpu"] = "Nehalem";
  const model::Samples samples{"unshare/uts", model::Clock::insn, cost, {cost, cost}, 0, "", ""};
  const std::string label = "1";
  r.benchmarks.push_back(model::summarise({&samples, 1}, {&label, 1}));
  r.checks.push_back({"uts.x", Outcome::pass, "", {}, {{"n", std::int64_t{32}}}, 0});
  return r;
}

Comparison compared(const model::Report& a, const model::Report& b,
                    const std::vector<KnownChange>& known = {}) {
  auto result = compare(a, b, known);
  EXPECT_TRUE(result);
  return result ? *result : Comparison{};
}

TEST(Compare, FindsNothingBetweenAReportAndItself) {
  EXPECT_TRUE(compared(report("6.12", 2000), report("6.12", 2000)).findings.empty());
}

TEST(Compare, FindsTwoHundredInstructionsButNotTen) {
  EXPECT_TRUE(compared(report("6.12", 2000), report("6.13", 2010)).findings.empty());
  const auto c = compared(report("6.12", 2000), report("6.13", 2200));
  ASSERT_EQ(c.findings.size(), 1U);
  EXPECT_DOUBLE_EQ(c.findings[0].change, 0.1);
  EXPECT_EQ(c.unexpected(), 1U);
}

TEST(Compare, LooksBeyondTheSpread) {
  auto base = report("6.12", 2000);
  base.benchmarks[0].spread = 300;
  EXPECT_TRUE(compared(base, report("6.13", 2200)).findings.empty());
}

TEST(Compare, FindsABrokenRuleAFactAndWhatTheKernelSaid) {
  auto next = report("6.13", 2000);
  next.checks[0].outcome = Outcome::fail;
  next.checks[0].facts["n"] = std::int64_t{31};
  next.kernel_log.push_back({"warning", "WARNING: at x", "uts.x"});
  next.end.state = model::EndState::panic;
  EXPECT_EQ(compared(report("6.12", 2000), next).unexpected(), 4U);
}

TEST(Compare, RefusesFiguresThatWereMadeDifferently) {
  auto next = report("6.13", 2000);
  next.environment.emulator["cpu"] = "max";
  const auto result = compare(report("6.12", 2000), next, {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, testing::HasSubstr("cpu (Nehalem / max)"));
}

TEST(KnownChanges, ExplainOnlyBetweenTheirVersionsAndInTheirDirection) {
  const std::vector<KnownChange> known{{"6.14", "bench:unshare/*", "up", "why", "source"}};
  EXPECT_EQ(compared(report("6.12", 2000), report("7.3", 4000), known).unexpected(), 0U);
  EXPECT_EQ(compared(report("6.15", 2000), report("7.3", 4000), known).unexpected(), 1U);
  EXPECT_EQ(compared(report("6.12", 4000), report("7.3", 2000), known).unexpected(), 1U);
  EXPECT_EQ(compared(report("6.12", 2000), report("6.13", 4000), known).unexpected(), 1U);
}

TEST(KnownChanges, AllHaveAReasonAndASource) {
  const auto known = known_changes();
  ASSERT_TRUE(known);
  EXPECT_FALSE(known->empty());
  for (const auto& change : *known) {
    EXPECT_FALSE(change.since.empty());
    EXPECT_FALSE(change.why.empty()) << change.affects;
    EXPECT_FALSE(change.source.empty()) << change.affects;
    EXPECT_THAT(change.direction, testing::AnyOf("up", "down", "any"));
  }
}

}  // namespace
}  // namespace nsvet::compare
