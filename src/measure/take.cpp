// The loop around every sample: Google Benchmark's, with our own clock.
#include <benchmark/benchmark.h>

#include "measure/benchmark.h"

namespace nsvet::measure {
namespace {

// Warm-up fills slabs and per-CPU lists and touches every path; then the figures settle.
constexpr int kWarmUp = 4;
// A call longer than a tick is always disturbed: then the last try counts.
constexpr int kTries = 4;

/// Lets Google Benchmark say nothing: the samples are emitted as events.
class Silent : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

Sample undisturbed(const std::function<Sample()>& take) {
  Sample sample;
  for (int i = 0; i < kTries; ++i) {
    quiesce();
    sample = take();
    if (!sample.disturbed) break;
  }
  return sample;
}

}  // namespace

void Measurement::take(const std::function<Sample()>& sample) {
  auto one = [&](bool keep) {
    const Sample taken = undisturbed(sample);
    if (taken.failed != 0) {
      ++samples_.failed_calls;
      last_errno_ = taken.failed;
    } else if (keep) {
      samples_.warm.push_back(taken.cost);
    }
    return taken;
  };
  touch_pages();
  const Sample cold = one(false);
  samples_.cold = cold.cost;
  if (cold.failed != 0) {
    const std::array<char, 124> call{"the timed call"};
    fail({cold.failed, call});
    return;
  }
  for (int i = 1; i < kWarmUp; ++i) one(false);
  auto loop = [&](benchmark::State& state) {
    for ([[maybe_unused]] auto iteration : state) {
      state.SetIterationTime(static_cast<double>(one(true).cost) * 1e-9);
    }
  };
  benchmark::RegisterBenchmark(info_.id.c_str(), loop)->UseManualTime()->Iterations(count_);
  Silent silent;
  benchmark::RunSpecifiedBenchmarks(&silent, ".");
  if (samples_.warm.empty()) {
    samples_.error =
        fmt::format("every warm call failed, the last with {}", sys::errno_name(last_errno_));
  }
}

}  // namespace nsvet::measure
