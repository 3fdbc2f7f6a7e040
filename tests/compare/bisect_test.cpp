#include "compare/bisect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "model/statistics.h"

namespace nsvet::compare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// 'g' good, 'b' bad, '?' untold. Asks for one kernel at most once, and never for the ends.
struct Asked {
  Bisection place;
  int times = 0;
};
Asked search(std::string_view kernels) {
  Asked asked;
  std::vector<bool> seen(kernels.size());
  const auto place = bisect(kernels.size(), [&](std::size_t i) -> model::Result<Side> {
    EXPECT_FALSE(seen[i]) << kernels << ' ' << i;
    EXPECT_TRUE(i > 0 && i + 1 < kernels.size()) << kernels << ' ' << i;
    seen[i] = true;
    ++asked.times;
    return kernels[i] == 'g' ? Side::good : (kernels[i] == 'b' ? Side::bad : Side::untold);
  });
  EXPECT_TRUE(place) << kernels;
  if (place) asked.place = *place;
  return asked;
}

TEST(Bisect, FindsTheFirstBadOneWhereverItIs) {
  for (std::size_t count = 2; count < 20; ++count) {
    for (std::size_t bad = 1; bad < count; ++bad) {
      const std::string kernels = std::string(bad, 'g') + std::string(count - bad, 'b');
      const auto [place, times] = search(kernels);
      EXPECT_EQ(place.last_good, bad - 1) << kernels;
      EXPECT_EQ(place.first_bad, bad) << kernels;
      EXPECT_LE(1 << times, 2 * count) << kernels;
    }
  }
}

TEST(Bisect, GoesAroundKernelsThatTellNothing) {
  const auto [place, times] = search("gg?bb");
  EXPECT_EQ(place.last_good, 1U);
  EXPECT_EQ(place.first_bad, 3U);
  EXPECT_THAT(place.untold, ElementsAre(2));
}

TEST(Bisect, NamesNoneThatLieElsewhere) {
  const auto [place, times] = search("g??ggb?bb");
  EXPECT_EQ(place.last_good, 4U);
  EXPECT_EQ(place.first_bad, 5U);
  EXPECT_THAT(place.untold, IsEmpty());
}

TEST(Bisect, EndsWhereAllBetweenTellNothing) {
  const auto [place, times] = search("g???b");
  EXPECT_EQ(times, 3);
  EXPECT_THAT(place.untold, ElementsAre(1, 2, 3));
}

TEST(Bisect, NeedsTwoKernelsAndPassesErrorsOn) {
  const auto never = [](std::size_t) -> model::Result<Side> { return Side::good; };
  EXPECT_FALSE(bisect(1, never));
  const auto fails = [](std::size_t) -> model::Result<Side> { return model::cannot_run("oh"); };
  EXPECT_EQ(bisect(3, fails).error().message, "oh");
}

model::Report report(const std::string& release, std::int64_t cost, model::Outcome outcome,
                     std::int64_t fact) {
  model::Report report;
  report.cell = {"k", {}, "root", model::Clock::insn};
  report.environment.kernel["release"] = release;
  if (cost > 0) {
    const std::string id = "unshare/uts";
    std::vector<model::Samples> rounds(3, {id, model::Clock::insn, cost, {cost, cost}, 0, "", ""});
    const std::vector<std::string> labels{"0", "1", "2"};
    report.benchmarks.push_back(model::summarise(rounds, labels));
  }
  report.checks.push_back({"uts.x", outcome, "", {}, {{"n", fact}}, 0});
  return report;
}

constexpr auto kPass = model::Outcome::pass;

TEST(Subject, ACostIsOnTheSideThatItIsNearerTo) {
  const auto subject =
      Subject::between(report("6.1", 1000, kPass, 1), report("6.9", 2000, kPass, 1),
                       Subject::Kind::benchmark, "unshare/uts");
  ASSERT_TRUE(subject) << subject.error().message;
  EXPECT_EQ(subject->side_of(report("6.4", 1400, kPass, 1)), Side::good);
  EXPECT_EQ(subject->side_of(report("6.4", 1600, kPass, 1)), Side::bad);
  EXPECT_EQ(subject->side_of(report("6.4", 0, kPass, 1)), Side::untold);
  EXPECT_EQ(subject->shown(report("6.4", 1400, kPass, 1)), "1400");
  EXPECT_EQ(subject->shown(report("6.4", 0, kPass, 1)), "no figure");
}

TEST(Subject, ACheckIsBadOnceItsOutcomeIsAnother) {
  const auto subject =
      Subject::between(report("6.1", 1, kPass, 1), report("6.9", 1, model::Outcome::fail, 2),
                       Subject::Kind::check, "uts.x");
  ASSERT_TRUE(subject) << subject.error().message;
  EXPECT_EQ(subject->side_of(report("6.4", 1, kPass, 3)), Side::good);
  EXPECT_EQ(subject->side_of(report("6.4", 1, model::Outcome::skip, 1)), Side::bad);
  EXPECT_EQ(subject->side_of(report("6.4", 1, model::Outcome::error, 1)), Side::untold);
}

TEST(Subject, WhereOutcomesAgreeFactsDecide) {
  const auto subject = Subject::between(report("6.1", 1, kPass, 1), report("6.9", 1, kPass, 2),
                                        Subject::Kind::check, "uts.x");
  ASSERT_TRUE(subject) << subject.error().message;
  EXPECT_EQ(subject->side_of(report("6.4", 1, kPass, 1)), Side::good);
  EXPECT_EQ(subject->side_of(report("6.4", 1, kPass, 7)), Side::bad);
  EXPECT_EQ(subject->shown(report("6.4", 1, kPass, 7)), "pass, n 7");
}

TEST(Subject, NeedsADifference) {
  const auto good = report("6.1", 1000, kPass, 1);
  const auto bad = report("6.9", 1005, kPass, 1);
  const auto says = [&](Subject::Kind kind, const char* id) {
    const auto subject = Subject::between(good, bad, kind, id);
    return subject ? std::string("accepted") : subject.error().message;
  };
  EXPECT_THAT(says(Subject::Kind::benchmark, "unshare/uts"),
              HasSubstr("is the same on 6.1 and 6.9"));
  EXPECT_THAT(says(Subject::Kind::check, "uts.x"), HasSubstr("is the same"));
  EXPECT_THAT(says(Subject::Kind::benchmark, "unshare/pid"), HasSubstr("no figure"));
  EXPECT_THAT(says(Subject::Kind::check, "uts.y"), HasSubstr("not run"));
}

}  // namespace
}  // namespace nsvet::compare
