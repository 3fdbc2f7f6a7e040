#include "model/version.h"

#include <gtest/gtest.h>

#include "model/glob.h"

namespace nsvet::model {
namespace {

TEST(CompareVersions, OrdersByNumbers) {
  EXPECT_LT(compare_versions("6.2", "6.12"), 0);
  EXPECT_GT(compare_versions("7.3.4+deb13-cloud-amd64", "6.12.117"), 0);
  EXPECT_EQ(compare_versions("6.12.0+a", "6.12.0+b"), 0);
  EXPECT_LT(compare_versions("6.12", "6.12.1"), 0);
}

TEST(Glob, MatchesIds) {
  EXPECT_TRUE(glob_match("uts.*", "uts.hostname.isolated"));
  EXPECT_FALSE(glob_match("uts.*", "user.map.root"));
  EXPECT_TRUE(glob_match("*/pid", "unshare/pid"));
}

}  // namespace
}  // namespace nsvet::model
