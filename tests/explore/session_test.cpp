#include "explore/session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "explore/generate.h"
#include "explore/reproducer.h"

namespace nsvet::explore {
namespace {

// A kernel whose every answer is 0; `broken`: sethostname is refused once a thread has been made.
Traces run(const std::vector<Sequence>& sequences, bool broken) {
  Traces traces;
  for (const auto& sequence : sequences) {
    model::Trace trace;
    trace.id = sequence.id;
    bool thread = false;
    for (const auto& step : sequence.steps) {
      const std::string_view name = step.operation->name;
      thread |= name == "thread";
      const bool wrong = broken && thread && name == "sethostname";
      trace.answers.emplace_back(wrong ? "EPERM" : "0");
      trace.failed += wrong ? '1' : '0';
    }
    traces[sequence.id] = trace;
  }
  return traces;
}

std::vector<Sequence> drawn(std::uint64_t count) {
  std::vector<Sequence> sequences;
  for (std::uint64_t i = 0; i < count; ++i) {
    sequences.push_back(generate({.seed = 5, .focus = {}}, i));
  }
  return sequences;
}

const auto kNoChange = [](const std::string&) { return std::string(); };
const auto kSilent = [](const std::string&) {};

TEST(Explore, ShrinksOneCauseToOneFindingOfTwoCalls) {
  const auto result = explore(
      drawn(8000),
      [](const auto& sequences, int) {
        return Both{run(sequences, false), run(sequences, true)};
      },
      kNoChange, kSilent);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->findings.size(), 1U);
  const auto& finding = result->findings[0];
  ASSERT_EQ(finding.sequence.steps.size(), 2U) << to_text(finding.sequence);
  EXPECT_STREQ(finding.sequence.steps[0].operation->name, "thread");
  EXPECT_EQ(finding.symptom, "sethostname: # -> EPERM");
  EXPECT_FALSE(finding.sequence.user);
  EXPECT_GT(finding.seen, 1);
}

TEST(Explore, FindsNothingBetweenEquals) {
  const auto result = explore(
      drawn(200),
      [](const auto& sequences, int) {
        return Both{run(sequences, true), run(sequences, true)};
      },
      kNoChange, kSilent);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->sequences, 200U);
  EXPECT_TRUE(result->findings.empty());
}

TEST(Explore, DropsWhatDoesNotComeAgainAlone) {
  const auto result = explore(
      drawn(8000),
      [](const auto& sequences, int disturbance) {
        return Both{run(sequences, false), run(sequences, disturbance == 0)};
      },
      kNoChange, kSilent);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->findings.empty());
  EXPECT_EQ(result->unrepeated, 1U);
}

TEST(Explore, AKnownChangeExplainsAFinding) {
  const auto result = explore(
      drawn(8000),
      [](const auto& sequences, int) {
        return Both{run(sequences, false), run(sequences, true)};
      },
      [](const std::string& subject) {
        return subject == "explore:sethostname alpha: 0 -> EPERM" ? "known" : "";
      },
      kSilent);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->findings.size(), 1U);
  EXPECT_EQ(result->findings[0].known, "known");
}

TEST(Reproducer, HoldsTheOperationsOfItsSequenceOnly) {
  const auto sequences =
      sequences_from_text("sequence a user\n0 sethostname alpha\n0 bind_mount /a /b REC\n", "text");
  ASSERT_TRUE(sequences);
  const auto program = reproducer(sequences->front(), "why\n");
  EXPECT_NE(program.find("OP(sethostname)"), std::string::npos);
  EXPECT_NE(program.find("OP(bind)"), std::string::npos);
  EXPECT_EQ(program.find("OP(uname)"), std::string::npos);
  EXPECT_EQ(program.find("#include \""), std::string::npos);
  EXPECT_NE(program.find("\"/b\""), std::string::npos);
}

}  // namespace
}  // namespace nsvet::explore
