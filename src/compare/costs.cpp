#include "compare/costs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ranges>

#include "compare/release.h"
#include "compare/statistics.h"
#include "model/growth.h"
#include "model/statistics.h"

namespace nsvet::compare {
namespace {

using model::BenchmarkResult;
using model::Clock;

// docs/comparing.md says why these.
constexpr double kInsnFloor = 20;    ///< Instructions.
constexpr double kShare = 0.01;      ///< For another source, or too few boots to know a spread.
constexpr double kRestless = 0.002;  ///< Of a figure that differs between boots.
constexpr double kBytesFloor = 128;  ///< Slab objects and per-CPU memory come in cache lines.
constexpr std::size_t kFewBoots = 3;
constexpr std::size_t kManyBoots = 5;
/// Of a boot: medians of so many are not close by luck.
constexpr std::int64_t kManyCalls = 40;
constexpr std::int64_t kBatch = 160;    ///< What a batch of the page allocator costs, at most.
constexpr double kOfCheapest = 0.0001;  ///< Of the cheapest of many calls.
constexpr double kWallThreshold = 0.05;
constexpr double kAlpha = 0.05;

struct Pair {
  const BenchmarkResult* before;
  const BenchmarkResult* after;
};

// One figure for each boot: the median of its calls, or the cheapest.
struct Boots {
  double middle = 0;  ///< Their median.
  double spread = 0;  ///< The largest less the smallest.
};

Boots boots_of(const BenchmarkResult& result, std::int64_t model::Round::*figure) {
  std::vector<std::int64_t> values;
  for (const auto& round : result.rounds) values.push_back(round.*figure);
  const auto [low, high] = std::ranges::minmax(values);
  return {static_cast<double>(model::median(values)), static_cast<double>(high - low)};
}

std::int64_t fewest_calls(const BenchmarkResult& result) {
  return std::ranges::min(result.rounds, {}, &model::Round::count).count;
}

struct Sides {
  Boots before;
  Boots after;
  std::int64_t calls = 0;  ///< The fewest of a boot.
  double spread() const { return std::max(before.spread, after.spread); }
};

// What chance adds to a call (a new slab, a batch of pages) it only adds: where medians of boots
// lie apart for it, the cheapest calls do not.
Sides steadier(const Pair& pair) {
  const auto sides = [&](std::int64_t model::Round::*figure) {
    return Sides{boots_of(*pair.before, figure), boots_of(*pair.after, figure),
                 std::min(fewest_calls(*pair.before), fewest_calls(*pair.after))};
  };
  const Sides medians = sides(&model::Round::p50);
  const Sides cheapest = sides(&model::Round::min);
  // Medians that all met the same chance on one side lie no further apart than the cheapest calls.
  return cheapest.spread() <= medians.spread() + kInsnFloor ? cheapest : medians;
}

// Three boots show less of the noise than five do. Another source is compiled to other code in
// many places, each of which costs a little more or less; the same source is not.
double insn_floor(const Sides& sides, std::size_t boots, bool one_source) {
  const bool known = one_source && boots >= kFewBoots;
  const bool restless = sides.spread() > kInsnFloor && sides.calls < kManyCalls;
  const double part = !known ? kShare : (restless ? kRestless : 0);
  const double share = part * sides.before.middle;
  const double spreads = (boots < kManyBoots ? 2 : 1.5) * sides.spread();
  return std::ceil(std::max(share, spreads)) + kInsnFloor;
}

Verdict beyond(double difference, double floor) {
  if (std::abs(difference) <= floor) return Verdict::same;
  return difference > 0 ? Verdict::regression : Verdict::improvement;
}

// A step between calls of one report, such as a batch of pages makes, may part two reports as well.
double step(const Pair& pair) {
  const auto of = [](const std::vector<std::int64_t>& sorted) {
    return std::min(model::quantile(sorted, 0.5) - sorted.front(), kBatch);
  };
  return static_cast<double>(std::max(of(pair.before->samples), of(pair.after->samples)));
}

// The cheapest of many calls over all boots met no new slab in any: it is the call's own cost, as
// surely as the next two come near it.
void take_cheapest(CostRow& row, const Pair& pair) {
  const auto& before = pair.before->samples;
  const auto& after = pair.after->samples;
  const auto gap = std::max(before[2] - before[0], after[2] - after[0]);
  const double share = kOfCheapest * static_cast<double>(before[0]);
  const double floor = std::ceil(std::max(2 * static_cast<double>(gap), share)) + kInsnFloor;
  if (floor >= row.floor) return;
  row.before = static_cast<double>(before[0]);
  row.after = static_cast<double>(after[0]);
  row.floor = floor;
}

CostRow insn_row(const std::string& id, const Pair& pair, bool one_source) {
  const Sides sides = steadier(pair);
  const std::size_t boots = std::min(pair.before->rounds.size(), pair.after->rounds.size());
  CostRow row{.id = id,
              .before = sides.before.middle,
              .after = sides.after.middle,
              .floor = insn_floor(sides, boots, one_source)};
  row.floor = std::max(row.floor, step(pair) + kInsnFloor);
  if (one_source && sides.calls >= kManyCalls) take_cheapest(row, pair);
  if (pair.before->unit == model::Unit::bytes) row.floor = std::max(row.floor, kBytesFloor);
  row.verdict = beyond(row.after - row.before, row.floor);
  return row;
}

// How often the grace period's thread is woken during a whole life is chance, in every life alike:
// three boots of one show less of it than those of all.
void share_restlessness(std::vector<CostRow>& rows) {
  const auto is_life = [](const CostRow& row) {
    return row.id.starts_with("life/") && row.before > 0;
  };
  double share = 0;
  for (const CostRow& row : rows | std::views::filter(is_life)) {
    share = std::max(share, row.floor / row.before);
  }
  for (CostRow& row : rows | std::views::filter(is_life)) {
    row.floor = std::max(row.floor, std::ceil(share * row.before));
    row.verdict = beyond(row.after - row.before, row.floor);
  }
}

std::vector<double> logs_of_rounds(const BenchmarkResult& result) {
  std::vector<double> logs;
  for (const auto& round : result.rounds) {
    logs.push_back(std::log(static_cast<double>(std::max<std::int64_t>(1, round.p50))));
  }
  return logs;
}

// How far a side is from itself: every other round against the rest.
double own_noise(const std::vector<double>& logs) {
  std::vector<double> halves[2];
  for (std::size_t i = 0; i < logs.size(); ++i) halves[i % 2].push_back(logs[i]);
  if (halves[1].empty()) return 0;
  return std::abs(middle(halves[0]) - middle(halves[1]));
}

CostRow wall_row(const std::string& id, const Pair& pair, std::size_t rows) {
  const auto a = logs_of_rounds(*pair.before);
  const auto b = logs_of_rounds(*pair.after);
  const Shift shift = shift_between(a, b, kAlpha);
  const double noise = std::expm1(std::max(own_noise(a), own_noise(b)));
  CostRow row{.id = id,
              .before = static_cast<double>(pair.before->p50),
              .after = static_cast<double>(pair.before->p50) * std::exp(shift.estimate),
              .floor = static_cast<double>(pair.before->p50) * std::max(kWallThreshold, noise),
              .low = std::expm1(shift.low),
              .high = std::expm1(shift.high),
              .p = shift.p};
  const auto detectable = detectable_shift(a, b, kAlpha / static_cast<double>(rows));
  if (detectable) row.detectable = std::expm1(*detectable);
  return row;
}

// Once all p are known.
void judge(std::vector<CostRow>& rows) {
  std::vector<double> p;
  for (const auto& row : rows) p.push_back(row.p);
  const auto adjusted = holm(p);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& row = rows[i];
    row.p = adjusted[i];
    const double difference = row.after - row.before;
    const bool large = std::abs(difference) > row.floor;
    if (row.p < kAlpha && large) {
      row.verdict = beyond(difference, row.floor);
    } else {
      const bool seen = row.detectable && *row.detectable * row.before <= row.floor;
      row.verdict = seen && !large ? Verdict::same : Verdict::cannot_tell;
    }
  }
}

// A growth differs when the ends of its curve drift apart by more than both their floors.
std::vector<CostRow> growth_rows(const std::vector<CostRow>& rows) {
  std::map<std::string, const CostRow*> by_id;
  std::vector<std::string> ids;
  for (const auto& row : rows) {
    by_id[row.id] = &row;
    ids.push_back(row.id);
  }
  std::vector<CostRow> growths;
  for (const auto& [curve, members] : model::curves_of(ids)) {
    std::vector<std::pair<double, double>> before;
    std::vector<std::pair<double, double>> after;
    double floor = 0;
    for (const auto& [id, at] : members) {
      const CostRow& row = *by_id.at(id);
      before.emplace_back(at, row.before);
      after.emplace_back(at, row.after);
      floor = std::max(floor, row.floor);
    }
    const model::Fit old = model::fit(before, floor);
    const model::Fit now = model::fit(after, floor);
    CostRow row{.kind = CostRow::Kind::growth,
                .id = curve,
                .before = old.slope,
                .after = now.slope,
                .floor = 2 * floor / (members.back().at - members.front().at)};
    if (old.shape != now.shape) {
      row.note = fmt::format("was {}, is {}", to_string(old.shape), to_string(now.shape));
    }
    const bool flat = old.shape == model::Shape::constant && now.shape == model::Shape::constant;
    if (!flat) row.verdict = beyond(row.after - row.before, row.floor);
    growths.push_back(std::move(row));
  }
  return growths;
}

}  // namespace

std::vector<CostRow> cost_rows(const model::Report& base, const model::Report& next) {
  std::map<std::string, Pair> pairs;
  for (const auto& result : base.benchmarks) {
    if (!result.rounds.empty()) pairs[result.id].before = &result;
  }
  for (const auto& result : next.benchmarks) {
    if (!result.rounds.empty()) pairs[result.id].after = &result;
  }
  std::erase_if(pairs, [](const auto& item) {
    return item.second.before == nullptr || item.second.after == nullptr;
  });
  const bool one_source = same_source(release_of(base), release_of(next));
  std::vector<CostRow> rows;
  for (const auto& [id, pair] : pairs) {
    rows.push_back(base.cell.clock == Clock::insn ? insn_row(id, pair, one_source)
                                                  : wall_row(id, pair, pairs.size()));
  }
  if (base.cell.clock == Clock::wall) {
    judge(rows);
    return rows;
  }
  share_restlessness(rows);
  auto growths = growth_rows(rows);
  std::ranges::move(growths, std::back_inserter(rows));
  return rows;
}

}  // namespace nsvet::compare
