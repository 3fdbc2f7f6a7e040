#include "cli/explain_boot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "cli/guest_files.h"
#include "explain/elf_section.h"
#include "explain/symbols.h"
#include "explain/trace.h"
#include "sys/file.h"

namespace nsvet::cli {
namespace {

// Where measure::now() and measure::mark() lie in a benchmark program.
constexpr std::string_view kClockSection = "nsvet_clock";
constexpr std::string_view kMarkSection = "nsvet_mark";

// The program that holds the benchmarks, with their ids by place less one.
struct Program {
  std::vector<std::string> ids;
  explain::AddressRange clock;
  explain::AddressRange mark;
};

model::Result<Program> benchmark_program(const std::string& libexec) {
  const auto items = harness::discover(libexec, {"bench"});
  if (!items) return tl::unexpected(items.error());
  Program program;
  std::string path;
  for (const auto& item : *items) {
    if (!path.empty() && item.program != path) {
      return model::cannot_run("more than one benchmark program: they cannot be told apart");
    }
    path = item.program;
    program.ids.push_back(item.listing.id);
  }
  const auto bytes = sys::read_file(path);
  if (!bytes) return model::cannot_run(to_string(bytes.error()));
  for (auto [section, range] :
       {std::pair{kClockSection, &program.clock}, std::pair{kMarkSection, &program.mark}}) {
    const auto found = explain::find_section(*bytes, section);
    if (!found) return model::cannot_run(fmt::format("{}: {}", path, found.error().message));
    *range = *found;
  }
  return program;
}

// The file that the plugin appends to. What has been read is given back to the system.
class TraceFile {
 public:
  TraceFile() : fd_(::memfd_create("trace", 0)) {}
  int fd() const { return fd_.get(); }

  model::Result<void> read_into(explain::TraceReader& reader) {
    std::string buffer(std::size_t{1} << 22U, '\0');
    for (;;) {
      const ssize_t n = ::pread(fd_.get(), buffer.data(), buffer.size(), at_);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return {};
      auto taken = reader.take({buffer.data(), static_cast<std::size_t>(n)});
      if (!taken) return taken;
      ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at_, n);
      at_ += n;
    }
  }

 private:
  sys::Fd fd_;
  off_t at_ = 0;
};

// Follows one boot: benchmark after benchmark, so that only their traces are in memory.
class Listener {
 public:
  Listener(const Program& program, std::string kernel, TraceFile& file)
      : program_(program), kernel_(std::move(kernel)), file_(file) {}

  void take(const model::Event& event) {
    if (!trouble_.empty()) return;
    if (const auto* symbols = std::get_if<model::KernelSymbols>(&event)) {
      auto parsed = explain::Symbols::parse(symbols->text);
      if (!parsed) {
        trouble_ = parsed.error().message;
        return;
      }
      symbols_ = std::move(*parsed);
    } else if (const auto* samples = std::get_if<model::Samples>(&event)) {
      explain_one(*samples);
    }
  }

  model::Result<ExplainedBoot> finish(vm::BootResult result) && {
    if (!trouble_.empty()) return model::cannot_run(kernel_ + ": " + trouble_);
    done_.result = std::move(result);
    return std::move(done_);
  }

 private:
  void explain_one(const model::Samples& samples) {
    // All its windows have been written: the guest told of it after them.
    if (const auto read = file_.read_into(reader_); !read) {
      trouble_ = read.error().message;
      return;
    }
    const auto windows = take_windows(samples.id);
    if (auto why = samples.skipped + samples.error; !why.empty()) {
      done_.not_explained[samples.id] = std::move(why);
    } else if (samples.unit != model::Unit::time) {
      done_.not_explained[samples.id] = "it counts no instructions";
    } else if (symbols_) {
      explain_call(samples, windows);
    }
  }

  std::vector<explain::Window> take_windows(const std::string& id) {
    const auto found = std::ranges::lower_bound(program_.ids, id);
    const auto place = static_cast<std::uint32_t>(found - program_.ids.begin()) + 1;
    std::vector<explain::Window> own;
    auto& all = reader_.trace().windows;
    const auto rest = std::ranges::stable_partition(
        all, [&](const auto& window) { return window.benchmark != place; });
    own.assign(std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
    all.erase(rest.begin(), rest.end());
    return own;
  }

  // The call whose cost is the median: its instructions are the benchmark's figure, one by one. The
  // clock tells no less than was executed; of windows with that many the last one is the warmest.
  void explain_call(const model::Samples& samples, const std::vector<explain::Window>& windows) {
    auto costs = samples.warm;
    std::ranges::sort(costs);
    explain::Explained explained{.kernel = kernel_,
                                 .benchmark = samples.id,
                                 .figure = costs[costs.size() / 2],
                                 .samples = static_cast<std::int64_t>(costs.size())};
    // Each timed call has one, and a first one is timed that does nothing (take.cpp).
    if (windows.size() <= samples.warm.size()) {
      done_.not_explained[samples.id] = "its figure is not that of one call";
      return;
    }
    if (!profiler_) profiler_.emplace(reader_.trace(), *symbols_);
    const explain::Window* nearest = nullptr;
    std::int64_t best = -1;
    for (const auto& window : windows) {
      const auto count = profiler_->count(window);
      if (count > explained.figure || count < best) continue;
      best = count;
      nearest = &window;
    }
    if (nearest == nullptr) {
      done_.not_explained[samples.id] =
          fmt::format("the emulator saw no call of {} instructions", explained.figure);
      return;
    }
    explained.profile = profiler_->profile(*nearest);
    done_.explained.push_back(std::move(explained));
  }

  const Program& program_;
  const std::string kernel_;
  TraceFile& file_;
  explain::TraceReader reader_;
  std::optional<explain::Symbols> symbols_;
  std::optional<explain::Profiler> profiler_;
  ExplainedBoot done_;
  std::string trouble_;
};

}  // namespace

model::Result<ExplainedBoot> explain_boot(const ExplainBoot& wanted, const std::string& libexec) {
  const auto program = benchmark_program(libexec);
  if (!program) return tl::unexpected(program.error());
  auto files = guest_files(libexec, wanted.kernel);
  if (!files) return tl::unexpected(files.error());
  files->push_back({"kernel_symbols", ""});
  auto plan = wanted.plan;
  plan.clock = model::Clock::insn;
  plan.checks = false;
  plan.benchmarks = true;
  const auto initramfs = initramfs_for(std::move(*files), plan);
  if (!initramfs) return tl::unexpected(initramfs.error());
  TraceFile trace;
  if (trace.fd() < 0) return model::cannot_run("memfd_create failed: no memory for the trace");
  vm::Machine machine;
  machine.kernel = wanted.kernel.image;
  machine.initramfs = initramfs->path;
  machine.append = wanted.append;
  machine.perturbation.seed = wanted.seed;
  machine.plugin = fmt::format(
      "{}/plugin/nsvet-trace.so,trace={},begin={:#x},end={:#x},mark={:#x},mark_end={:#x}", libexec,
      trace.fd(), program->clock.begin, program->clock.end, program->mark.begin, program->mark.end);
  const std::string what = wanted.kernel.spec + " explained";
  Listener listener(*program, wanted.kernel.release, trace);
  Progress progress(what);
  auto result =
      vm::boot(machine,
               {.on_event =
                    [&](const model::Event& event, std::chrono::nanoseconds) {
                      progress.take(event);
                      listener.take(event);
                    },
                .stop = wanted.stop},
               {.first_event = std::chrono::minutes(5), .silence = std::chrono::minutes(10)});
  progress.clear();
  if (!result) return tl::unexpected(result.error());
  fmt::print(stderr, "{}: {} in {:.1f} s (first sign after {:.1f} s)\n", what,
             to_string(result->end.state), static_cast<double>(result->total.count()) / 1000,
             static_cast<double>(result->to_first_event.count()) / 1000);
  return std::move(listener).finish(std::move(*result));
}

}  // namespace nsvet::cli
