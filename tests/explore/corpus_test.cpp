#include "explore/corpus.h"

#include <gtest/gtest.h>

#include "explore/trim.h"

namespace nsvet::explore {
namespace {

std::vector<Sequence> sequences(const std::string& text) {
  return sequences_from_text(text, "text").value();
}

// Each operation that is in a sequence is reached by it, and two together something more.
std::map<std::string, Reach> reaches(const std::vector<Sequence>& all) {
  std::map<std::string, Reach> by_id;
  for (const auto& sequence : all) {
    Reach& reach = by_id[sequence.id];
    bool uname = false;
    for (const auto& step : sequence.steps) {
      const std::string_view name = step.operation->name;
      uname |= name == "uname";
      if (name == "uname") reach.insert(1);
      if (name == "ids") reach.insert(uname ? 3 : 2);
    }
  }
  return by_id;
}

const RunReach kRun = [](const std::vector<Sequence>& all, int) { return reaches(all); };

std::string text_of(const std::vector<Entry>& entries) {
  std::string text;
  for (const auto& entry : entries) text += to_text(entry.sequence);
  return text;
}

TEST(Corpus, TheOneOfTheRepositoryIsThere) {
  EXPECT_GT(corpus().size(), 50U);
  for (const auto& sequence : corpus()) EXPECT_FALSE(sequence.steps.empty()) << sequence.id;
}

TEST(Growth, KeepsWhatReachesMore) {
  Growth growth(kRun);
  EXPECT_EQ(growth.consider(sequences("sequence a root\n0 uname\nsequence b root\n0 uname\n")), 1U);
  EXPECT_EQ(growth.consider(sequences("sequence c root\n0 links\nsequence d root\n0 ids\n")), 1U);
  EXPECT_EQ(text_of(growth.entries()), "sequence a root\n0 uname\nsequence d root\n0 ids\n");
  EXPECT_EQ(growth.reached(), (Reach{1, 2}));
}

TEST(Growth, WhatDoesNotComeAgainIsNotKept) {
  const RunReach run = [](const std::vector<Sequence>& all, int disturbance) {
    auto by_id = reaches(all);
    if (disturbance == 0) by_id["a"].insert(99);
    return by_id;
  };
  Growth growth(run);
  EXPECT_EQ(growth.consider(sequences("sequence a root\n0 links\nsequence b root\n0 ids\n")), 1U);
  EXPECT_EQ(growth.reached(), Reach{2});
}

TEST(Growth, SaysWhyItCannotRun) {
  const RunReach run = [](const std::vector<Sequence>&,
                          int) -> model::Result<std::map<std::string, Reach>> {
    return model::cannot_run("no guest");
  };
  const auto kept = Growth(run).consider(sequences("sequence a root\n0 ids\n"));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().message, "no guest");
}

TEST(Minimised, IsTheFewestAndShortestThatReachAll) {
  const auto all = sequences(
      "sequence one root\n0 uname\n"
      "sequence long root\n0 uname\n0 links\n0 ids\n"
      "sequence both root\n0 uname\n0 ids\n"
      "sequence other root\n0 ids\n");
  std::vector<Entry> entries;
  for (const auto& sequence : all) entries.push_back({sequence, reaches(all).at(sequence.id)});
  EXPECT_EQ(text_of(minimised(entries)),
            "sequence both root\n0 uname\n0 ids\nsequence other root\n0 ids\n");
}

TEST(Trimmed, LeavesOutWhatIsNotNeeded) {
  const auto all = sequences(
      "sequence both root\n0 links\n0 uname\n0 links\n0 links\n0 mountinfo a0\n0 ids\n0 links\n"
      "sequence other root\n0 links\n0 links\n0 ids\n0 mountinfo a0\n");
  std::vector<Entry> entries;
  for (const auto& sequence : all) entries.push_back({sequence, reaches(all).at(sequence.id)});
  auto shorter = trimmed(entries, {}, kRun);
  ASSERT_TRUE(shorter);
  EXPECT_EQ(text_of(*shorter), "sequence both root\n0 uname\n0 ids\nsequence other root\n0 ids\n");
  shorter = trimmed(entries, {"both", "other"}, kRun);
  ASSERT_TRUE(shorter);
  EXPECT_EQ(text_of(*shorter), text_of(entries));
}

TEST(Outcomes, AreErrnosAndSuccess) {
  const auto sequence = sequences("sequence a root\n0 uname\n0 links\n0 ids\n0 ids\n").front();
  const model::Trace trace{
      "a", {"0 EAGAIN", "EPERM", "lo=ENODEV|x=EINVAL\na1 got 10", "Else E"}, "0111", ""};
  EXPECT_EQ(outcomes(sequence, trace),
            (std::set<std::string>{"uname 0", "uname EAGAIN", "links EPERM", "ids ENODEV",
                                   "ids EINVAL"}));
}

}  // namespace
}  // namespace nsvet::explore
