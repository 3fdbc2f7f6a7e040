#include "sys/file.h"

#include <gtest/gtest.h>

#include <array>

namespace nsvet::sys {
namespace {

class ReadAgain : public testing::Test {
 protected:
  TempDir folder_ = *TempDir::create("nsvet-test-");
  std::string path_ = folder_.path() + "/file";
  std::array<char, 16> buffer_{};

  void say(std::string_view text) { ASSERT_TRUE(replace_file(path_, text)); }
};

TEST_F(ReadAgain, TellsAllFromTheStartEachTime) {
  say("first");
  const auto fd = open(path_, O_RDWR);
  ASSERT_TRUE(fd);
  EXPECT_EQ(read_again(fd->get(), buffer_), "first");
  ASSERT_TRUE(write_all(fd->get(), "worst"));
  EXPECT_EQ(read_again(fd->get(), buffer_), "worst");
}

TEST_F(ReadAgain, TellsNoMoreThanFits) {
  say("seventeen letters");
  const auto fd = open(path_, O_RDONLY);
  ASSERT_TRUE(fd);
  EXPECT_EQ(read_again(fd->get(), buffer_), "seventeen letter");
}

TEST_F(ReadAgain, TellsNothingOfWhatCannotBeRead) { EXPECT_EQ(read_again(-1, buffer_), ""); }

}  // namespace
}  // namespace nsvet::sys
