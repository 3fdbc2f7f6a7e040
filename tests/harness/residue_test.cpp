#include "harness/residue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsvet::harness {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Residue, IsEmptyWhenNothingChanged) {
  EXPECT_THAT(residue({{"network link", "lo\n"}}, {{"network link", "lo\n"}}), IsEmpty());
}

TEST(Residue, NamesWhatCameAndWhatWent) {
  EXPECT_THAT(residue({{"network link", "eth0\nlo\n"}}, {{"network link", "lo\nveth0\n"}}),
              ElementsAre("network link came: veth0", "network link went: eth0"));
}

TEST(Residue, CountsEqualLines) {
  EXPECT_THAT(residue({{"mounts", "tmpfs\n"}}, {{"mounts", "tmpfs\ntmpfs\n"}}),
              ElementsAre("mounts came: tmpfs"));
}

TEST(Surroundings, HoldWhatChecksCouldTouch) {
  const auto now = surroundings();
  for (const char* name : {"host name", "/proc/self/mountinfo", "network link", "child process",
                           "/proc/sysvipc/shm", "sysctl kernel/msgmax"}) {
    EXPECT_TRUE(now.contains(name)) << name;
  }
}

}  // namespace
}  // namespace nsvet::harness
