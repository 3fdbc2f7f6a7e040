#include "model/growth.h"

#include <gtest/gtest.h>

namespace nsvet::model {
namespace {

using Points = std::vector<std::pair<double, double>>;

TEST(Curves, TakeTheOperationItselfForTheirFoot) {
  const std::string ids[] = {"unshare/mnt", "unshare/mnt/mounts:100", "unshare/mnt/mounts:10",
                             "fork/none"};
  const auto curves = curves_of(ids);
  ASSERT_EQ(curves.size(), 1);
  const auto& points = curves.at("unshare/mnt/mounts");
  ASSERT_EQ(points.size(), 3);
  EXPECT_EQ(points[0].id, "unshare/mnt");
  EXPECT_EQ(points[0].at, 0);
  EXPECT_EQ(points[2].at, 100);
}

TEST(Curves, HaveThreePoints) {
  const std::string ids[] = {"a:1", "a:2", "b:x", "b:y", "b:z"};
  EXPECT_TRUE(curves_of(ids).empty());
}

TEST(Fit, FindsShapesAndSlopes) {
  const auto line = fit(Points{{0, 100}, {10, 200}, {110, 1200}}, 20);
  EXPECT_EQ(line.shape, Shape::linear);
  EXPECT_NEAR(line.slope, 10, 1e-9);
  EXPECT_EQ(fit(Points{{0, 100}, {10, 110}, {1000, 95}}, 20).shape, Shape::constant);
  EXPECT_EQ(fit(Points{{0, 0}, {10, 100}, {100, 10000}}, 20).shape, Shape::worse);
  EXPECT_EQ(fit(Points{{0, 0}, {10, 1000}, {100, 1500}}, 20).shape, Shape::less);
}

TEST(Fit, TakesADifferenceWithinTheNoiseForNone) {
  EXPECT_EQ(fit(Points{{0, 0}, {10, 1000}, {20, 2250}}, 20).shape, Shape::linear);
}

TEST(Growths, AreMadeOfWhatWasMeasured) {
  std::vector<BenchmarkResult> results(4);
  for (int i = 0; i < 4; ++i) {
    auto& result = results[static_cast<std::size_t>(i)];
    result.id = i == 0 ? "fork" : "fork/depth:" + std::to_string(i);
    result.p50 = 1000 + 500 * i;
    if (i < 3) result.rounds = {{"1", 0, result.p50, result.p50, 1}};
  }
  const auto growths = growths_of(results);
  ASSERT_EQ(growths.size(), 1);
  EXPECT_EQ(growths[0].curve, "fork/depth");
  EXPECT_EQ(growths[0].points, 3);
  EXPECT_EQ(growths[0].to, 2);
  EXPECT_NEAR(growths[0].fit.slope, 500, 1e-9);
}

}  // namespace
}  // namespace nsvet::model
