#include <benchmark/benchmark.h>
#include <linux/capability.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <span>
#include <string_view>

#include "measure/benchmark.h"
#include "model/event.h"
#include "model/statistics.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

model::Clock chosen_clock = model::Clock::wall;

// Warm-up fills slabs and per-CPU lists and touches every path; then the figures settle.
constexpr int kWarmUp = 5;
constexpr int kDefaultSamples = 31;

constexpr std::string_view kUsage =
    "usage: {0} --list                              what this program measures\n"
    "       {0} --run ID [--samples N] [--clock wall|insn]\n"
    "       {0} ... --events FD                     write JSON lines there instead\n"
    "insn is for a guest under QEMU -icount shift=0, where the TSC counts instructions.\n";

struct Call {
  bool list = false;
  std::string_view run;
  int samples = kDefaultSamples;
  int events = -1;
};

bool parse_number(std::string_view text, int& number) {
  const char* end = text.data() + text.size();
  return std::from_chars(text.data(), end, number).ptr == end && number >= 0;
}

std::optional<Call> parse(std::span<char*> arguments) {
  Call call;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--list") {
      call.list = true;
      continue;
    }
    if (++i == arguments.size()) return std::nullopt;
    const std::string_view value = arguments[i];
    if (word == "--run") {
      call.run = value;
    } else if (word == "--clock" && (value == "wall" || value == "insn")) {
      chosen_clock = value == "wall" ? model::Clock::wall : model::Clock::insn;
    } else if (word == "--samples") {
      if (!parse_number(value, call.samples) || call.samples == 0) return std::nullopt;
    } else if (word == "--events") {
      if (!parse_number(value, call.events)) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (call.list == !call.run.empty()) return std::nullopt;
  return call;
}

// Deferred work of the sample before (RCU callbacks, workers that free namespaces) must not fall
// into this one. Under -icount sleep=off the pause costs no real time.
void quiesce() {
  constexpr timespec kInsnPause{.tv_sec = 0, .tv_nsec = 50'000'000};
  constexpr timespec kWallPause{.tv_sec = 0, .tv_nsec = 2'000'000};
  const timespec* pause = chosen_clock == model::Clock::insn ? &kInsnPause : &kWallPause;
  ::nanosleep(pause, nullptr);
}

/// Lets Google Benchmark say nothing: the samples are emitted as events.
class Silent : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

model::Samples take_samples(const RegisteredBenchmark& bench, int count) {
  model::Samples samples;
  samples.id = bench.info.id;
  samples.clock = chosen_clock;
  const Measurement measurement;
  int last_errno = 0;
  auto take = [&]() -> std::optional<std::int64_t> {
    quiesce();
    const Sample sample = bench.body(measurement);
    if (sample.failed == 0) return sample.cost;
    ++samples.failed_calls;
    last_errno = sample.failed;
    return std::nullopt;
  };
  samples.warm.reserve(static_cast<std::size_t>(count));
  auto loop = [&](benchmark::State& state) {
    samples.cold = take().value_or(0);
    for (int i = 1; i < kWarmUp && samples.failed_calls == 0; ++i) take();
    for ([[maybe_unused]] auto iteration : state) {
      const auto cost = take();
      state.SetIterationTime(static_cast<double>(cost.value_or(0)) * 1e-9);
      if (cost) samples.warm.push_back(*cost);
    }
  };
  benchmark::RegisterBenchmark(bench.info.id.c_str(), loop)->UseManualTime()->Iterations(count);
  Silent silent;
  benchmark::RunSpecifiedBenchmarks(&silent, ".");
  if (samples.warm.empty()) {
    samples.error = fmt::format("every call failed, the last with {}", sys::errno_name(last_errno));
  }
  return samples;
}

model::Samples run(const RegisteredBenchmark& bench, int count) {
  model::Samples samples;
  samples.id = bench.info.id;
  samples.clock = chosen_clock;
  for (const NsType type : bench.info.types) {
    const auto& name = model::info(type).name;
    if (!sys::exists(fmt::format("/proc/self/ns/{}", name)).value_or(false)) {
      samples.skipped = fmt::format("this kernel has no {} namespaces", name);
      return samples;
    }
  }
  if (bench.info.admin && !sys::has_capability(CAP_SYS_ADMIN)) {
    if (auto entered = sys::enter_own_user_namespace(); !entered) {
      samples.skipped = "needs capabilities: " + to_string(entered.error());
      return samples;
    }
  }
  return take_samples(bench, count);
}

void show(const model::Samples& samples) {
  if (!samples.skipped.empty() || !samples.error.empty()) {
    fmt::print("{}: {}{}\n", samples.id, samples.skipped, samples.error);
    return;
  }
  const std::string label = "1";
  const auto result = model::summarise({&samples, 1}, {&label, 1});
  fmt::print("{}: median {} min {} max {} cold {} ({} samples, {})\n", result.id, result.p50,
             result.min, result.max, result.cold, result.count,
             samples.clock == model::Clock::insn ? "instructions" : "ns");
}

void emit(int fd, const model::Event& event) {
  if (!sys::write_all(fd, model::encode(event) + "\n")) ::_exit(3);
}

void list(int events) {
  for (const auto& bench : registry()) {
    const auto& info = bench.info;
    if (events < 0) {
      fmt::print("{:<24} {}\n", info.id, info.title);
      continue;
    }
    model::Listing row{
        model::Listing::Kind::benchmark, info.id, info.title, info.timed, info.source, {}, {}, {}};
    for (const NsType type : info.types) row.types.emplace_back(model::info(type).name);
    if (info.admin) row.needs.emplace_back("admin");
    emit(events, row);
  }
}

}  // namespace

std::int64_t now() {
  if (chosen_clock == model::Clock::insn) return static_cast<std::int64_t>(__rdtsc());
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

int benchmark_main(int argc, char** argv) {
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  const auto call = parse(words.subspan(1));
  if (!call) {
    fmt::print(stderr, fmt::runtime(kUsage), words.front());
    return 2;
  }
  if (call->list) {
    list(call->events);
    return 0;
  }
  const auto bench = std::ranges::find(registry(), call->run,
                                       [](const auto& b) { return std::string_view(b.info.id); });
  if (bench == registry().end()) {
    fmt::print(stderr, "{}: no benchmark {} here (see --list)\n", words.front(), call->run);
    return 2;
  }
  const auto samples = run(*bench, call->samples);
  if (call->events >= 0) {
    emit(call->events, samples);
    return 0;
  }
  show(samples);
  return samples.error.empty() ? 0 : 1;
}

}  // namespace nsvet::measure

int main(int argc, char** argv) { return nsvet::measure::benchmark_main(argc, argv); }
