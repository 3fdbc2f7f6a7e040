// What a benchmark is written with. One sample is one call, timed alone in a process of its own;
// forking, synchronising and book-keeping stay outside the timed region.
//
//   NSVET_BENCHMARK_EACH_TYPE(unshare_type, {.id = "unshare", ...}) {
//     return m.in_child([flag = type.clone_flag] { return timed([&] { return unshare(flag); }); });
//   }
#pragma once

#include <fmt/format.h>
#include <sched.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/benchmark.h"
#include "model/ns_type.h"
#include "sys/call.h"
#include "sys/process.h"

namespace nsvet::measure {

using model::NsType;
using model::NsTypeInfo;

/// One timed call: its cost, or the errno with which it failed.
struct Sample {
  std::int64_t cost = 0;  ///< ns or instructions
  int failed = 0;         ///< errno; a failed call is never a latency
};

/// The time now on the clock of this program: CLOCK_MONOTONIC_RAW in ns (time namespaces shift
/// CLOCK_MONOTONIC), or the TSC, which counts executed instructions under -icount shift=0.
std::int64_t now();

/// Times one call.
/// @param call returns a negative value, and sets errno, when it fails
template <class Call>
Sample timed(Call call) {
  const std::int64_t begin = now();
  const auto result = call();
  const std::int64_t end = now();
  if (result < 0) return {.failed = errno};
  return {.cost = end - begin};
}

struct BenchmarkInfo {
  std::string id;  ///< operation/variant
  std::string title;
  std::string timed;  ///< What lies between the two clock readings.
  std::string source;
  std::vector<NsType> types{};
  bool admin = true;  ///< Needs all capabilities; an ordinary user gets them in a user namespace.
};

/// Makes one sample. Called in the benchmark's process, before every call quiet.
class Measurement {
 public:
  /// Runs `body` in a fresh child and returns its sample. The child is dead and reaped afterwards.
  Sample in_child(const std::function<Sample()>& body, const sys::CloneOptions& options = {}) const;
};

using SampleBody = std::function<Sample(const Measurement&)>;

struct RegisteredBenchmark {
  BenchmarkInfo info;
  SampleBody body;
};

std::vector<RegisteredBenchmark>& registry();
bool register_benchmark(BenchmarkInfo info, SampleBody body);
/// One benchmark for each namespace type: its name behind the id, "{}" its CLONE flag.
bool register_for_each_type(
    const BenchmarkInfo& info,
    const std::function<Sample(const Measurement&, const NsTypeInfo&)>& body);

/// The `main` of every benchmark program: --list, --run ID, --clock wall|insn, --samples N,
/// --events FD.
int benchmark_main(int argc, char** argv);

}  // namespace nsvet::measure

#define NSVET_BENCHMARK(name, ...)                                                                \
  static nsvet::measure::Sample name(const nsvet::measure::Measurement& m);                       \
  static const bool name##_registered = nsvet::measure::register_benchmark(__VA_ARGS__, &(name)); \
  static nsvet::measure::Sample name(const nsvet::measure::Measurement& m)

#define NSVET_BENCHMARK_EACH_TYPE(name, ...)                                  \
  static nsvet::measure::Sample name(const nsvet::measure::Measurement& m,    \
                                     const nsvet::measure::NsTypeInfo& type); \
  static const bool name##_registered =                                       \
      nsvet::measure::register_for_each_type(__VA_ARGS__, &(name));           \
  static nsvet::measure::Sample name(const nsvet::measure::Measurement& m,    \
                                     const nsvet::measure::NsTypeInfo& type)
