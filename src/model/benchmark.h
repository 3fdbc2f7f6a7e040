// What a benchmark yields. In JSON it keeps Google Benchmark's names, so that its tools read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/profile.h"

namespace nsvet::model {

enum class Clock {
  wall,  ///< Nanoseconds on the running kernel.
  insn,  ///< Executed guest instructions under QEMU's -icount.
};

constexpr std::string_view to_string(Clock clock) { return clock == Clock::wall ? "wall" : "insn"; }

/// What a figure counts.
enum class Unit {
  time,   ///< Nanoseconds or instructions, as the clock says.
  bytes,  ///< Of the kernel's memory.
};

constexpr std::string_view unit_name(Unit unit, Clock clock) {
  if (unit == Unit::bytes) return "bytes";
  return clock == Clock::wall ? "ns" : "instructions";
}

/// One process's samples of one benchmark, as the program emits them.
struct Samples {
  std::string id;
  Clock clock = Clock::wall;
  std::int64_t cold = 0;           ///< The first call's cost, before any warm-up.
  std::vector<std::int64_t> warm;  ///< In the order in which they were taken.
  std::int64_t failed_calls = 0;   ///< Calls that returned an error: never a latency.
  std::string skipped;             ///< Why it was not run; empty when it was.
  std::string error;               ///< Why it has no figure; empty when it has.
  Unit unit = Unit::time;
  bool operator==(const Samples&) const = default;
};

/// One process's (wall) or one boot's (insn) part of a result.
struct Round {
  std::string label;  ///< The boot's perturbation, or the number of the round.
  std::int64_t cold = 0;
  std::int64_t p50 = 0;
  std::int64_t min = 0;
  std::int64_t count = 0;
  bool operator==(const Round&) const = default;
};

/// A benchmark's result, in its unit.
struct BenchmarkResult {
  std::string id;
  Clock clock = Clock::wall;
  std::int64_t count = 0;  ///< Warm samples over all rounds.
  std::int64_t cold = 0;   ///< Median over the rounds of the first call.
  std::int64_t p50 = 0;    ///< The headline: median over the rounds of the warm median.
  std::int64_t min = 0;
  std::int64_t max = 0;
  double mean = 0;
  std::optional<std::int64_t> p90;  ///< Absent when there are too few samples for it.
  std::optional<std::int64_t> p99;
  std::int64_t spread = 0;  ///< Largest less smallest warm median of the rounds: the noise floor.
  std::int64_t failed_calls = 0;
  std::vector<Round> rounds;
  std::vector<std::int64_t> samples;  ///< Sorted, warm, over all rounds.
  std::string skipped;
  std::string error;
  Unit unit = Unit::time;
  std::optional<Profile> profile{};  ///< When it was asked for, and could be made.
  bool operator==(const BenchmarkResult&) const = default;
};

}  // namespace nsvet::model
