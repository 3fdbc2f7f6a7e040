#include "render/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsvet::render {
namespace {

using testing::HasSubstr;

TEST(Printable, RemovesEscapes) { EXPECT_EQ(printable("a\033[31mb\n\x7f\x9b"), "a[31mb"); }

TEST(Grouped, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1 234 567");
  EXPECT_EQ(grouped(-123456), "-123 456");
}

TEST(Text, SaysTheVerdictFirst) {
  compare::Comparison c;
  c.base = "6.12";
  c.next = "7.3";
  c.user = "root";
  c.findings.push_back(
      {compare::Finding::Kind::cost, "unshare/pid", "1750", "6600", 2.77, false, "", ""});
  c.costs.push_back({"unshare/pid", 1750, 6600, 20, true});
  const std::string out = text({&c, 1}, {});
  EXPECT_THAT(out, testing::StartsWith("6.12 -> 7.3, as root: 1 unexpected change,"));
  EXPECT_THAT(out, HasSubstr("1750 -> 6600  (+277.0 %)"));
  EXPECT_THAT(out, HasSubstr("6 600 (+277.1 %)"));
}

TEST(Text, ShowsHowARunEnded) {
  model::Report report;
  report.end = {model::EndState::panic, "the kernel panicked", "uts.x", {"Kernel panic - oh"}};
  EXPECT_THAT(text(report, {}), HasSubstr("panic: the kernel panicked uts.x"));
  EXPECT_THAT(text(report, {}), HasSubstr("| Kernel panic - oh"));
}

}  // namespace
}  // namespace nsvet::render
