// How the cost of an operation grows with an argument: what can be said of the points of a curve.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/benchmark.h"

namespace nsvet::model {

/// The curve that a benchmark is a point of: "fork/pid_depth" and 8 for "fork/pid_depth:8".
struct Point {
  std::string curve;
  double at = 0;
};
/// @return nullopt for an id without an argument
std::optional<Point> point_of(const std::string& id);

/// A point of a known curve.
struct CurvePoint {
  std::string id;
  double at = 0;
};

/// The curves among these ids that have three points or more, each in the order of its arguments.
/// The operation itself is the point 0 of its curves:
/// unshare/mnt of unshare/mnt/mounts.
std::map<std::string, std::vector<CurvePoint>> curves_of(std::span<const std::string> ids);

enum class Shape {
  constant,  ///< No point differs from another by more than the noise.
  linear,
  worse,  ///< Each step costs more, the more there were.
  less,   ///< Each step costs less.
};

inline constexpr std::string_view kShapeNames[] = {"constant", "linear", "worse than linear",
                                                   "less than linear"};
constexpr std::string_view to_string(Shape shape) {
  return kShapeNames[static_cast<std::size_t>(shape)];
}

struct Fit {
  Shape shape = Shape::constant;
  double slope = 0;  ///< For each step of the argument, by least squares.
};

/// @param points argument and cost, in the order of the arguments; three or more
/// @param noise a smaller difference of two costs says nothing
Fit fit(std::span<const std::pair<double, double>> points, double noise);

struct Growth {
  std::string curve;
  std::size_t points = 0;
  double from = 0;  ///< The smallest argument, and the largest.
  double to = 0;
  Fit fit;
};

/// The growth of each curve among these results.
std::vector<Growth> growths_of(std::span<const BenchmarkResult> results);

}  // namespace nsvet::model
