#include "model/glob.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nsvet::model {
namespace {

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(glob_match("unshare/pid", "unshare/pid"));
  EXPECT_FALSE(glob_match("unshare/pid", "unshare/pid/live:10"));
  EXPECT_FALSE(glob_match("unshare/pid/live:10", "unshare/pid"));
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("a", ""));
}

TEST(Glob, KnowsWildcardsBehindWhatIsLiteral) {
  EXPECT_TRUE(glob_match("unshare/*", "unshare/pid/live:10"));
  EXPECT_FALSE(glob_match("unshare/*", "unshar"));
  EXPECT_FALSE(glob_match("setns/*", "unshare/pid"));
  EXPECT_TRUE(glob_match("*.create.*", "uts.create.copies"));
  EXPECT_TRUE(glob_match("live:?", "live:1"));
  EXPECT_FALSE(glob_match("live:?", "live:10"));
  EXPECT_TRUE(glob_match("live:[0-9]", "live:1"));
  EXPECT_TRUE(glob_match("a\\*", "a*"));
  EXPECT_FALSE(glob_match("a\\*", "ab"));
}

TEST(Glob, NothingSelectsEverything) {
  EXPECT_TRUE(selected({}, "uts.x"));
  const std::vector<std::string> two{"uts.*", "pid.*"};
  EXPECT_TRUE(selected(two, "pid.x"));
  EXPECT_FALSE(selected(two, "net.x"));
}

}  // namespace
}  // namespace nsvet::model
