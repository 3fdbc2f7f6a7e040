#include "compare/known_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsvet::compare {
namespace {

using testing::HasSubstr;

const std::vector<KnownChange> kKnown{
    {"6.14", {"bench:unshare/*", "bench:vfork/*"}, "up", "why", "source", "", "", 300, {}, false},
    {"6.18", {"check:mnt.x"}, "down", "why", "source", "7.2", "fail", {}, {}, false},
    {"6.14", {"bench:clone/*"}, "up", "why", "source", "", "", {}, 900, false},
};

bool explained(const Seen& seen, const char* from, const char* to) {
  return Crossed(kKnown, from, to).explain(seen) != nullptr;
}

TEST(KnownChanges, ExplainBetweenTheirVersionsInTheirDirection) {
  const Seen up{"bench:unshare/pid", "4000", 1, 1.0};
  EXPECT_TRUE(explained(up, "6.12", "7.3"));
  EXPECT_FALSE(explained(up, "6.15", "7.3"));
  EXPECT_FALSE(explained(up, "6.12", "6.13"));
  EXPECT_FALSE(explained({"bench:unshare/pid", "1000", -1, -0.5}, "6.12", "7.3"));
  EXPECT_TRUE(explained({"bench:vfork/pid", "4000", 1, 1.0}, "6.12", "7.3"));
  EXPECT_FALSE(explained({"bench:setns/pid", "4000", 1, 1.0}, "6.12", "7.3"));
}

TEST(KnownChanges, ExplainTheWayBack) {
  EXPECT_TRUE(explained({"bench:unshare/pid", "1000", -1, -0.5}, "7.3", "6.12"));
  EXPECT_FALSE(explained({"bench:unshare/pid", "4000", 1, 1.0}, "7.3", "6.12"));
}

TEST(KnownChanges, ExplainNoMoreThanTheirMost) {
  EXPECT_TRUE(explained({"bench:unshare/pid", "4000", 1, 2.9}, "6.12", "7.3"));
  EXPECT_FALSE(explained({"bench:unshare/pid", "9000", 1, 3.1}, "6.12", "7.3"));
}

TEST(KnownChanges, ExplainNoMoreThanTheirInstructions) {
  EXPECT_TRUE(explained({"bench:clone/net", "400900", 1, 0.1, 900}, "6.12", "7.3"));
  EXPECT_FALSE(explained({"bench:clone/net", "400901", 1, 0.1, 901}, "6.12", "7.3"));
  EXPECT_FALSE(explained({"bench:clone/net", "400000", -1, -0.1, -901}, "7.3", "6.12"));
}

TEST(KnownChanges, EndWithTheirUntilAndMakeTheirValue) {
  const Seen broken{"check:mnt.x", "fail", -1, 0};
  EXPECT_TRUE(explained(broken, "6.12", "6.18"));
  EXPECT_FALSE(explained({"check:mnt.x", "skip", -1, 0}, "6.12", "6.18"));
  EXPECT_FALSE(explained(broken, "6.12", "7.3"));
  EXPECT_TRUE(explained({"check:mnt.x", "pass", 1, 0}, "6.18", "7.3"));
  EXPECT_FALSE(explained({"check:mnt.x", "fail", -1, 0}, "6.18", "7.3"));
}

TEST(KnownChanges, AllThatAreCompiledInAreWhole) {
  const auto known = known_changes();
  ASSERT_TRUE(known) << known.error().message;
  EXPECT_FALSE(known->empty());
}

TEST(KnownChanges, ExplainExplorationsWithoutDirection) {
  const auto all = known_changes();
  ASSERT_TRUE(all);
  const auto why = [&](const char* subject, const char* from, const char* to) {
    const auto* change = Crossed(*all, from, to).explain({.subject = subject, .after = {}});
    return change == nullptr ? std::string() : change->why;
  };
  EXPECT_EQ(why("explore:mount_setattr /b RDONLY 0: ENOSYS -> 0", "5.10.0", "6.1.0"),
            "mount_setattr(2) is new");
  EXPECT_EQ(why("explore:mount_setattr /b RDONLY 0: 0 -> EPERM", "5.10.0", "6.1.0"), "");
  EXPECT_EQ(why("explore:mount_setattr /b RDONLY 0: ENOSYS -> 0", "6.1.0", "6.12.0"), "");
  EXPECT_NE(why("explore:waitid 0: si_uid=65534 -> si_uid=0", "7.2.0", "7.3.0"), "");
  EXPECT_EQ(why("explore:stat /f: uid=65534 -> uid=0", "7.2.0", "7.3.0"), "");
}

TEST(KnownChanges, SayWhatIsWrongWithAnEntry) {
  const auto wrong = [](const char* text) {
    const auto known = known_changes_from(text);
    return known ? std::string("accepted") : known.error().message;
  };
  EXPECT_THAT(wrong("[[change]]\nsince = \"6.1\"\naffects = \"x\"\n"),
              HasSubstr("toml:1: \"x\": needs"));
  EXPECT_THAT(wrong("[[change]]\nsince = \"6.1\"\naffects = [\"x\", 5]\n"),
              HasSubstr("toml:1: \"x \": needs"));
  EXPECT_THAT(wrong("[[change]]\nsinec = \"6.1\"\n"), HasSubstr("unknown key \"sinec\""));
  EXPECT_THAT(
      wrong("[[change]]\nsince=\"1\"\naffects=\"x\"\nwhy=\"y\"\nsource=\"z\"\ndirection=\"left\""),
      HasSubstr("up, down or any"));
  EXPECT_THAT(wrong("[[change]]\nsince=\"1\"\naffects=\"explore:x\"\nwhy=\"y\"\nsource=\"z\"\n"
                    "direction=\"up\""),
              HasSubstr("toml:1: \"explore:x\": direction is any for what exploration sees"));
  EXPECT_THAT(wrong("[[change"), HasSubstr("known-changes.toml:1"));
}

}  // namespace
}  // namespace nsvet::compare
