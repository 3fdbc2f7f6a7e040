#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/cell.h"
#include "cli/command.h"
#include "cli/matrix_file.h"
#include "cli/programs.h"
#include "cli/reports.h"
#include "cli/vm_cell.h"
#include "model/json.h"
#include "render/format.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::cli {
namespace {

struct Options {
  MatrixSpec matrix;
  std::string file;
  std::string output = "results";
  std::string format;
  int jobs = 2;
  int seed = 1;
  bool resume = false;
};

// A cell, and where its report goes.
struct CellPlan {
  VmCell cell;
  std::string path;
};

int run_cell(const CellPlan& plan, const std::string& libexec, bool show_path) {
  auto report = run_vm_cell(plan.cell, libexec);
  if (!report) return report_error(report.error());
  if (auto written = write_report(*report, plan.path); !written) {
    return report_error(written.error());
  }
  // On stdout, unless the reports themselves are to be there.
  std::FILE* out = show_path ? stdout : stderr;
  fmt::print(out, "{}\n", plan.path);
  std::fflush(out);
  return exit_code(*report);
}

bool done_before(const CellPlan& plan) {
  const auto text = sys::read_file(plan.path);
  if (!text) return false;
  const auto report = model::report_from_json(*text, plan.path);
  return report && report->end.state == model::EndState::complete &&
         report->environment.kernel.contains("sha256") &&
         report->environment.kernel.at("sha256") == plan.cell.kernel.sha256;
}

// Each cell in a process of its own: nothing is shared, and what dies with us is one tree.
int run_cells(const std::vector<CellPlan>& plans, const Options& options,
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
  for (const auto& plan : plans) {
    if (options.resume && done_before(plan)) {
      fmt::print(stderr, "{}: already there\n", plan.path);
      continue;
    }
    if (workers.size() >= static_cast<std::size_t>(options.jobs)) reap_one();
    auto worker =
        sys::Child::spawn([&] { return run_cell(plan, libexec, options.format.empty()); });
    if (!worker) {
      return report_error({model::Error::Kind::cannot_run, to_string(worker.error())});
    }
    workers.push_back(std::move(*worker));
  }
  while (!workers.empty()) reap_one();
  return worst;
}

// The reports of the cells that could be run.
int print_reports(const std::vector<CellPlan>& plans, const std::string& format) {
  std::vector<std::string> paths;
  for (const auto& plan : plans) {
    if (sys::exists(plan.path).value_or(false)) paths.push_back(plan.path);
  }
  if (paths.empty()) return kAllGood;
  const auto reports = read_reports(paths);
  if (!reports) return report_error(reports.error());
  fmt::print("{}", render::render(format, *reports, stdout_style()));
  return kAllGood;
}

// Two builds of one release have one name: the later ones are numbered, behind the first in order.
std::string report_path(const std::string& folder, const VmCell& cell,
                        const std::vector<CellPlan>& others) {
  std::string name = cell.kernel.release + "-" + cell.user;
  if (cell.clock == model::Clock::wall) name += "-wall";
  for (char& c : name) {
    if (c == '/' || c == ':') c = '_';
  }
  const std::string stem = folder + "/" + name;
  std::string path = stem + ".json";
  for (int number = 2; std::ranges::find(others, path, &CellPlan::path) != others.end(); ++number) {
    path = fmt::format("{}_{}.json", stem, number);
  }
  return path;
}

model::Result<void> check_matrix(const MatrixSpec& matrix) {
  if (matrix.kernels.empty()) {
    return model::bad_input("no kernel: give --kernel SPEC or a file (see: nsvet matrix --help)");
  }
  for (const auto& user : matrix.users) {
    if (user == "root" || user == "nobody") continue;
    return model::bad_input(fmt::format("user \"{}\": expected root or nobody", user));
  }
  if (matrix.explain && matrix.clock == "wall") {
    return model::bad_input("--explain counts instructions: it goes with --clock insn only");
  }
  return {};
}

int run(Options options) {
  auto& matrix = options.matrix;
  if (!options.file.empty()) {
    if (auto read = read_matrix_file(options.file, matrix); !read)
      return report_error(read.error());
  }
  if (auto checked = check_matrix(matrix); !checked) return report_error(checked.error());
  if (matrix.users.empty()) matrix.users = {"root"};
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  std::error_code error;
  std::filesystem::create_directories(options.output, error);
  if (error) {
    return report_error(
        {model::Error::Kind::bad_input, fmt::format("{}: {}", options.output, error.message())});
  }
  std::vector<CellPlan> plans;
  for (const auto& spec : matrix.kernels) {
    const auto kernel = vm::find_kernel(spec);
    if (!kernel) return report_error(kernel.error());
    for (const auto& user : matrix.users) {
      VmCell cell{.kernel = *kernel,
                  .user = user,
                  .clock = matrix.clock == "wall" ? model::Clock::wall : model::Clock::insn,
                  .append = matrix.append,
                  .only = matrix.only,
                  .full = matrix.profile == "full",
                  .samples = matrix.samples,
                  .seed = options.seed,
                  .explain = matrix.explain};
      auto path = report_path(options.output, cell, plans);
      plans.push_back({std::move(cell), std::move(path)});
    }
  }
  const int worst = run_cells(plans, options, *libexec);
  return options.format.empty() ? worst : std::max(worst, print_reports(plans, options.format));
}

}  // namespace

void add_matrix(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "matrix", "Boot kernels in QEMU; check them, and count instructions: one report each");
  command->footer(
      "Example: nsvet matrix --kernel debian:6.12 --kernel debian:7.3 -o results/upgrade\n"
      "The file is TOML: kernels = [\"debian:6.12\"], users, append, only, clock, profile, "
      "samples, explain.");
  const auto options = std::make_shared<Options>();
  auto& matrix = options->matrix;
  command->add_option("FILE", options->file, "A matrix as a TOML file");
  command->add_option("--kernel", matrix.kernels, "A kernel; see: nsvet kernels fetch --help");
  command->add_option("--user", matrix.users, "root, nobody; may be repeated (default: root)");
  command->add_option("--append", matrix.append, "A boot parameter to add; may be repeated");
  command->add_option("--only", matrix.only, "Only ids that match this pattern; may be repeated");
  command->add_option("--jobs", options->jobs, "Guests at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command
      ->add_option(
          "--clock", matrix.clock,
          "insn: instructions, under emulation; wall: nanoseconds, where KVM boots the kernel")
      ->check(CLI::IsMember({"insn", "wall"}))
      ->capture_default_str();
  command->add_option("--profile", matrix.profile, "full: every point of every curve as well")
      ->check(CLI::IsMember({"quick", "full"}))
      ->capture_default_str();
  command->add_option("--samples", matrix.samples, "Timed calls of each benchmark in each boot")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_flag("--explain", matrix.explain,
                    "One more boot: in which kernel functions each cost lies; not with wall");
  command->add_option("--seed", options->seed, "Of the first boot; the others follow it")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "Folder of the reports")
      ->capture_default_str();
  command
      ->add_option("--format", options->format,
                   "Print the reports like this once all are made: see nsvet compare --help")
      ->check(CLI::IsMember(render::format_names()));
  command->add_flag("--resume", options->resume, "Keep the reports that are there and complete");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
