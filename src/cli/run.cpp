#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <thread>

#include "cli/cell.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/programs.h"
#include "cli/reports.h"
#include "harness/collect.h"
#include "harness/runner.h"
#include "inspect/structures.h"
#include "model/json.h"
#include "render/format.h"
#include "sys/process.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::vector<std::string> only;
  std::string user;
  std::string output;
  std::string format = "text";
  std::string profile = "quick";
  // Checks wait much longer than they work.
  int jobs = static_cast<int>(std::clamp(4 * std::thread::hardware_concurrency(), 1U, 32U));
  int rounds = 3;
  int samples = 11;
};

int run(const Options& options) {
  const bool root = ::geteuid() == 0;
  const std::string user = !options.user.empty() ? options.user : (root ? "root" : "nobody");
  if (user == "root" && !root) {
    return report_error({model::Error::Kind::bad_input,
                         "--user root: you are not root: run it with sudo, or --user nobody"});
  }
  if (!options.output.empty()) {
    if (auto writable = check_writable(options.output); !writable) {
      return report_error(writable.error());
    }
  }
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  if (auto reaper = sys::become_subreaper(); !reaper) {
    return report_error({model::Error::Kind::cannot_run, to_string(reaper.error())});
  }
  harness::RunPlan plan;
  plan.libexec = *libexec;
  // Who is not root already is the ordinary user.
  plan.user = user == "nobody" && root ? harness::User::nobody : harness::User::root;
  plan.only = options.only;
  plan.full = options.profile == "full";
  plan.workers = options.jobs;
  plan.rounds = options.rounds;
  plan.samples = options.samples;
  harness::Collector collector({.kernel = "running", .user = user});
  Progress progress("running kernel");
  catch_interrupts();
  const auto done = harness::run_plan(
      plan,
      [&](const model::Event& event) {
        collector.take(event, "", std::chrono::steady_clock::now().time_since_epoch());
        progress.take(event);
      },
      [] { return !interrupted(); });
  progress.clear();
  if (!done) return report_error(done.error());
  auto report = std::move(collector).finish();
  if (interrupted()) {
    report.end.state = model::EndState::interrupted;
    report.end.message = "stopped before its end";
  }
  report.date = today();
  if (auto structures = inspect::structures_of(inspect::kRunningTypes)) {
    report.structures = std::move(*structures);
  }
  fmt::print("{}", render::render(options.format, {&report, 1}, stdout_style()));
  if (!options.output.empty()) {
    if (auto written = write_report(report, options.output); !written) {
      return report_error(written.error());
    }
    fmt::print(stderr, "report: {}\n", options.output);
  }
  return exit_code(report);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("run", "Check and measure the running kernel");
  command->footer("Example: nsvet run --only 'uts.*' --only 'unshare/*' -o report.json");
  const auto options = std::make_shared<Options>();
  command->add_option("--only", options->only, "Only ids that match this pattern; may be repeated");
  command->add_option("--user", options->user, "As whom: root, or nobody (an ordinary user)")
      ->check(CLI::IsMember({"root", "nobody"}));
  command->add_option("-o,--output", options->output, "Write the report to this file");
  command->add_option("--format", options->format, "Of what is printed: see nsvet compare --help")
      ->check(CLI::IsMember(render::format_names()))
      ->capture_default_str();
  command->add_option("--profile", options->profile, "full: every point of every curve as well")
      ->check(CLI::IsMember({"quick", "full"}))
      ->capture_default_str();
  command->add_option("--jobs", options->jobs, "Checks at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--rounds", options->rounds, "Processes for each benchmark")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--samples", options->samples, "Timed calls in each process")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
