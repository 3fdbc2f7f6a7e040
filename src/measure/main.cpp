#include <linux/capability.h>
#include <unistd.h>

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

constexpr int kDefaultSamples = 11;

constexpr std::string_view kUsage =
    "usage: {0} --list                              what this program measures\n"
    "       {0} --run ID [--samples N] [--clock wall|insn]\n"
    "       {0} --run - ...                         the ids on standard input, one a line\n"
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
      choose_clock(value == "wall" ? model::Clock::wall : model::Clock::insn);
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

void show(const model::Samples& samples) {
  if (!samples.skipped.empty() || !samples.error.empty()) {
    fmt::print("{}: {}{}\n", samples.id, samples.skipped, samples.error);
    return;
  }
  const std::string label = "1";
  const auto result = model::summarise({&samples, 1}, {&label, 1});
  fmt::print("{}: median {} min {} max {} cold {} ({} samples, {})\n", result.id, result.p50,
             result.min, result.max, result.cold, result.count,
             unit_name(result.unit, result.clock));
}

void emit(int fd, const model::Event& event) {
  if (!sys::write_all(fd, model::encode(event) + "\n")) ::_exit(3);
}

void list(int events) {
  for (const auto& bench : registry()) {
    const auto& info = bench.info;
    if (events < 0) {
      fmt::print("{:<36} {}\n", info.id, info.title);
      continue;
    }
    model::Listing row{
        model::Listing::Kind::benchmark, info.id, info.title, info.timed, info.source, {}, {}, {}};
    for (const NsType type : info.types) row.types.emplace_back(model::info(type).name);
    if (info.admin) row.needs.emplace_back("admin");
    row.full = info.profile == Profile::full;
    emit(events, row);
  }
}

// What it needs that can be known beforehand; empty when all is there.
sys::Result<std::string> missing(const BenchmarkInfo& info) {
  for (const NsType type : info.types) {
    const auto& name = model::info(type).name;
    if (!sys::exists(fmt::format("/proc/self/ns/{}", name)).value_or(false)) {
      return fmt::format("this kernel has no {} namespaces", name);
    }
  }
  if (info.admin && !sys::has_capability(CAP_SYS_ADMIN)) {
    if (auto entered = sys::enter_own_user_namespace(); !entered) {
      const int number = entered.error().number;
      if (number != EPERM && number != EACCES && number != ENOSPC && number != EINVAL) {
        return tl::unexpected(entered.error());
      }
      return "needs capabilities: " + to_string(entered.error());
    }
  }
  return std::string();
}

void tell(const Call& call, const model::Samples& samples) {
  if (call.events >= 0) {
    emit(call.events, samples);
  } else {
    show(samples);
    std::fflush(stdout);
  }
}

std::size_t place_of(std::string_view id) {
  return static_cast<std::size_t>(
      std::ranges::count_if(registry(), [&](const auto& b) { return b.info.id <= id; }));
}

// In a process of its own: what it enters, opens or breaks is gone with it.
bool run(const RegisteredBenchmark& bench, const Call& call) {
  if (call.events >= 0) emit(call.events, model::Start{bench.info.id});
  if (chosen_clock() == model::Clock::insn) mark(place_of(bench.info.id));
  auto child = sys::Child::spawn([&] {
    Measurement measurement(bench.info, call.samples);
    if (auto reason = missing(bench.info); !reason) {
      measurement.fail(reason.error());
    } else if (!reason->empty()) {
      measurement.skip(std::move(*reason));
    } else {
      bench.body(measurement);
    }
    tell(call, measurement.samples());
    return measurement.samples().error.empty() ? 0 : 1;
  });
  model::Samples broken;
  broken.id = bench.info.id;
  broken.clock = chosen_clock();
  if (!child) {
    broken.error = to_string(child.error());
  } else if (const auto status = child->wait(std::chrono::hours(1)); !status) {
    broken.error = to_string(status.error());
  } else if (!status->exited(0) && !status->exited(1)) {
    broken.error = "its process ended with " + to_string(*status);
  } else {
    return status->exited(0);
  }
  tell(call, broken);
  return false;
}

const RegisteredBenchmark* find(std::string_view id) {
  const auto bench =
      std::ranges::find(registry(), id, [](const auto& b) { return std::string_view(b.info.id); });
  return bench == registry().end() ? nullptr : &*bench;
}

// Ids from standard input, read by bytes into a fixed place: a longer list must not make a larger
// process, which would move every figure of a fork.
const RegisteredBenchmark* next_from_stdin(bool& more) {
  static std::array<char, 256> line;
  std::size_t size = 0;
  while (::read(STDIN_FILENO, &line[size], 1) == 1) {
    if (line[size] == '\n') return find({line.data(), size});
    if (size + 1 < line.size()) ++size;
  }
  more = false;
  return nullptr;
}

// What each benchmark's process would do for the first time (Google Benchmark reads the machine,
// pages are touched) is done here, once for all.
void warm_up() {
  const BenchmarkInfo nothing{"nothing", "nothing", "nothing", "nothing"};
  Measurement(nothing, 1).take_at_once([] { return timed([] { return 0; }); });
}

}  // namespace

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
  warm_up();
  if (call->run == "-") {
    for (bool more = true; more;) {
      if (const auto* bench = next_from_stdin(more)) run(*bench, *call);
    }
    return 0;
  }
  const auto* bench = find(call->run);
  if (bench == nullptr) {
    fmt::print(stderr, "{}: no benchmark {} here (see --list)\n", words.front(), call->run);
    return 2;
  }
  const bool good = run(*bench, *call);
  return good || call->events >= 0 ? 0 : 1;
}

}  // namespace nsvet::measure

int main(int argc, char** argv) { return nsvet::measure::benchmark_main(argc, argv); }
