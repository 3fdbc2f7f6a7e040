#include "explore/session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "explore/generate.h"

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

// Both answers change, but the change of sethostname is documented: uname's is behind it.
TEST(Explore, LooksBehindAKnownChange) {
  const auto sequences =
      sequences_from_text("sequence a user\n0 sethostname alpha\n0 uname\n", "text");
  ASSERT_TRUE(sequences);
  const auto result = explore(
      *sequences,
      [](const auto& some, int) {
        Both both{run(some, false), run(some, false)};
        for (const auto& sequence : some) {
          for (std::size_t i = 0; i < sequence.steps.size(); ++i) {
            both.now[sequence.id].answers[i] = "EPERM";
          }
        }
        return both;
      },
      [](const std::string& subject) {
        return subject.starts_with("explore:sethostname") ? "known" : "";
      },
      kSilent);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->sequences, 1U);
  EXPECT_EQ(result->different, 1U);
  EXPECT_EQ(result->again, 1U);
  ASSERT_EQ(result->findings.size(), 2U);
  EXPECT_EQ(result->findings[0].known, "known");
  EXPECT_EQ(result->findings[1].subject, "uname: 0 -> EPERM");
  EXPECT_FALSE(all_expected(*result));
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

}  // namespace
}  // namespace nsvet::explore
