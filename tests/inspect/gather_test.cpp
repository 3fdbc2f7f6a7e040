// Namespaces found in a folder of procfs' form.
#include "inspect/gather.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "inspect/ns_link.h"
#include "sys/file.h"

namespace nsvet::inspect {
namespace {

using model::NsPin;
using model::NsType;
using testing::ElementsAre;

TEST(NsLink, IsTypeAndInode) {
  EXPECT_EQ(parse_ns_link("uts:[4026531838]"), (NsName{NsType::uts, 4026531838}));
  for (const char* text :
       {"", "uts:[]", "uts:[12", "uts:[12x]", "new:[12]", "socket:[12]", "/uts:[1]", "uts:[-1]"}) {
    EXPECT_FALSE(parse_ns_link(text)) << text;
  }
}

class Gather : public testing::Test {
 protected:
  void link(const std::string& path, const std::string& to) {
    const std::filesystem::path full = proc_.path() + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    ASSERT_EQ(::symlink(to.c_str(), full.c_str()), 0);
  }

  void file(const std::string& path, const std::string& text) {
    const std::filesystem::path full = proc_.path() + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }

  // A process in uts and mnt namespaces of these inodes.
  void process(int pid, int uts, int mnt) {
    link(fmt::format("{}/ns/uts", pid), fmt::format("uts:[{}]", uts));
    link(fmt::format("{}/ns/mnt", pid), fmt::format("mnt:[{}]", mnt));
    file(fmt::format("{}/comm", pid), fmt::format("name{}\n", pid));
    file(fmt::format("{}/mountinfo", pid), "");
    std::filesystem::create_directories(fmt::format("{}/{}/task/{}", proc_.path(), pid, pid));
    std::filesystem::create_directories(fmt::format("{}/{}/fd", proc_.path(), pid));
  }

  model::NsGraph gathered() {
    auto graph = gather({.proc = proc_.path(), .kernel = false});
    EXPECT_TRUE(graph);
    return *graph;
  }

  sys::TempDir proc_ = *sys::TempDir::create("nsvet-gather");
};

TEST_F(Gather, ProcessesAreInTheirNamespacesInNumericOrder) {
  process(10, 101, 201);
  process(9, 101, 201);
  link("self/ns/uts", "uts:[101]");
  const auto graph = gathered();
  ASSERT_EQ(graph.nodes.size(), 2U);
  const auto& uts = graph.nodes.at(101);
  EXPECT_EQ(uts.type, NsType::uts);
  EXPECT_THAT(uts.processes, ElementsAre(9, 10));
  EXPECT_TRUE(uts.own);
  EXPECT_FALSE(uts.orphan());
  EXPECT_EQ(graph.names.at(9), "name9");
  EXPECT_FALSE(graph.nodes.at(201).own);
}

TEST_F(Gather, ADescriptorKeepsAnOrphan) {
  process(9, 101, 201);
  link("9/fd/7", "uts:[102]");
  link("9/fd/8", "/dev/null");
  const auto graph = gathered();
  const auto& uts = graph.nodes.at(102);
  EXPECT_TRUE(uts.orphan());
  EXPECT_THAT(uts.pins, ElementsAre(NsPin{.kind = NsPin::Kind::fd, .pid = 9, .number = 7}));
}

TEST_F(Gather, OnlyAThreadThatIsElsewhereIsAPin) {
  process(9, 101, 201);
  link("9/task/11/ns/uts", "uts:[102]");
  link("9/task/12/ns/uts", "uts:[101]");
  const auto graph = gathered();
  EXPECT_THAT(graph.nodes.at(102).pins,
              ElementsAre(NsPin{.kind = NsPin::Kind::thread, .pid = 9, .number = 11}));
  EXPECT_FALSE(graph.nodes.at(102).orphan());
  EXPECT_TRUE(graph.nodes.at(101).pins.empty());
}

TEST_F(Gather, TheNamespaceOfFutureChildrenIsAPinWhenItIsAnotherOne) {
  process(9, 101, 201);
  link("9/ns/pid", "pid:[301]");
  link("9/ns/pid_for_children", "pid:[302]");
  link("9/ns/time", "time:[401]");
  link("9/ns/time_for_children", "time:[401]");
  const auto graph = gathered();
  EXPECT_TRUE(graph.nodes.at(302).orphan());
  EXPECT_THAT(graph.nodes.at(302).pins,
              ElementsAre(NsPin{.kind = NsPin::Kind::children, .pid = 9, .number = 9}));
  EXPECT_TRUE(graph.nodes.at(401).pins.empty());
}

TEST_F(Gather, BindMountsAreReadOncePerMountNamespace) {
  process(9, 101, 201);
  process(10, 101, 201);
  process(11, 101, 202);
  const std::string mounts =
      "30 1 0:4 net:[501] /run/netns/blue\\040sky rw shared:5 - nsfs nsfs rw\n"
      "31 1 0:5 / /tmp rw - tmpfs tmpfs rw\n";
  for (const int pid : {9, 10}) file(fmt::format("{}/mountinfo", pid), mounts);
  file("11/mountinfo", "32 1 0:5 / /nsfs rw - tmpfs nsfs rw\n");
  const auto graph = gathered();
  EXPECT_THAT(graph.nodes.at(501).pins, ElementsAre(NsPin{.kind = NsPin::Kind::mount,
                                                          .pid = 9,
                                                          .where = "/run/netns/blue\\040sky",
                                                          .mount_ns = 201}));
  EXPECT_EQ(graph.nodes.size(), 4U);
}

TEST_F(Gather, LimitsAreThoseOfTheCaller) {
  process(9, 101, 201);
  file("sys/user/max_uts_namespaces", "4711\n");
  EXPECT_EQ(gathered().limits.at("user.max_uts_namespaces"), 4711);
}

TEST(GatherNothing, IsAnError) {
  const auto graph = gather({.proc = "/nonexistent", .kernel = false});
  ASSERT_FALSE(graph);
  EXPECT_EQ(graph.error().number, ENOENT);
}

}  // namespace
}  // namespace nsvet::inspect
