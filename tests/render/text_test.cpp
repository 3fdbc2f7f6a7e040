#include "render/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "render/format.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

using compare::Finding;
using compare::Verdict;
using testing::HasSubstr;

compare::ComparisonSet one_comparison() {
  compare::Comparison c{.base = "6.12.1-amd64",
                        .next = "7.3.4-amd64",
                        .base_name = "6.12.1",
                        .next_name = "7.3.4",
                        .user = "root",
                        .clock = model::Clock::insn};
  c.findings.push_back({.kind = Finding::Kind::cost,
                        .id = "unshare/pid",
                        .before = "1750",
                        .after = "6600",
                        .effect = Finding::Effect::worse,
                        .change = 2.771,
                        .difference = 4850});
  c.findings.push_back({.kind = Finding::Kind::rule,
                        .id = "mnt.x.y",
                        .before = "pass",
                        .after = "fail",
                        .effect = Finding::Effect::worse,
                        .reason = "a long reason # with | <b>markup</b> " + std::string(90, 'x') +
                                  " and \"quotes\", and more words than fit on one line of it"});
  c.costs.push_back({.id = "unshare/pid",
                     .before = 1750,
                     .after = 6600,
                     .floor = 20,
                     .verdict = Verdict::regression});
  return {{c}, {"6.12.1 as nobody (insn)"}};
}

TEST(Printable, RemovesEscapesAndWhatIsNoText) {
  EXPECT_EQ(printable("a\033[31mb\n\x7f\x9b"), "a[31mb");
  EXPECT_EQ(printable("\xc3\xa9\xe2\x86\x92"), "\xc3\xa9\xe2\x86\x92");
  EXPECT_EQ(printable("\xc2\x9b\xc0\xaf\xed\xa0\x80\xff"), "");
}

TEST(Grouped, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1 234 567");
  EXPECT_EQ(grouped(-123456), "-123 456");
}

TEST(Wrapped, BreaksBetweenWordsAndLongWords) {
  EXPECT_THAT(wrapped("aa bb cc", 5), testing::ElementsAre("aa bb", "cc"));
  EXPECT_THAT(wrapped("abcdefgh ij", 5), testing::ElementsAre("abcde", "fgh", "ij"));
}

TEST(Percent, IsATimesWhereItIsLarge) {
  EXPECT_EQ(percent(0.1), "+10.0 %");
  EXPECT_EQ(percent(-0.0005), "-0.05 %");
  EXPECT_EQ(percent(41.2), "x 42.2");
}

TEST(Text, SaysTheVerdictFirstAndFitsTheWidth) {
  const std::string out = text(one_comparison(), {});
  EXPECT_THAT(out, testing::StartsWith("6.12.1 -> 7.3.4, as root: 2 unexpected changes (2 worse"));
  EXPECT_THAT(out, HasSubstr("1 750 -> 6 600  +277.1 %"));
  EXPECT_THAT(out, HasSubstr("not compared, for want of another such cell: 6.12.1 as nobody"));
  EXPECT_THAT(out, testing::Not(HasSubstr("\033")));
  for (std::size_t from = 0; from < out.size();) {
    const auto end = out.find('\n', from);
    EXPECT_LE(end - from, 80U) << out.substr(from, end - from);
    from = end + 1;
  }
}

TEST(Text, ShowsHowARunEnded) {
  model::Report report;
  report.end = {model::EndState::panic, "the kernel panicked", "uts.x", {"Kernel panic - oh"}};
  EXPECT_THAT(text(report, {}), HasSubstr("panic: the kernel panicked, running uts.x"));
  EXPECT_THAT(text(report, {}), HasSubstr("| Kernel panic - oh"));
}

TEST(Formats, EscapeWhatTheyMust) {
  const auto set = one_comparison();
  EXPECT_THAT(render("markdown", set, {}), HasSubstr("\\<b\\>markup"));
  EXPECT_THAT(render("junit", set, {}), HasSubstr("&lt;b&gt;markup&lt;/b&gt;"));
  EXPECT_THAT(render("csv", set, {}), HasSubstr("and \"\"quotes\"\", and more"));
}

TEST(Formats, TellWhatBecameOfStructures) {
  auto set = one_comparison();
  set.comparisons[0].structures = {
      {.name = "uts_namespace", .before = 432, .after = 448, .came = {"a|b"}, .moved = {"c", "d"}},
      {.name = "time_namespace", .after = 64}};
  EXPECT_THAT(render("text", set, {}), HasSubstr("uts_namespace     432 -> 448  +16\n"
                                                 "        came: a|b; moved: 2\n"));
  const std::string markdown = render("markdown", set, {});
  EXPECT_THAT(markdown,
              HasSubstr("| `uts_namespace` | 432 -\\> 448  \\+16 | came: a\\|b; moved: 2 |"));
  EXPECT_THAT(markdown, HasSubstr("| `time_namespace` | absent -\\> 64 |  |"));
  const std::string csv = render("csv", set, {});
  EXPECT_THAT(csv,
              HasSubstr("structure,uts_namespace,432,448,0.0370,other,,,,came: a|b; moved: 2"));
  EXPECT_THAT(csv, HasSubstr("structure,time_namespace,,64,,other,,,,"));
}

// The rules of Documentation/dev-tools/ktap.rst that kunit.py's parser depends on.
TEST(Ktap, KeepsItsRules) {
  const std::string out = render("ktap", one_comparison(), {});
  EXPECT_THAT(out, testing::StartsWith("KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: "));
  EXPECT_THAT(out, testing::EndsWith("\nnot ok 1 6.12.1 to 7.3.4 root\n"));
  std::size_t from = 0;
  int results = 0;
  while (from < out.size()) {
    const auto end = out.find('\n', from);
    const std::string line = out.substr(from, end - from);
    from = end + 1;
    EXPECT_THAT(line,
                testing::MatchesRegex("( {2})?(KTAP version 1|1\\.\\.[0-9]+( # SKIP .*)?|# .*|"
                                      "(not )?ok [0-9]+ [^#]*( # (SKIP|ERROR) .*)?)"));
    if (line.starts_with("  ok") || line.starts_with("  not ok")) ++results;
  }
  EXPECT_EQ(results, 2);
  EXPECT_THAT(out, HasSubstr("\n  1..2\n"));
}

}  // namespace
}  // namespace nsvet::render
