#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/cell.h"
#include "cli/command.h"
#include "cli/guest_files.h"
#include "cli/interrupt.h"
#include "cli/programs.h"
#include "explain/elf_section.h"
#include "explain/print.h"
#include "explain/symbols.h"
#include "explain/trace.h"
#include "harness/runner.h"
#include "sys/file.h"
#include "sys/process.h"
#include "vm/boot.h"

namespace nsvet::cli {
namespace {

// Where measure::now() lies in a benchmark program.
constexpr std::string_view kClockSection = "nsvet_clock";

struct Options {
  std::string benchmark;
  std::vector<std::string> kernels;
  std::vector<std::string> append;
  std::string user = "root";
  std::string format = "text";
  std::string output;
  std::size_t top = 25;
  int samples = 11;
  int seed = 1;
};

// What a boot told.
struct Told {
  std::string symbols;
  model::Samples samples;
  std::string trace;
};

model::Result<harness::Item> find_benchmark(const std::string& libexec, const std::string& id) {
  (void)sys::become_subreaper();
  auto items = harness::discover(libexec);
  if (!items) return tl::unexpected(items.error());
  for (auto& item : *items) {
    if (item.listing.kind == model::Listing::Kind::benchmark && item.listing.id == id) return item;
  }
  return model::bad_input(fmt::format("--bench {}: no such benchmark (see: nsvet list)", id));
}

model::Result<explain::AddressRange> clock_code(const std::string& program) {
  const auto bytes = sys::read_file(program);
  if (!bytes) return model::cannot_run(to_string(bytes.error()));
  auto range = explain::find_section(*bytes, kClockSection);
  if (!range) return model::cannot_run(fmt::format("{}: {}", program, range.error().message));
  return range;
}

model::Result<std::string> read_back(int fd) {
  const auto text = sys::read_file(fmt::format("/proc/self/fd/{}", fd), std::size_t{4} << 30U);
  if (!text) return model::cannot_run(to_string(text.error()));
  return *text;
}

model::Result<Told> boot_and_listen(const Options& options, const vm::KernelImage& kernel,
                                    const std::string& libexec,
                                    const explain::AddressRange& clock) {
  auto files = guest_files(libexec, kernel);
  if (!files) return tl::unexpected(files.error());
  harness::RunPlan plan;
  plan.user = options.user == "root" ? harness::User::root : harness::User::nobody;
  plan.clock = model::Clock::insn;
  plan.only = {options.benchmark};
  plan.checks = false;
  plan.samples = options.samples;
  plan.benchmark_limit = std::chrono::minutes(10);
  files->push_back({"kernel_symbols", ""});
  const auto initramfs = initramfs_for(std::move(*files), plan);
  if (!initramfs) return tl::unexpected(initramfs.error());
  const sys::Fd trace(::memfd_create("trace", 0));
  if (!trace) return model::cannot_run("memfd_create failed: no memory for the trace");
  vm::Machine machine;
  machine.kernel = kernel.image;
  machine.initramfs = initramfs->path;
  machine.append = options.append;
  machine.perturbation.seed = options.seed;
  machine.plugin = fmt::format("{}/plugin/nsvet-trace.so,trace={},begin={:#x},end={:#x}", libexec,
                               trace.get(), clock.begin, clock.end);
  Told told;
  Progress progress(fmt::format("{} {}", kernel.spec, options.benchmark));
  const auto result =
      vm::boot(machine,
               {.on_event =
                    [&](const model::Event& event, std::chrono::nanoseconds) {
                      progress.take(event);
                      if (const auto* symbols = std::get_if<model::KernelSymbols>(&event)) {
                        told.symbols = symbols->text;
                      } else if (const auto* samples = std::get_if<model::Samples>(&event)) {
                        told.samples = *samples;
                      }
                    },
                .stop = interrupted},
               {.first_event = std::chrono::minutes(5), .silence = std::chrono::minutes(10)});
  progress.clear();
  if (!result) return tl::unexpected(result.error());
  fmt::print(stderr, "{}: {} in {:.1f} s (first sign after {:.1f} s)\n", kernel.spec,
             to_string(result->end.state), static_cast<double>(result->total.count()) / 1000,
             static_cast<double>(result->to_first_event.count()) / 1000);
  if (result->end.state != model::EndState::complete) {
    return model::cannot_run(fmt::format("{}: {}", kernel.spec, result->end.message));
  }
  if (const auto& why = told.samples.skipped + told.samples.error; !why.empty()) {
    return model::cannot_run(fmt::format("{} on {}: {}", options.benchmark, kernel.spec, why));
  }
  auto bytes = read_back(trace.get());
  if (!bytes) return tl::unexpected(bytes.error());
  told.trace = std::move(*bytes);
  return told;
}

// The call whose cost is the median: its instructions are the benchmark's figure, one by one. The
// clock tells no less than was executed; of windows with that many the last one is the warmest.
const explain::Window* call_of(std::int64_t figure, const explain::Trace& trace,
                               const explain::Symbols& symbols) {
  const explain::Window* nearest = nullptr;
  std::int64_t best = -1;
  for (const auto& window : trace.windows) {
    const auto count = explain::count_instructions(trace, window, symbols);
    if (count > figure || count < best) continue;
    best = count;
    nearest = &window;
  }
  return nearest;
}

model::Result<explain::Explained> explain_one(const Options& options, const std::string& spec,
                                              const std::string& libexec,
                                              const explain::AddressRange& clock) {
  const auto kernel = vm::find_kernel(spec);
  if (!kernel) return tl::unexpected(kernel.error());
  auto told = boot_and_listen(options, *kernel, libexec, clock);
  if (!told) return tl::unexpected(told.error());
  const auto symbols = explain::Symbols::parse(told->symbols);
  if (!symbols) return tl::unexpected(symbols.error());
  const auto trace = explain::read_trace(told->trace);
  if (!trace) return tl::unexpected(trace.error());
  auto& costs = told->samples.warm;
  std::ranges::sort(costs);
  explain::Explained explained{.kernel = kernel->release,
                               .benchmark = options.benchmark,
                               .figure = costs[costs.size() / 2],
                               .samples = static_cast<std::int64_t>(costs.size())};
  const auto* window = call_of(explained.figure, *trace, *symbols);
  if (window == nullptr) {
    return model::cannot_run(fmt::format("{} on {}: the emulator saw no call of {} instructions",
                                         options.benchmark, spec, explained.figure));
  }
  explained.profile = explain::make_profile(*trace, *window, *symbols);
  return explained;
}

std::string print(const Options& options, const std::vector<explain::Explained>& all) {
  if (options.format == "json") return explain::json(all);
  std::string text;
  for (const auto& explained : all) {
    if (options.format == "folded") {
      text += explain::folded(explained);
    } else if (options.format == "tree") {
      text += explain::tree(explained, 1.0);
    } else if (all.size() == 1) {
      text += explain::table(explained, options.top);
    } else if (&explained != &all.front()) {
      text += explain::difference(all.front(), explained, options.top);
    }
  }
  return text;
}

int run(const Options& options) {
  if (options.format == "folded" && options.kernels.size() > 1) {
    return report_error({model::Error::Kind::bad_input,
                         "--format folded is for one kernel: call it once for each"});
  }
  if (!options.output.empty()) {
    if (auto writable = check_writable(options.output); !writable) {
      return report_error(writable.error());
    }
  }
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  const auto item = find_benchmark(*libexec, options.benchmark);
  if (!item) return report_error(item.error());
  const auto clock = clock_code(item->program);
  if (!clock) return report_error(clock.error());
  catch_interrupts();
  std::vector<explain::Explained> all;
  for (const auto& spec : options.kernels) {
    auto explained = explain_one(options, spec, *libexec, *clock);
    if (!explained) return report_error(explained.error());
    all.push_back(std::move(*explained));
  }
  const auto text = print(options, all);
  if (options.output.empty()) {
    fmt::print("{}", text);
    return kAllGood;
  }
  if (auto written = sys::replace_file(options.output, text); !written) {
    return report_error({model::Error::Kind::bad_input,
                         fmt::format("{}: {}", options.output, to_string(written.error()))});
  }
  return kAllGood;
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "explain", "In which kernel functions the instructions of a benchmark's call are executed");
  command->footer(
      "Example: nsvet explain --bench unshare/pid --kernel debian:6.12 --kernel debian:7.3\n"
      "With several kernels: what changed from the first one, function by function.");
  const auto options = std::make_shared<Options>();
  command->add_option("--bench", options->benchmark, "A benchmark; see: nsvet list")->required();
  command->add_option("--kernel", options->kernels, "A kernel; see: nsvet kernels fetch --help")
      ->required();
  command->add_option("--user", options->user, "As whom: root, or nobody (an ordinary user)")
      ->check(CLI::IsMember({"root", "nobody"}));
  command->add_option("--append", options->append, "A boot parameter to add; may be repeated");
  command
      ->add_option("--format", options->format,
                   "text; tree: by callers; folded: for flame graph tools; json")
      ->check(CLI::IsMember({"text", "tree", "folded", "json"}));
  command->add_option("--top", options->top, "Rows of a table")->capture_default_str();
  command->add_option("--samples", options->samples, "Timed calls")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of the boot")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Write to this file");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
