#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/cell.h"
#include "cli/command.h"
#include "cli/guest_files.h"
#include "cli/programs.h"
#include "guest/plan.h"
#include "harness/collect.h"
#include "harness/runner.h"
#include "model/json.h"
#include "sys/file.h"
#include "sys/process.h"
#include "vm/boot.h"
#include "vm/command.h"
#include "vm/initramfs.h"
#include "vm/kernel_image.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::vector<std::string> kernels;
  std::vector<std::string> users;
  std::vector<std::string> append;
  std::vector<std::string> only;
  std::string file;
  std::string output = "results";
  int jobs = 2;
  std::string profile = "quick";
  int samples = 7;
  int seed = 1;
  bool resume = false;
};

struct CellPlan {
  vm::KernelImage kernel;
  std::string user;
  std::string path;  ///< Of its report.
};

// Memory layout moves figures, so each is made from three boots that differ in it.
std::vector<vm::Perturbation> perturbations(int seed) {
  return {{.seed = seed, .kaslr = false, .padding = ""},
          {.seed = seed + 1, .kaslr = true, .padding = ""},
          {.seed = seed + 2, .kaslr = false, .padding = "nsvet.padding=0123456789abcdef"}};
}

model::Result<void> read_file(Options& options) {
  try {
    const toml::table table = toml::parse_file(options.file);
    auto take = [&](const char* key, std::vector<std::string>& into) {
      if (const auto* list = table[key].as_array()) {
        for (const auto& item : *list) into.push_back(item.value_or(std::string()));
      }
    };
    for (const auto& [key, value] : table) {
      const std::string_view name = key.str();
      if (name != "kernels" && name != "users" && name != "append" && name != "only" &&
          name != "samples" && name != "profile") {
        return model::bad_input(fmt::format(
            "{}: unknown key \"{}\" (known: kernels, users, append, only, profile, samples)",
            options.file, name));
      }
    }
    take("kernels", options.kernels);
    take("users", options.users);
    take("append", options.append);
    take("only", options.only);
    options.samples = table["samples"].value_or(options.samples);
    options.profile = table["profile"].value_or(options.profile);
    return {};
  } catch (const toml::parse_error& wrong) {
    return model::bad_input(fmt::format("{}:{}: {}", options.file, wrong.source().begin.line,
                                        std::string(wrong.description())));
  }
}

// The same programs must have run on kernels that are compared.
model::Result<std::string> programs_digest(const std::string& libexec) {
  std::string digests;
  for (const std::string kind : {"bench", "guest", "probes"}) {
    for (const auto& name :
         sys::list_directory(libexec + "/" + kind).value_or(std::vector<std::string>{})) {
      auto digest = vm::sha256_of(libexec + "/" + kind + "/" + name);
      if (!digest) return digest;
      digests += digest->substr(0, 8);
    }
  }
  return digests;
}

// Which boots there is something to do in.
struct Wanted {
  bool checks = false;
  bool benchmarks = false;
};

harness::RunPlan run_plan(const CellPlan& cell, const Options& options) {
  harness::RunPlan plan;
  plan.user = cell.user == "root" ? harness::User::root : harness::User::nobody;
  plan.clock = model::Clock::insn;
  plan.only = options.only;
  plan.samples = options.samples;
  plan.full = options.profile == "full";
  return plan;
}

model::Result<Wanted> wanted(const CellPlan& cell, const Options& options,
                             const std::string& libexec) {
  const auto items = harness::discover(libexec);
  if (!items) return tl::unexpected(items.error());
  const auto plan = run_plan(cell, options);
  Wanted what;
  for (const auto& item : *items) {
    if (!harness::selected(plan, item)) continue;
    const bool check = item.listing.kind == model::Listing::Kind::check;
    (check ? what.checks : what.benchmarks) = true;
  }
  if (!what.checks && !what.benchmarks) {
    return model::bad_input("nothing to run: no id matches --only (see: nsvet list)");
  }
  return what;
}

class CellRun {
 public:
  CellRun(const CellPlan& cell, const Options& options, const Wanted& what)
      : cell_(cell),
        options_(options),
        what_(what),
        collector_({.kernel = cell.kernel.spec,
                    .append = options.append,
                    .user = cell.user,
                    .clock = model::Clock::insn}) {}

  model::Result<model::Report> run(const std::string& libexec) {
    auto files = guest_files(libexec, cell_.kernel);
    if (!files) return tl::unexpected(files.error());
    const auto version = vm::qemu_version();
    if (!version) return tl::unexpected(version.error());
    auto& report = collector_.report();
    if (what_.checks) {
      auto done =
          one_boot(*files, true, {.seed = options_.seed, .kaslr = false, .padding = ""}, *version);
      if (!done) return tl::unexpected(done.error());
    }
    for (const auto& perturbation : perturbations(options_.seed)) {
      if (!what_.benchmarks || report.end.state != model::EndState::complete) break;
      if (auto done = one_boot(*files, false, perturbation, *version); !done) {
        return tl::unexpected(done.error());
      }
    }
    auto digest = programs_digest(libexec);
    if (!digest) return tl::unexpected(digest.error());
    report.environment.programs["sha256"] = *digest;
    report.environment.kernel["source"] = cell_.kernel.source;
    report.environment.kernel["sha256"] = cell_.kernel.sha256;
    report.date = today();
    return std::move(collector_).finish();
  }

 private:
  model::Result<void> one_boot(std::vector<vm::GuestFile> files, bool checks,
                               const vm::Perturbation& perturbation, const std::string& version) {
    auto plan = run_plan(cell_, options_);
    plan.checks = checks;
    plan.benchmarks = !checks;
    files.push_back({"plan.json", guest::plan_to_json(plan)});
    const auto initramfs = nameless_initramfs(files);
    if (!initramfs) return tl::unexpected(initramfs.error());
    const vm::Machine machine{.kernel = cell_.kernel.image,
                              .initramfs = fmt::format("/proc/self/fd/{}", initramfs->get()),
                              .append = options_.append,
                              .perturbation = perturbation};
    const std::string label = checks ? "checks" : perturbation.label();
    const std::string what = fmt::format("{} {} {}", cell_.kernel.spec, cell_.user, label);
    Progress progress(what);
    const auto result = vm::boot(machine, {.on_event =
                                               [&](const model::Event& event) {
                                                 collector_.take(event, label);
                                                 progress.take(event);
                                               },
                                           .stop = {}});
    progress.clear();
    if (!result) return tl::unexpected(result.error());
    fmt::print(stderr, "{}: {} in {:.1f} s (first sign after {:.1f} s)\n", what,
               to_string(result->end.state), static_cast<double>(result->total.count()) / 1000,
               static_cast<double>(result->to_first_event.count()) / 1000);
    auto& report = collector_.report();
    report.environment.emulator = vm::identity(machine, version);
    report.end = result->end;
    report.kernel_log.insert(report.kernel_log.end(), result->kernel_log.begin(),
                             result->kernel_log.end());
    report.timing[label + ".total_ms"] = result->total.count();
    report.timing[label + ".boot_ms"] = result->to_first_event.count();
    return {};
  }

  const CellPlan& cell_;
  const Options& options_;
  const Wanted what_;
  harness::Collector collector_;
};

int run_cell(const CellPlan& cell, const Options& options, const std::string& libexec) {
  const auto what = wanted(cell, options, libexec);
  if (!what) return report_error(what.error());
  auto report = CellRun(cell, options, *what).run(libexec);
  if (!report) return report_error(report.error());
  if (auto written = write_report(*report, cell.path); !written) {
    return report_error(written.error());
  }
  fmt::print("{}\n", cell.path);
  std::fflush(stdout);
  return exit_code(*report);
}

bool done_before(const CellPlan& cell) {
  const auto text = sys::read_file(cell.path);
  if (!text) return false;
  const auto report = model::report_from_json(*text, cell.path);
  return report && report->end.state == model::EndState::complete &&
         report->environment.kernel.contains("sha256") &&
         report->environment.kernel.at("sha256") == cell.kernel.sha256;
}

// Each cell in a process of its own: nothing is shared, and what dies with us is one tree.
int run_cells(const std::vector<CellPlan>& cells, const Options& options,
              const std::string& libexec) {
  int worst = kAllGood;
  std::vector<sys::Child> workers;
  auto reap_one = [&] {
    for (;;) {
      for (auto worker = workers.begin(); worker != workers.end(); ++worker) {
        const auto status = worker->wait(std::chrono::milliseconds(100));
        if (!status) continue;
        int code = kCannotRun;
        for (const int known : {kAllGood, kFindings, kBadInput}) {
          if (status->exited(known)) code = known;
        }
        worst = std::max(worst, code);
        workers.erase(worker);
        return;
      }
    }
  };
  for (const auto& cell : cells) {
    if (options.resume && done_before(cell)) {
      fmt::print(stderr, "{}: already there\n", cell.path);
      continue;
    }
    if (workers.size() >= static_cast<std::size_t>(options.jobs)) reap_one();
    auto worker = sys::Child::spawn([&] { return run_cell(cell, options, libexec); });
    if (!worker) {
      return report_error({model::Error::Kind::cannot_run, to_string(worker.error())});
    }
    workers.push_back(std::move(*worker));
  }
  while (!workers.empty()) reap_one();
  return worst;
}

// Two builds of one release have one name: the later ones are numbered, behind the first in order.
std::string report_path(const Options& options, const vm::KernelImage& kernel,
                        const std::string& user, const std::vector<CellPlan>& others) {
  std::string name = kernel.release + "-" + user;
  for (char& c : name) {
    if (c == '/' || c == ':') c = '_';
  }
  const std::string stem = options.output + "/" + name;
  std::string path = stem + ".json";
  for (int number = 2; std::ranges::find(others, path, &CellPlan::path) != others.end(); ++number) {
    path = fmt::format("{}_{}.json", stem, number);
  }
  return path;
}

int matrix(Options options) {
  if (!options.file.empty()) {
    if (auto read = read_file(options); !read) return report_error(read.error());
  }
  if (options.kernels.empty()) {
    return report_error({model::Error::Kind::bad_input,
                         "no kernel: give --kernel SPEC or a file (see: nsvet matrix --help)"});
  }
  if (options.users.empty()) options.users = {"root"};
  for (const auto& user : options.users) {
    if (user != "root" && user != "nobody") {
      return report_error({model::Error::Kind::bad_input,
                           fmt::format("user \"{}\": expected root or nobody", user)});
    }
  }
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  std::error_code error;
  std::filesystem::create_directories(options.output, error);
  if (error) {
    return report_error(
        {model::Error::Kind::bad_input, fmt::format("{}: {}", options.output, error.message())});
  }
  std::vector<CellPlan> cells;
  for (const auto& spec : options.kernels) {
    const auto kernel = vm::find_kernel(spec);
    if (!kernel) return report_error(kernel.error());
    for (const auto& user : options.users) {
      cells.push_back({*kernel, user, report_path(options, *kernel, user, cells)});
    }
  }
  return run_cells(cells, options, *libexec);
}

}  // namespace

void add_matrix(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "matrix", "Boot kernels in QEMU; check them, and count instructions: one report each");
  command->footer(
      "Example: nsvet matrix --kernel debian:6.12 --kernel debian:7.3 -o results/upgrade\n"
      "The file is TOML: kernels = [\"debian:6.12\"], users, append, only, profile, samples.");
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "A matrix as a TOML file");
  command->add_option("--kernel", options->kernels, "A kernel; see: nsvet kernels fetch --help");
  command->add_option("--user", options->users, "root, nobody; may be repeated (default: root)");
  command->add_option("--append", options->append, "A boot parameter to add; may be repeated");
  command->add_option("--only", options->only, "Only ids that match this pattern; may be repeated");
  command->add_option("--jobs", options->jobs, "Guests at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--profile", options->profile, "full: every point of every curve as well")
      ->check(CLI::IsMember({"quick", "full"}))
      ->capture_default_str();
  command->add_option("--samples", options->samples, "Timed calls of each benchmark in each boot")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of the first boot; the others follow it")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Folder of the reports")
      ->capture_default_str();
  command->add_flag("--resume", options->resume, "Keep the reports that are there and complete");
  command->callback([&chosen, options] { chosen = [options] { return matrix(*options); }; });
}

}  // namespace nsvet::cli
