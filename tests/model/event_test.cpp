#include "model/event.h"

#include <gtest/gtest.h>

namespace nsvet::model {
namespace {

CheckResult sample_check() {
  return {"uts.x",
          Outcome::fail,
          "why",
          {{"what", "a", "b", false}},
          {{"n", std::int64_t{32}}, {"s", std::string("EPERM")}, {"b", true}},
          12};
}

TEST(Event, ComesBackAsItWas) {
  Begin begin;
  begin.environment.kernel["release"] = "6.12";
  begin.limits["kernel/pid_max"] = 32768;
  begin.total = 3;
  const Event events[] = {
      Listing{Listing::Kind::benchmark, "a/b", "t", "r", "s", {"uts"}, {"admin"}, "5.6"},
      begin,
      Start{"uts.x"},
      sample_check(),
      Samples{"a/b", Clock::insn, 5, {1, 2, 3}, 1, "", ""},
      Trace{"1.2", {"0", "EPERM"}, "01", ""},
      Finish{{"host name changed"}},
      Trouble{"no"}};
  for (const Event& event : events) {
    const auto back = decode(encode(event));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, event) << encode(event);
  }
}

TEST(Event, IsOneLineWhateverTheText) {
  const std::string line = encode(Trouble{"two\nlines \xff"});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_TRUE(decode(line));
}

class BadLine : public testing::TestWithParam<const char*> {};

TEST_P(BadLine, IsRefused) { EXPECT_FALSE(decode(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Event, BadLine,
                         testing::Values("", "null", "{}", "[]", "{\"start\": 5}",
                                         "{\"unknown\": 1}", "{\"start\":\"a\",\"trouble\":\"b\"}",
                                         "{\"check\": {}}",
                                         "{\"check\": {\"outcome\": \"good\"}}"));

}  // namespace
}  // namespace nsvet::model
