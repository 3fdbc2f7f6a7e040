#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "cli/cell.h"
#include "cli/command.h"
#include "cli/explain_boot.h"
#include "cli/interrupt.h"
#include "cli/programs.h"
#include "explain/print.h"
#include "model/glob.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::cli {
namespace {

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

using All = std::vector<explain::Explained>;

// @return how many there are
model::Result<std::ptrdiff_t> find_benchmarks(const std::string& libexec,
                                              const std::string& pattern) {
  (void)sys::become_subreaper();
  const auto items = harness::discover(libexec, {"bench"});
  if (!items) return tl::unexpected(items.error());
  const auto found = std::ranges::count_if(
      *items, [&](const auto& item) { return model::glob_match(pattern, item.listing.id); });
  if (found > 0) return found;
  return model::bad_input(fmt::format("--bench {}: no such benchmark (see: nsvet list)", pattern));
}

model::Result<All> explain_on(const Options& options, const std::string& spec,
                              const std::string& libexec) {
  const auto kernel = vm::find_kernel(spec);
  if (!kernel) return tl::unexpected(kernel.error());
  ExplainBoot wanted{
      .kernel = *kernel, .append = options.append, .seed = options.seed, .stop = interrupted};
  wanted.plan.user = options.user == "root" ? harness::User::root : harness::User::nobody;
  wanted.plan.only = {options.benchmark};
  wanted.plan.full = true;
  wanted.plan.samples = options.samples;
  wanted.plan.benchmark_limit = std::chrono::minutes(10);
  auto boot = explain_boot(wanted, libexec);
  if (!boot) return tl::unexpected(boot.error());
  if (const auto& end = boot->result.end; end.state != model::EndState::complete) {
    return model::cannot_run(fmt::format("{}: {}", spec, end.message));
  }
  std::string not_explained;
  for (const auto& [id, why] : boot->not_explained) {
    not_explained +=
        fmt::format("{}{} on {}: {}", not_explained.empty() ? "" : "; ", id, spec, why);
  }
  if (boot->explained.empty()) {
    return model::cannot_run(not_explained.empty()
                                 ? fmt::format("{} on {}: it was not run", options.benchmark, spec)
                                 : not_explained);
  }
  if (!not_explained.empty()) fmt::print(stderr, "not explained: {}\n", not_explained);
  return std::move(boot->explained);
}

// What the first kernel's call is held against: the same benchmark's on the later ones.
std::string differences(const All& all, std::size_t top) {
  std::string text;
  for (auto base = all.begin(); base != all.end(); ++base) {
    if (base->kernel != all.front().kernel) break;
    for (auto now = std::next(base); now != all.end(); ++now) {
      if (now->benchmark == base->benchmark) text += explain::difference(*base, *now, top);
    }
  }
  return text;
}

std::string print(const Options& options, const All& all) {
  if (options.format == "json") return explain::json(all);
  if (options.format == "text" && options.kernels.size() > 1) {
    return differences(all, options.top);
  }
  std::string text;
  for (const auto& explained : all) {
    if (options.format == "folded") {
      text += explain::folded(explained);
    } else if (options.format == "tree") {
      text += explain::tree(explained, 1.0);
    } else {
      text += explain::table(explained, options.top);
    }
  }
  return text;
}

int run(const Options& options) {
  if (!options.output.empty()) {
    if (auto writable = check_writable(options.output); !writable) {
      return report_error(writable.error());
    }
  }
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  const auto found = find_benchmarks(*libexec, options.benchmark);
  if (!found) return report_error(found.error());
  if (options.format == "folded" && (options.kernels.size() > 1 || *found > 1)) {
    return report_error(
        {model::Error::Kind::bad_input,
         "--format folded is for one benchmark on one kernel: call it once for each"});
  }
  catch_interrupts();
  All all;
  for (const auto& spec : options.kernels) {
    auto explained = explain_on(options, spec, *libexec);
    if (!explained) return report_error(explained.error());
    std::ranges::move(*explained, std::back_inserter(all));
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
  command
      ->add_option("--bench", options->benchmark,
                   "A benchmark, or a pattern of several; see: nsvet list")
      ->required();
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
