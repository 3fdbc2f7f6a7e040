#include "explore/merge.h"

#include <gtest/gtest.h>

namespace nsvet::explore {
namespace {

Finding finding(const std::string& sequence, const std::string& symptom, int seen) {
  Finding made;
  made.sequence = sequences_from_text(sequence, "text").value().front();
  made.subject = symptom;
  made.symptom = symptom;
  made.base.answers = {"0"};
  made.now.answers = {"EPERM"};
  made.seen = seen;
  return made;
}

Explored part(const std::string& shard, std::vector<Finding> findings) {
  Explored made;
  made.subject = {"6.1.0", "6.12.0", {{7, shard, {"uts"}}}};
  made.exploration.sequences = 100;
  made.exploration.different = 3;
  made.exploration.again = 2;
  made.exploration.unrepeated = 1;
  made.exploration.rates["uname"] = {10, 9, 8};
  made.exploration.findings = std::move(findings);
  return made;
}

const auto kNoChange = [](const std::string&) { return std::string(); };

TEST(Json, ComesBackFromItsText) {
  const auto text =
      to_json(part("2/3", {finding("sequence 7.1 user\n0 uname\n", "uname: 0 -> EPERM", 2)}));
  const auto back = explored_from_json(text, "file");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_EQ(back->subject.parts.front().shard, "2/3");
  EXPECT_EQ(back->exploration.findings.front().sequence.steps.size(), 1U);
}

TEST(Json, WrongTextIsRefusedWithItsName) {
  const auto good = to_json(part("1/1", {finding("sequence 7.1 user\n0 uname\n", "s", 2)}));
  auto changed = [&](const std::string& from, const std::string& to) {
    auto text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const auto& text :
       {std::string(), std::string("{}"), std::string("[1"), good.substr(0, good.size() / 2),
        changed("exploration/1", "exploration/9"), changed("0 uname", "0 nosuch"),
        changed("\"seen\": 2", "\"seen\": -2"), changed("1/1", "one")}) {
    const auto read = explored_from_json(text, "file");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, model::Error::Kind::bad_input);
    EXPECT_EQ(read.error().message.substr(0, 4), "file");
    EXPECT_EQ(read.error().message.find('\n'), std::string::npos) << read.error().message;
  }
}

TEST(Merge, FindingsOfOneCauseAreOne) {
  const std::string first = "sequence 7.1 user\n0 uname\n1 uname\n";
  const std::string shorter = "sequence 7.5 user\n0 uname\n";
  const auto merged = merge(
      {{"a", part("1/2", {finding(first, "uname: 0 -> EPERM", 2)})},
       {"b", part("2/2", {finding(shorter, "uname: 0 -> EPERM", 3),
                          finding("sequence 7.7 root\n0 getcwd\n", "getcwd: 0 -> EPERM", 1)})}},
      [](const std::string& what) {
        return what.starts_with("explore:getcwd") ? std::string("known") : std::string();
      });
  ASSERT_TRUE(merged) << merged.error().message;
  const auto& all = merged->exploration;
  ASSERT_EQ(all.findings.size(), 2U);
  EXPECT_EQ(all.findings[0].known, "known");
  EXPECT_EQ(all.findings[1].seen, 5);
  EXPECT_EQ(all.findings[1].sequence.id, "7.5");
  EXPECT_EQ(all.sequences, 200U);
  EXPECT_EQ(all.different, 6U);
  EXPECT_EQ(all.again, 4U);
  EXPECT_EQ(all.unrepeated, 2U);
  EXPECT_EQ(all.rates.at("uname").now, 16);
  EXPECT_EQ(merged->subject.parts.size(), 2U);
}

TEST(Merge, TheSameTwiceIsRefused) {
  const auto merged = merge({{"a", part("1/2", {})}, {"b", part("1/2", {})}}, kNoChange);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().message, "b: shard 1/2 of seed 7 is there twice");
}

TEST(Merge, OtherKernelsAreRefused) {
  auto other = part("2/2", {});
  other.subject.now = "7.3.0";
  const auto merged = merge({{"a", part("1/2", {})}, {"b", other}}, kNoChange);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().message, "b: 6.1.0 -> 7.3.0, but 6.1.0 -> 6.12.0 in a");
}

}  // namespace
}  // namespace nsvet::explore
