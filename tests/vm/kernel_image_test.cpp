#include "vm/kernel_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsvet::vm {
namespace {

std::string image_with(const std::string& version, unsigned pointer = 0x300) {
  std::string bytes(0x2000, '\0');
  bytes.replace(0x202, 4, "HdrS");
  bytes[0x20e] = static_cast<char>(pointer & 0xff);
  bytes[0x20f] = static_cast<char>(pointer >> 8);
  if (0x200 + pointer + version.size() < bytes.size()) {
    bytes.replace(0x200 + pointer, version.size(), version);
  }
  return bytes;
}

TEST(ImageRelease, IsReadFromTheHeader) {
  const auto release = image_release(image_with("6.12.1-cloud (builder) #1"), "x");
  ASSERT_TRUE(release);
  EXPECT_EQ(*release, "6.12.1-cloud");
}

TEST(ImageRelease, RefusesOtherFiles) {
  for (const std::string& bytes : {std::string(), std::string(0x2000, '\0'), std::string("HdrS"),
                                   image_with("6.12", 0xffff), image_with("")}) {
    const auto release = image_release(bytes, "some/file");
    ASSERT_FALSE(release);
    EXPECT_THAT(release.error().message, testing::StartsWith("some/file: not a Linux kernel"));
  }
}

TEST(FindKernel, RefusesSpecsThatAreNone) {
  for (const char* spec :
       {"debian:", "debian:x", "debian:6.12/..", "/nonexistent/bzImage", "/nonexistent.deb"}) {
    const auto kernel = find_kernel(spec);
    ASSERT_FALSE(kernel) << spec;
    EXPECT_EQ(kernel.error().kind, model::Error::Kind::bad_input);
  }
}

}  // namespace
}  // namespace nsvet::vm
