#include "vm/suites.h"

#include <gtest/gtest.h>

namespace nsvet::vm {
namespace {

TEST(ParseOffers, PutsThePackagesOfOneKernelTogetherOldestFirst) {
  const auto offers = parse_offers(
      "Package: linux-image-7.3.4+deb13-cloud-amd64\nVersion: 7.3.4-1~bpo13+1\n\n"
      "Package: linux-binary-7.3.4+deb13-cloud-amd64\nVersion: 7.3.4-1~bpo13+1\n\n"
      "Package: linux-image-6.1.0-50-cloud-amd64\nVersion: 6.1.176-1\n\n"
      "Package: linux-image-6.12-cloud-amd64\nVersion: 6.12.117-1\n");
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_EQ(offers[0].version, "6.1.176");
  EXPECT_EQ(offers[1].version, "7.3.4");
  EXPECT_EQ(offers[1].packages.size(), 2U);
}

TEST(ParseOffers, WantsAnImagePackage) {
  EXPECT_TRUE(
      parse_offers("Package: linux-modules-7.3.4+deb13-cloud-amd64\nVersion: 7.3.4-1\n").empty());
}

}  // namespace
}  // namespace nsvet::vm
