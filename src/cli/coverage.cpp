#include "explain/coverage.h"

#include <fmt/format.h>

#include <memory>

#include "cli/cell.h"
#include "cli/command.h"
#include "cli/coverage_memory.h"
#include "cli/guest_files.h"
#include "cli/interrupt.h"
#include "cli/programs.h"
#include "explore/corpus.h"
#include "explore/generate.h"
#include "sys/file.h"
#include "vm/boot.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::vector<std::string> kernels;
  std::vector<std::string> of{"checks"};
  std::vector<std::string> only;
  std::vector<std::string> append;
  std::string user = "root";
  std::string format = "text";
  std::string output;
  int sequences = 500;
  std::uint64_t seed = 1;
};

// Words: the addresses of a million blocks, of which a kernel has fewer.
constexpr std::size_t kRoom = std::size_t{1} << 20U;

// Runs of sequences: as explore draws them, those that it mutates, and without these.
bool is_of_sequences(const std::string& run) {
  return run == "exploration" || run == "corpus" || run == "afresh";
}

std::string sequences_of(const std::string& run, const Options& options) {
  std::string text;
  if (run == "corpus") {
    for (const auto& sequence : explore::corpus()) text += to_text(sequence);
    return text;
  }
  explore::Source source{.seed = options.seed, .focus = {}};
  if (run == "exploration") source.corpus = explore::corpus();
  for (int i = 0; i < options.sequences; ++i) {
    text += to_text(explore::generate(source, static_cast<std::uint64_t>(i)));
  }
  return text;
}

model::Result<Initramfs> initramfs_of(const std::string& run, const Options& options,
                                      const vm::KernelImage& kernel, const std::string& libexec) {
  auto files = guest_files(libexec, kernel);
  if (!files) return tl::unexpected(files.error());
  files->push_back({"kernel_symbols", ""});
  if (is_of_sequences(run)) {
    auto runner = sys::read_file(libexec + "/explore/nsvet-explore");
    if (!runner) return model::cannot_run(to_string(runner.error()));
    files->push_back({"nsvet/explore/nsvet-explore", std::move(*runner), 0755});
    files->push_back({"explore.txt", sequences_of(run, options)});
    return nameless_initramfs(*files);
  }
  harness::RunPlan plan;
  plan.user = options.user == "root" ? harness::User::root : harness::User::nobody;
  plan.clock = model::Clock::insn;
  plan.only = options.only;
  plan.checks = run == "checks";
  plan.benchmarks = run == "benchmarks";
  plan.samples = 1;
  // Each block that is executed costs a call: a run takes longer than without.
  plan.check_limit = std::chrono::minutes(5);
  plan.benchmark_limit = std::chrono::minutes(10);
  return initramfs_for(std::move(*files), plan);
}

model::Result<void> cover(const std::string& run, const Options& options,
                          const vm::KernelImage& kernel, const std::string& libexec,
                          explain::Coverage& coverage) {
  const auto initramfs = initramfs_of(run, options, kernel, libexec);
  if (!initramfs) return tl::unexpected(initramfs.error());
  const auto memory = CoverageMemory::create(kRoom);
  if (!memory) return tl::unexpected(memory.error());
  vm::Machine machine;
  machine.kernel = kernel.image;
  machine.initramfs = initramfs->path;
  machine.append = options.append;
  machine.plugin = memory->plugin(libexec, false);
  std::string symbols;
  const std::string what = fmt::format("{} {}", kernel.spec, run);
  Progress progress(what);
  const auto result =
      vm::boot(machine,
               {.on_event =
                    [&](const model::Event& event, std::chrono::nanoseconds) {
                      progress.take(event);
                      if (const auto* told = std::get_if<model::KernelSymbols>(&event)) {
                        symbols = told->text;
                      }
                    },
                .stop = interrupted},
               {.first_event = std::chrono::minutes(5), .silence = std::chrono::minutes(10)});
  progress.clear();
  if (!result) return tl::unexpected(result.error());
  fmt::print(stderr, "{}: {} in {:.1f} s\n", what, to_string(result->end.state),
             static_cast<double>(result->total.count()) / 1000);
  if (result->end.state != model::EndState::complete) {
    return model::cannot_run(fmt::format("{}: {}", what, result->end.message));
  }
  const auto names = explain::Symbols::parse(symbols);
  if (!names) return tl::unexpected(names.error());
  const auto words = memory->words();
  if (!words) return tl::unexpected(words.error());
  add_run(coverage, run, *words, *names);
  return {};
}

int run(const Options& options) {
  if (!options.output.empty()) {
    if (auto writable = check_writable(options.output); !writable) {
      return report_error(writable.error());
    }
  }
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  catch_interrupts();
  std::vector<explain::Coverage> all;
  for (const auto& spec : options.kernels) {
    const auto kernel = vm::find_kernel(spec);
    if (!kernel) return report_error(kernel.error());
    explain::Coverage coverage{.kernel = kernel->release, .runs = {}, .areas = {}};
    for (const auto& of : options.of) {
      if (auto covered = cover(of, options, *kernel, *libexec, coverage); !covered) {
        return report_error(covered.error());
      }
    }
    all.push_back(std::move(coverage));
  }
  std::string text;
  if (options.format == "json") {
    text = coverage_json(all);
  } else {
    for (const auto& coverage : all) text += coverage_text(coverage);
  }
  if (options.output.empty()) {
    fmt::print("{}", text);
    return kAllGood;
  }
  if (auto written = sys::replace_file(options.output, text); !written) {
    return report_error({model::Error::Kind::bad_input, to_string(written.error())});
  }
  return kAllGood;
}

}  // namespace

void add_coverage(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "coverage",
      "Which functions of the kernel's namespace code are reached, and which never are");
  command->footer(
      "Example: nsvet coverage --kernel debian:6.12 --of checks --of exploration\n"
      "         nsvet coverage --kernel debian:6.12 --only 'uts.*'");
  const auto options = std::make_shared<Options>();
  command->add_option("--kernel", options->kernels, "A kernel; see: nsvet kernels fetch --help")
      ->required();
  command
      ->add_option(
          "--of", options->of,
          "checks, benchmarks, exploration, corpus (which that mutates), afresh (exploration "
          "without it); may be repeated")
      ->check(CLI::IsMember({"checks", "benchmarks", "exploration", "corpus", "afresh"}))
      ->capture_default_str();
  command->add_option("--only", options->only, "Ids of checks or benchmarks; may be repeated");
  command->add_option("--sequences", options->sequences, "Of an exploration")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of an exploration")->capture_default_str();
  command->add_option("--user", options->user, "As whom: root, or nobody (an ordinary user)")
      ->check(CLI::IsMember({"root", "nobody"}))
      ->capture_default_str();
  command->add_option("--append", options->append, "A boot parameter to add; may be repeated");
  command->add_option("--format", options->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Write to this file");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
