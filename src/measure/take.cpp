// The loop around every sample: Google Benchmark's, with our own clock.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>

#include "measure/align.h"
#include "measure/benchmark.h"

namespace nsvet::measure {
namespace {

// Warm-up fills slabs and per-CPU lists and touches every path; then the figures settle.
constexpr int kWarmUp = 2;
constexpr int kFewWarmUp = 1;
/// Instruction counts that come out alike so often in a row will go on so.
constexpr std::size_t kAlike = 3;
constexpr std::size_t kFewAlike = 2;
// So many calls have a steady median, where a few have a new slab in some and not in others.
constexpr int kMore = 6;
// A call longer than a tick is always disturbed: then the last try counts.
constexpr int kTries = 4;

/// Lets Google Benchmark say nothing: the samples are emitted as events.
class Silent : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

Sample undisturbed(const std::function<Sample()>& take, bool wait) {
  Sample sample;
  for (int i = 0; i < kTries; ++i) {
    if (wait || i > 0) {
      quiesce();
    } else if (chosen_clock() == model::Clock::insn) {
      align();
    }
    sample = take();
    if (!sample.disturbed) break;
  }
  return sample;
}

bool settled(const std::vector<std::int64_t>& samples, std::size_t alike) {
  if (chosen_clock() != model::Clock::insn || samples.size() < alike) return false;
  return std::all_of(samples.end() - static_cast<std::ptrdiff_t>(alike), samples.end(),
                     [&](std::int64_t cost) { return cost == samples.back(); });
}

}  // namespace

void Measurement::ask_more() {
  if (chosen_clock() == model::Clock::insn) count_ *= kMore;
}

void Measurement::take(const std::function<Sample()>& sample) {
  loop(sample, {kWarmUp, count_, kAlike, true});
}

void Measurement::take_at_once(const std::function<Sample()>& sample) {
  quiesce();
  loop(sample, {kWarmUp, count_, kAlike, false});
}

void Measurement::take_few(const std::function<Sample()>& sample) {
  loop(sample, {kFewWarmUp, std::max(3, count_ / 2), kFewAlike, true});
}

void Measurement::loop(const std::function<Sample()>& sample, const Plan& plan) {
  auto one = [&](bool keep) {
    const Sample taken = undisturbed(sample, plan.wait);
    if (taken.failed != 0) {
      ++samples_.failed_calls;
      last_errno_ = taken.failed;
    } else if (keep) {
      samples_.warm.push_back(taken.cost);
    }
    return taken;
  };
  (void)timed([] { return 0; });  // Pages of ours that the cold call would fault in.
  const Sample cold = one(false);
  samples_.cold = cold.cost;
  if (cold.failed != 0) {
    const std::array<char, 124> call{"the timed call"};
    fail({cold.failed, call});
    return;
  }
  for (int i = 1; i < plan.warm_up; ++i) one(false);
  auto body = [&](benchmark::State& state) {
    for ([[maybe_unused]] auto iteration : state) {
      if (settled(samples_.warm, plan.alike)) break;
      state.SetIterationTime(static_cast<double>(one(true).cost) * 1e-9);
    }
  };
  benchmark::RegisterBenchmark(info_.id.c_str(), body)->UseManualTime()->Iterations(plan.count);
  Silent silent;
  benchmark::RunSpecifiedBenchmarks(&silent, ".");
  benchmark::ClearRegisteredBenchmarks();
  if (samples_.warm.empty()) {
    samples_.error =
        fmt::format("every warm call failed, the last with {}", sys::errno_name(last_errno_));
  }
}

}  // namespace nsvet::measure
