#include "compare/repeats.h"

#include <gtest/gtest.h>

namespace nsvet::compare {
namespace {

using Kind = Finding::Kind;

Comparison comparison(const std::string& user, double difference, const std::string& fact) {
  Comparison c{.base = "6.12", .next = "7.3", .user = user, .clock = model::Clock::insn};
  c.findings.push_back({.kind = Kind::cost, .id = "unshare/uts", .difference = difference});
  c.findings.push_back({.kind = Kind::fact, .id = "uts.x.n", .before = "1", .after = fact});
  c.costs.push_back({.id = "unshare/uts", .floor = 20});
  return c;
}

Repeats second_of(Comparison first, Comparison second) {
  return repeats_of({{std::move(first), std::move(second)}, {}}, 1);
}

TEST(Repeats, AreTheSameFindingsAsAnotherUser) {
  const auto repeats = second_of(comparison("root", 200, "2"), comparison("nobody", 219, "2"));
  EXPECT_EQ(repeats.count, 2U);
  EXPECT_EQ(repeats.user, "root");
  EXPECT_TRUE(repeats.rest.findings.empty());
}

TEST(Repeats, AreNotWhatDiffers) {
  const auto repeats = second_of(comparison("root", 200, "2"), comparison("nobody", 221, "3"));
  EXPECT_EQ(repeats.count, 0U);
  EXPECT_EQ(repeats.rest.findings.size(), 2U);
}

TEST(Repeats, NeedTheSameKernels) {
  auto other = comparison("nobody", 200, "2");
  other.next = "7.2";
  EXPECT_EQ(second_of(comparison("root", 200, "2"), other).count, 0U);
  EXPECT_EQ(second_of(comparison("root", 200, "2"), comparison("root", 200, "2")).count, 0U);
}

}  // namespace
}  // namespace nsvet::compare
