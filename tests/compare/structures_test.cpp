#include "compare/structures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsvet::compare {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StructureMember, IsNamedWithoutItsAnonymousStructures) {
  EXPECT_EQ((model::StructureMember{.path = "<union>.<struct>.stash.next", .type = ""}).name(),
            "stash.next");
  EXPECT_EQ((model::StructureMember{.path = "count", .type = ""}).name(), "count");
}

TEST(StructureChanges, TellWhatCameWentChangedAndMoved) {
  const model::Structure before{
      "net",
      32,
      true,
      {{"a", "int", 0, 32}, {"b", "int", 32, 32}, {"c", "int", 64, 32}, {"d", "int", 96, 32}}};
  const model::Structure after{"net",
                               40,
                               true,
                               {{"a", "int", 0, 32},
                                {"new", "long", 64, 64},
                                {"<union>.c", "int", 128, 32},
                                {"d", "unsigned int", 160, 32}}};
  const auto changes = structure_changes({before}, {after});
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].growth(), 8);
  EXPECT_THAT(changes[0].came, ElementsAre("new"));
  EXPECT_THAT(changes[0].went, ElementsAre("b"));
  EXPECT_THAT(changes[0].changed, ElementsAre("d"));
  EXPECT_THAT(changes[0].moved, ElementsAre("c"));
}

TEST(StructureChanges, AreNoneWhereNothingDiffersOrOneKernelDoesNotTell) {
  const model::Structure one{"net", 32, true, {{"a", "int", 0, 32}}};
  EXPECT_THAT(structure_changes({one}, {one}), IsEmpty());
  EXPECT_THAT(structure_changes({one}, {}), IsEmpty());
}

TEST(StructureBehind, IsThatOfTheTypeWhoseMemoryIsMeasured) {
  const std::vector<model::Structure> all{{"net", 3200, true, {}},
                                          {"uts_namespace", 432, true, {}}};
  ASSERT_NE(structure_behind("memory/uts", all), nullptr);
  EXPECT_EQ(structure_behind("memory/uts", all)->name, "uts_namespace");
  ASSERT_NE(structure_behind("memory/net", all), nullptr);
  EXPECT_EQ(structure_behind("memory/net", all)->size, 3200);
  EXPECT_EQ(structure_behind("memory/pid", all), nullptr);
  EXPECT_EQ(structure_behind("unshare/uts", all), nullptr);
}

TEST(StructureChanges, TellAStructureThatOnlyOneKernelHas) {
  const model::Structure net{"net", 32, true, {}};
  const model::Structure time{"time_namespace", 64, true, {}};
  const auto changes = structure_changes({net}, {net, time});
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].name, "time_namespace");
  EXPECT_FALSE(changes[0].before);
  EXPECT_EQ(changes[0].after, 64);
}

}  // namespace
}  // namespace nsvet::compare
