#include "explain/coverage.h"

#include <gtest/gtest.h>

#include "explain/namespace_code.h"
#include "model/glob.h"

namespace nsvet::explain {
namespace {

constexpr std::string_view kSymbols =
    "ffffffff81000000 T copy_utsname\n"
    "ffffffff81000100 t utsns_get\n"
    "ffffffff81000200 T something_else\n"
    "ffffffff81000300 t copy_mnt_ns\n"
    "ffffffff81000400 t copy_mnt_ns.cold\n";

Coverage covered(const std::vector<std::uint64_t>& words) {
  Coverage coverage{.kernel = "6.12.1", .runs = {}, .areas = {}};
  add_run(coverage, "checks", words, Symbols::parse(kSymbols).value());
  return coverage;
}

TEST(Coverage, KnowsWhatWasReached) {
  const auto coverage = covered({3, 0xffffffff81000010, 0xffffffff81000210, 0xffffffff81000404});
  const auto& uts = coverage.areas.at("uts");
  EXPECT_EQ(uts.at("copy_utsname"), std::set<std::string>{"checks"});
  EXPECT_TRUE(uts.at("utsns_get").empty());
  EXPECT_EQ(coverage.areas.at("mnt").at("copy_mnt_ns"), std::set<std::string>{"checks"});
  EXPECT_FALSE(uts.contains("something_else"));
  const auto text = coverage_text(coverage);
  EXPECT_NE(text.find("never reached, uts (kernel/utsname.c, kernel/utsname_sysctl.c, "
                      "kernel/sys.c):\n  utsns_get\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("never reached, mnt"), std::string::npos);
  EXPECT_NE(coverage_json({coverage}).find("nsvet.coverage/1"), std::string::npos);
}

TEST(Coverage, RunsAddUp) {
  auto coverage = covered({1, 0xffffffff81000010});
  add_run(coverage, "exploration", {1, 0xffffffff81000110}, Symbols::parse(kSymbols).value());
  const auto& uts = coverage.areas.at("uts");
  EXPECT_EQ(uts.at("copy_utsname"), std::set<std::string>{"checks"});
  EXPECT_EQ(uts.at("utsns_get"), std::set<std::string>{"exploration"});
}

TEST(Coverage, WhatIsNoneIsNothing) {
  for (const auto& words : std::vector<std::vector<std::uint64_t>>{
           {}, {0}, {5}, {1000000, 0xffffffff80000000}, {2, 0, 1}}) {
    const auto coverage = covered(words);
    for (const auto& [area, functions] : coverage.areas) {
      for (const auto& [name, runs] : functions) EXPECT_TRUE(runs.empty()) << name;
    }
  }
}

TEST(Coverage, TellsBlocks) {
  const auto coverage =
      covered({4, 0xffffffff81000010, 0xffffffff81000020, 0xffffffff81000010, 0xffffffff81000210});
  EXPECT_EQ(coverage.blocks.at("checks").size(), 2U);
  EXPECT_NE(coverage_text(coverage).find("\nblocks                           2\n"),
            std::string::npos)
      << coverage_text(coverage);
}

TEST(BetweenMarks, WhatIsBehindEachMarkIsApart) {
  using Parts = std::vector<std::vector<std::uint64_t>>;
  EXPECT_EQ(between_marks({6, 9, 0, 5, 7, 0, 5}), (Parts{{5, 7}, {5}}));
  EXPECT_EQ(between_marks({2, 0, 0}), (Parts{{}, {}}));
  for (const auto& none : Parts{{}, {0}, {1, 5}, {9}}) EXPECT_TRUE(between_marks(none).empty());
  EXPECT_EQ(between_marks({9, 0, 5}), (Parts{{5}}));
}

TEST(NamespaceMap, KnowsTheFunctionAndNothingElse) {
  const auto symbols = Symbols::parse(kSymbols).value();
  const NamespaceMap map(symbols);
  const auto* row = map.find(0xffffffff81000110);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->area, "uts");
  EXPECT_EQ(row->function, "utsns_get");
  EXPECT_EQ(row->address, 0xffffffff81000100U);
  EXPECT_EQ(map.find(0xffffffff81000210), nullptr);
  EXPECT_EQ(map.find(0), nullptr);
}

TEST(NamespaceCode, FunctionsAreOfOneAreaEach) {
  std::set<std::string_view> globs;
  for (const Area& area : namespace_code()) {
    for (const auto glob : area.globs) EXPECT_TRUE(globs.insert(glob).second) << glob;
  }
}

}  // namespace
}  // namespace nsvet::explain
