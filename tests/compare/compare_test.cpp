#include "compare/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare/fail_on.h"
#include "compare/groups.h"
#include "compare/match.h"
#include "model/statistics.h"

namespace nsvet::compare {
namespace {

using model::Outcome;
using testing::HasSubstr;
using Medians = std::vector<std::int64_t>;
using Effect = Finding::Effect;
using Kind = Finding::Kind;

model::BenchmarkResult benchmark(const std::string& id, const Medians& medians) {
  std::vector<model::Samples> rounds;
  std::vector<std::string> labels;
  for (const auto median : medians) {
    rounds.push_back({id, model::Clock::insn, median, {median, median}, 0, "", ""});
    labels.push_back(std::to_string(labels.size()));
  }
  return model::summarise(rounds, labels);
}

model::Report report(const std::string& release, const Medians& cost) {
  model::Report r;
  r.cell = {"k", {}, "root", model::Clock::insn};
  r.environment.kernel["release"] = release;
  r.environment.emulator["cpu"] = "Nehalem";
  r.benchmarks.push_back(benchmark("unshare/uts", cost));
  r.checks.push_back({"uts.x", Outcome::pass, "", {}, {{"n", std::int64_t{32}}}, 0});
  return r;
}

model::Report steady(const std::string& release, std::int64_t cost) {
  return report(release, {cost, cost, cost});
}

Comparison compared(const model::Report& a, const model::Report& b,
                    const std::vector<KnownChange>& known = {}) {
  auto result = compare(a, b, known);
  EXPECT_TRUE(result);
  return result ? *result : Comparison{};
}

TEST(Compare, FindsNothingBetweenAReportAndItself) {
  EXPECT_TRUE(compared(steady("6.12", 2000), steady("6.12", 2000)).findings.empty());
}

TEST(Compare, FindsTwentyFiveInstructionsOfAMillionWhereBootsAgree) {
  EXPECT_TRUE(compared(steady("6.12", 900000), steady("6.12", 900020)).findings.empty());
  const auto c = compared(steady("6.12", 900000), steady("6.12", 900025));
  ASSERT_EQ(c.findings.size(), 1U);
  EXPECT_EQ(c.findings[0].effect, Effect::worse);
  EXPECT_EQ(c.findings[0].difference, 25);
}

TEST(Compare, TakesAShareForTheCompilerWhereTheSourceIsAnother) {
  EXPECT_TRUE(compared(steady("6.12.1", 10000), steady("6.12.2", 10120)).findings.empty());
  EXPECT_FALSE(compared(steady("6.12.1", 10000), steady("6.12.2", 10121)).findings.empty());
}

TEST(SameSource, IsToldByTheRelease) {
  EXPECT_TRUE(same_source("6.12.0-base", "6.12.0-fault"));
  EXPECT_TRUE(same_source("6.12.0", "6.12.0-00002-g1a2b3c4-dirty"));
  EXPECT_TRUE(same_source("6.12.0", "6.12.0+"));
  EXPECT_TRUE(same_source("7.3.0-rc2", "7.3.0-rc2-x"));
  EXPECT_FALSE(same_source("7.3.0-rc2", "7.3.0-rc3"));
  EXPECT_FALSE(same_source("6.1.0-54-cloud-amd64", "6.1.0-55-cloud-amd64"));
  EXPECT_FALSE(same_source("6.12.115+deb12-cloud-amd64", "6.12.115+deb13-cloud-amd64"));
  EXPECT_FALSE(same_source("/boot/a", "/boot/b"));
}

TEST(Compare, LooksBeyondTheSpread) {
  const auto base = report("6.12", {1900, 2000, 1990});
  EXPECT_TRUE(compared(base, steady("6.12", 2210)).findings.empty());
  EXPECT_FALSE(compared(base, steady("6.12", 2211)).findings.empty());
  // Five boots show the noise better than three.
  const auto five = report("6.12", {1900, 2000, 1990, 1990, 1990});
  EXPECT_FALSE(compared(five, report("6.12", {2161, 2161, 2161, 2161, 2161})).findings.empty());
}

TEST(Compare, AddsNoShareToTheSpreadOfManyCalls) {
  auto base = report("6.12", {800000, 800080, 800050});
  auto next = report("6.12", {800199, 800279, 800249});
  EXPECT_TRUE(compared(base, next).findings.empty());
  for (auto* side : {&base, &next}) {
    for (auto& round : side->benchmarks[0].rounds) round.count = 42;
  }
  EXPECT_EQ(compared(base, next).findings.size(), 1U);
}

TEST(Compare, TakesTheCheapestOfManyCallsWhereMediansLieApart) {
  auto base = report("6.12", {800000, 800900, 800010});
  auto next = report("6.12", {800199, 801900, 800210});
  EXPECT_TRUE(compared(base, next).findings.empty());
  for (auto* side : {&base, &next}) {
    for (auto& round : side->benchmarks[0].rounds) round.count = 42;
  }
  const auto c = compared(base, next);
  ASSERT_EQ(c.findings.size(), 1U);
  EXPECT_EQ(c.findings[0].difference, 199);
}

TEST(Compare, DoesNotTrustACheapestCallThatStandsAlone) {
  auto base = report("6.1", {749700, 750200, 750700});
  auto next = report("6.1", {748600, 749600, 750600});
  for (auto* side : {&base, &next}) {
    for (auto& round : side->benchmarks[0].rounds) round.count = 42;
  }
  EXPECT_TRUE(compared(base, next).findings.empty());
}

TEST(Compare, TakesTheRestlessnessOfOneLifeForThatOfAll) {
  auto before = report("6.12", {2000, 2000, 2000});
  auto after = before;
  before.benchmarks = {benchmark("life/uts", {90000, 90000, 90100})};
  after.benchmarks = {benchmark("life/uts", {90700, 90700, 90700})};
  EXPECT_EQ(compared(before, after).findings.size(), 1U);
  before.benchmarks.push_back(benchmark("life/none", {80000, 80300, 80600}));
  after.benchmarks.push_back(benchmark("life/none", {80300, 80300, 80300}));
  EXPECT_TRUE(compared(before, after).findings.empty());
}

TEST(Compare, NeedsMoreWhereTheSpreadIsUnknown) {
  EXPECT_TRUE(compared(report("6.12", {10000}), report("6.12", {10120})).findings.empty());
  EXPECT_FALSE(compared(report("6.12", {10000}), report("6.12", {10121})).findings.empty());
}

TEST(Compare, FindsAFasterGrowth) {
  auto base = steady("6.12", 2000);
  auto next = base;
  for (const std::int64_t depth : {1, 2, 4, 8}) {
    const std::string id = "fork/depth:" + std::to_string(depth);
    base.benchmarks.push_back(benchmark(id, {5000 + 100 * depth}));
    next.benchmarks.push_back(benchmark(id, {5000 + 200 * depth}));
  }
  const auto c = compared(base, next);
  const auto groups = grouped(c);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].title, "fork/depth grows faster");
  EXPECT_NEAR(groups[0].findings[0].difference, 100, 1e-6);
  EXPECT_GT(groups[0].findings.size(), 1U);
}

TEST(Compare, FindsABrokenRuleAFactALimitAndWhatTheKernelSaid) {
  auto base = steady("6.12", 2000);
  auto next = steady("6.13", 2000);
  next.checks[0].outcome = Outcome::fail;
  next.checks[0].facts["n"] = std::int64_t{31};
  next.kernel_log.push_back({"warning", "WARNING: at x", "uts.x"});
  next.end.state = model::EndState::panic;
  base.limits["user.max_uts_namespaces"] = 100;
  next.limits["user.max_uts_namespaces"] = 200;
  next.residue.push_back("mount /x");
  EXPECT_EQ(compared(base, next).unexpected(), 6U);
}

model::Report explained(const std::string& release, std::int64_t cost, std::int64_t cleared) {
  auto r = steady(release, cost);
  r.benchmarks[0].profile =
      model::Profile{.figure = cost, .functions = {{"clear", cleared}, {"rest", cost - cleared}}};
  return r;
}

TEST(Compare, ExpectsWhatKnownChangesOfFunctionsLeaveLittleOf) {
  const std::vector<KnownChange> known{{.since = "6.4",
                                        .affects = {"function:clear*"},
                                        .direction = "any",
                                        .why = "cleared by words",
                                        .source = "memset.S"}};
  const auto base = explained("6.1", 2000, 500);
  EXPECT_FALSE(compared(base, explained("6.12", 2400, 500), known).findings[0].expected);
  const auto c = compared(base, explained("6.12", 2400, 885), known);
  ASSERT_EQ(c.findings.size(), 1U);
  EXPECT_TRUE(c.findings[0].expected);
  EXPECT_EQ(c.findings[0].why, "cleared by words");
  EXPECT_FALSE(compared(base, explained("6.12", 2400, 875), known).findings[0].expected);
}

TEST(Compare, LeavesMoreToOtherCompilers) {
  const std::vector<KnownChange> known{{.since = "6.4",
                                        .affects = {"function:clear"},
                                        .direction = "any",
                                        .why = "w",
                                        .source = "s"}};
  auto base = explained("6.1", 2000, 500);
  auto next = explained("6.12", 2400, 850);
  EXPECT_FALSE(compared(base, next, known).findings[0].expected);
  base.environment.kernel["compiler"] = "gcc 12";
  next.environment.kernel["compiler"] = "gcc 14";
  EXPECT_TRUE(compared(base, next, known).findings[0].expected);
  next.benchmarks = steady("6.12", 2059).benchmarks;
  EXPECT_TRUE(compared(base, next).findings[0].expected);
  next.benchmarks = steady("6.12", 2061).benchmarks;
  EXPECT_FALSE(compared(base, next).findings[0].expected);
}

TEST(Compare, TellsALackOfModulesInOneNote) {
  auto with = steady("6.18", 2000);
  auto without = steady("6.19", 2000);
  without.checks[0].outcome = Outcome::skip;
  without.checks[0].reason = model::kNoModule;
  EXPECT_EQ(compared(with, without).findings.size(), 1U);
  with.environment.kernel["modules"] = "veth";
  without.environment.kernel["modules"] = "none";
  const auto c = compared(with, without);
  EXPECT_TRUE(c.findings.empty());
  ASSERT_EQ(c.notes.size(), 1U);
  EXPECT_THAT(c.notes[0], HasSubstr("uts.x"));
}

TEST(Compare, ExplainsAKnownDefectAndDoesNotExpectIt) {
  const KnownChange defect{.since = "6.17",
                           .affects = {"check:uts.x"},
                           .direction = "down",
                           .why = "the name is lost",
                           .source = "kernel/utsname.c",
                           .until = "7.2",
                           .defect = true};
  const auto good = steady("6.16", 2000);
  auto bad = steady("6.17", 2000);
  bad.checks[0].outcome = Outcome::fail;
  const auto came = compared(good, bad, {defect});
  ASSERT_EQ(came.findings.size(), 1U);
  EXPECT_FALSE(came.findings[0].expected);
  EXPECT_EQ(came.findings[0].why, defect.why);
  EXPECT_EQ(grouped(came).front().title, "a known defect: the name is lost");
  const auto went = compared(bad, steady("7.2", 2000), {defect});
  ASSERT_EQ(went.findings.size(), 1U);
  EXPECT_TRUE(went.findings[0].expected);
}

TEST(Compare, LeavesLimitsThatFollowFreeMemory) {
  auto base = steady("6.12", 2000);
  auto next = base;
  base.limits = {{"user/max_net_namespaces", 1759}, {"kernel/pid_max", 32768}};
  next.limits = {{"user/max_net_namespaces", 1704}, {"kernel/pid_max", 32767}};
  const auto c = compared(base, next);
  ASSERT_EQ(c.findings.size(), 1U);
  EXPECT_EQ(c.findings[0].id, "kernel/pid_max");
}

TEST(Compare, TellsWorseFromBetter) {
  auto base = steady("6.12", 2000);
  auto next = steady("6.13", 1500);
  next.checks[0].outcome = Outcome::skip;
  const auto c = compared(base, next);
  ASSERT_EQ(c.findings.size(), 2U);
  EXPECT_EQ(c.findings[0].kind, Kind::rule);
  EXPECT_EQ(c.findings[0].effect, Effect::worse);
  EXPECT_EQ(c.findings[1].effect, Effect::better);
}

TEST(Compare, SaysThatCallsBeganToFail) {
  auto next = steady("6.13", 2000);
  next.benchmarks[0].failed_calls = 3;
  const auto c = compared(steady("6.12", 2000), next);
  ASSERT_EQ(c.findings.size(), 1U);
  EXPECT_EQ(c.findings[0].after, "3 failed calls");
}

TEST(Compare, NamesCompilersThatDiffer) {
  auto base = steady("6.12", 2000);
  auto next = steady("6.13", 2000);
  base.environment.kernel["compiler"] = next.environment.kernel["compiler"] = "gcc 14";
  EXPECT_TRUE(compared(base, next).notes.empty());
  next.environment.kernel["compiler"] = "gcc 15";
  EXPECT_THAT(compared(base, next).notes, testing::ElementsAre(HasSubstr("gcc 14 -> gcc 15")));
  base.environment.kernel.erase("compiler");
  EXPECT_TRUE(compared(base, next).notes.empty());
}

TEST(Compare, RefusesFiguresThatWereMadeDifferently) {
  auto next = steady("6.13", 2000);
  next.environment.emulator["cpu"] = "max";
  const auto result = compare(steady("6.12", 2000), next, {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("cpu (Nehalem / max)"));
}

TEST(Groups, PutOperationsWithTheSameDifferenceTogether) {
  auto base = steady("6.12", 2000);
  auto next = steady("6.12", 2200);
  base.benchmarks.push_back(benchmark("life/net", {900000, 900000, 900000}));
  next.benchmarks.push_back(benchmark("life/net", {900205, 900205, 900205}));
  base.benchmarks.push_back(benchmark("setns/net", {1000, 1000, 1000}));
  next.benchmarks.push_back(benchmark("setns/net", {500, 500, 500}));
  const auto groups = grouped(compared(base, next));
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].title, "2 operations cost about 200 more each");
  EXPECT_EQ(groups[1].effect, Effect::better);
}

TEST(FailOn, ChoosesByKindAndEffect) {
  const Finding slower{.kind = Kind::cost, .effect = Effect::worse};
  const Finding faster{.kind = Kind::cost, .effect = Effect::better};
  const Finding known{.kind = Kind::rule, .effect = Effect::worse, .expected = true};
  const auto matches = [](const char* name, const Finding& finding) {
    return FailOn::from({name})->matches(finding);
  };
  EXPECT_TRUE(matches("any", faster));
  EXPECT_FALSE(matches("any", known));
  EXPECT_TRUE(matches("all", known));
  EXPECT_TRUE(matches("regression", slower));
  EXPECT_FALSE(matches("regression", faster));
  EXPECT_TRUE(matches("cost", faster));
  EXPECT_FALSE(matches("rule", slower));
  EXPECT_FALSE(matches("none", slower));
  EXPECT_FALSE(FailOn::from({"everything"}));
}

TEST(Match, NamesWhatHasNoCounterpart) {
  auto alone = steady("7.3", 2000);
  alone.cell.user = "nobody";
  const std::vector<model::Report> reports{steady("7.3", 2000), steady("6.1", 2000), alone};
  const auto set = compare_all(reports, 0, {});
  ASSERT_TRUE(set);
  ASSERT_EQ(set->comparisons.size(), 1U);
  EXPECT_EQ(set->comparisons[0].base, "6.1");
  EXPECT_THAT(set->unmatched, testing::ElementsAre("7.3 as nobody (insn)"));
}

TEST(Match, PrefersTheSameKernelOnTheOldSide) {
  std::vector<model::Report> reports;
  for (const char* const kernel : {"6.1", "7.3", "6.1", "7.3"}) {
    reports.push_back(steady(kernel, 2000));
    reports.back().cell.kernel = kernel;
  }
  const auto set = compare_all(reports, 2, {});
  ASSERT_TRUE(set);
  ASSERT_EQ(set->comparisons.size(), 2U);
  EXPECT_EQ(set->comparisons[1].base, "7.3");
}

TEST(KernelNames, AreShortAndUnlikeEachOther) {
  std::vector<model::Report> reports;
  for (const char* const release :
       {"6.1.0-55-cloud-amd64", "6.12.118+deb13-cloud-amd64", "7.3.0-rc2-amd64", "6.12.115+deb12",
        "6.12.115+deb13", "custom", "6.9.0", "6.9.0"}) {
    reports.push_back(steady(release, 1));
    reports.back().cell.kernel = "/k/" + std::to_string(reports.size());
  }
  EXPECT_THAT(kernel_names(reports),
              testing::ElementsAre("6.1.0-55", "6.12.118", "7.3.0-rc2", "6.12.115+deb12",
                                   "6.12.115+deb13", "custom", "/k/7", "/k/8"));
}

}  // namespace
}  // namespace nsvet::compare
