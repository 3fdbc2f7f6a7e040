#include "model/growth.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace nsvet::model {
namespace {

constexpr std::size_t kFewest = 3;  ///< Points that make a curve.
/// Instructions that a table in another state adds, and the share that boots do.
constexpr double kNoise = 20;
constexpr double kShare = 0.005;
/// The later half of a line is not so much steeper than the earlier one.
constexpr double kBend = 1.25;

}  // namespace

std::optional<Point> point_of(const std::string& id) {
  const auto colon = id.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  Point point{id.substr(0, colon), 0};
  const char* const end = id.data() + id.size();
  const auto [stop, error] = std::from_chars(id.data() + colon + 1, end, point.at);
  if (error != std::errc() || stop != end) return std::nullopt;
  return point;
}

std::map<std::string, std::vector<CurvePoint>> curves_of(std::span<const std::string> ids) {
  const std::set<std::string> known(ids.begin(), ids.end());
  std::map<std::string, std::vector<CurvePoint>> curves;
  for (const auto& id : known) {
    const auto point = point_of(id);
    if (point) curves[point->curve].push_back({id, point->at});
  }
  for (auto& [curve, points] : curves) {
    auto operation = curve.substr(0, curve.rfind('/'));
    if (known.contains(operation)) points.push_back({std::move(operation), 0});
    std::ranges::sort(points, {}, &CurvePoint::at);
  }
  std::erase_if(curves, [](const auto& item) {
    const auto& points = item.second;
    return points.size() < kFewest || points.front().at >= points.back().at;
  });
  return curves;
}

Fit fit(std::span<const std::pair<double, double>> points, double noise) {
  const auto count = static_cast<double>(points.size());
  double x = 0;
  double y = 0;
  for (const auto& [at, cost] : points) {
    x += at / count;
    y += cost / count;
  }
  double xy = 0;
  double xx = 0;
  for (const auto& [at, cost] : points) {
    xy += (at - x) * (cost - y);
    xx += (at - x) * (at - x);
  }
  Fit found{Shape::linear, xx == 0 ? 0 : xy / xx};
  const auto by_cost = [](const auto& point) { return point.second; };
  const auto [low, high] = std::ranges::minmax(points, {}, by_cost);
  if (high.second - low.second <= noise) {
    found.shape = Shape::constant;
    return found;
  }
  // What the later half would cost at the pace of the earlier one, and what it does.
  const auto& first = points.front();
  const auto& middle = points[points.size() / 2];
  const auto& last = points.back();
  const double pace = (middle.second - first.second) / (middle.first - first.first);
  const double straight = pace * (last.first - middle.first);
  const double real = last.second - middle.second;
  if (real > kBend * straight + noise) found.shape = Shape::worse;
  if (kBend * real + noise < straight) found.shape = Shape::less;
  return found;
}

std::vector<Growth> growths_of(std::span<const BenchmarkResult> results) {
  std::map<std::string, const BenchmarkResult*> by_id;
  std::vector<std::string> ids;
  for (const auto& result : results) {
    if (result.rounds.empty()) continue;
    by_id[result.id] = &result;
    ids.push_back(result.id);
  }
  std::vector<Growth> growths;
  for (const auto& [curve, members] : curves_of(ids)) {
    std::vector<std::pair<double, double>> points;
    double noise = 0;
    for (const auto& [id, at] : members) {
      const auto& result = *by_id.at(id);
      const auto cost = static_cast<double>(result.p50);
      points.emplace_back(at, cost);
      noise = std::max(noise, kNoise + kShare * cost + 2 * static_cast<double>(result.spread));
    }
    growths.push_back(
        {curve, points.size(), points.front().first, points.back().first, fit(points, noise)});
  }
  return growths;
}

}  // namespace nsvet::model
