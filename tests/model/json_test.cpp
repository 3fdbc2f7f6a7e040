#include "model/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/statistics.h"

namespace nsvet::model {
namespace {

using testing::HasSubstr;

Report sample_report() {
  Report report;
  report.cell = {"debian:6.12", {"quiet"}, "nobody", Clock::insn};
  report.environment.kernel["release"] = "6.12.1";
  report.end = {EndState::panic, "the kernel panicked", "uts.x", {"line"}};
  report.checks.push_back({"uts.x", Outcome::pass, "", {{"w", "a", "a", true}}, {}, 3});
  const Samples rounds[] = {{"unshare/uts", Clock::insn, 9, {5, 5, 7}, 0, "", ""},
                            {"unshare/uts", Clock::insn, 8, {5, 6, 6}, 0, "", ""}};
  const std::string labels[] = {"a", "b"};
  report.benchmarks.push_back(summarise(rounds, labels));
  report.benchmarks.back().profile = {.figure = 60,
                                      .functions = {{"strlen", 40}, {"[program]", 12}},
                                      .rest = 8,
                                      .calls = {{"[program]", 0, 60}, {"strlen", 1, 40}}};
  report.kernel_log.push_back({"warning", "WARNING: x", "uts.x"});
  report.limits["kernel/pid_max"] = 32768;
  report.residue = {"host name changed"};
  report.timing["boot"] = 1;
  report.date = "2026-01-01T00:00:00Z";
  return report;
}

TEST(ReportJson, ComesBackAsItWas) {
  const auto back = report_from_json(to_json(sample_report()), "r.json");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, sample_report());
}

TEST(ReportJson, KeepsSamplesOnOneLine) {
  EXPECT_THAT(to_json(sample_report()), HasSubstr("\"samples\":[[5,3],[6,2],[7,1]]"));
}

std::string with(const std::string& from, const std::string& to) {
  std::string text = to_json(sample_report());
  const auto place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

struct Bad {
  std::string text;
  std::string says;
};

TEST(ReportJson, RefusesWhatIsWrongInOneLine) {
  const Bad all[] = {
      {"", "not a valid report"},
      {"{", "not a valid report"},
      {"[]", "no \"schema\""},
      {"{\"schema\": 5}", "no \"schema\""},
      {with("nsvet.report/1", "nsvet.report/2"), "nsvet.report/2"},
      {with("\"panic\"", "\"sleepy\""), "state"},
      {with("[[0,40],[1,12]]", "[[0,40],[1,13]]"), "does not add up"},
      {with("[[0,40],[1,12]]", "[[0,40],[2,12]]"), "not a valid report"},
      {with("[[0,1,60],[1,0,40]]", "[[0,1,60],[2,0,40]]"), "nobody makes"},
      {with("\"p50\":5", "\"p50\":-5"), "p50"},
      {with("\"p50\":5", "\"p50\":\"5\""), "p50"},
      {with("\"id\":\"uts.x\"", "\"id\":\"<b>\""), "id"},
      {with("[5,3]", "[5,99999999999]"), "too many samples"},
      {with("[5,3]", "[5,4]"), "6 calls in its rounds, but 7 samples"},
      {with("[5,3]", "[9,3]"), "samples out of order"},
      {with("\"residue\"", "\"leftovers\""), "residue"},
      {std::string(100000, '['), "nested too deeply"},
  };
  for (const Bad& bad : all) {
    const auto report = report_from_json(bad.text, "r.json");
    ASSERT_FALSE(report) << bad.says;
    EXPECT_THAT(report.error().message, HasSubstr(bad.says));
    EXPECT_THAT(report.error().message, testing::StartsWith("r.json: "));
    EXPECT_EQ(report.error().message.find('\n'), std::string::npos);
  }
}

TEST(ReportJson, ToleratesMembersOfALaterMinorVersion) {
  EXPECT_TRUE(report_from_json(with("\"residue\"", "\"later\": [1], \"residue\""), "r.json"));
}

TEST(ReportJson, WritesAnyBytes) {
  Report report = sample_report();
  report.end.message = "\xff\x01";
  EXPECT_TRUE(report_from_json(to_json(report), "r.json"));
}

}  // namespace
}  // namespace nsvet::model
