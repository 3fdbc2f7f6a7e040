#include "cli/vm_cell.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "cli/cell.h"
#include "cli/explain_boot.h"
#include "cli/guest_files.h"
#include "cli/structures.h"
#include "harness/collect.h"
#include "harness/runner.h"
#include "sys/file.h"
#include "vm/accelerator.h"
#include "vm/boot.h"
#include "vm/command.h"

namespace nsvet::cli {
namespace {

// How often a kernel may go down in one round before the rest is given up.
constexpr int kMostBoots = 5;

// Memory layout moves figures, so each is made from three boots that differ in it.
std::vector<vm::Perturbation> perturbations(int seed) {
  return {{.seed = seed, .kaslr = false, .padding = ""},
          {.seed = seed + 1, .kaslr = true, .padding = ""},
          {.seed = seed + 2, .kaslr = false, .padding = "nsvet.padding=0123456789abcdef"}};
}

// Of those that checks need, for who compares: which were found with the kernel.
std::string module_names(const vm::KernelImage& kernel) {
  std::vector<std::string> names;
  for (const auto& path : kernel.modules) {
    names.push_back(std::filesystem::path(path).stem().string());
  }
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, " "));
}

harness::RunPlan run_plan(const VmCell& cell) {
  harness::RunPlan plan;
  plan.user = cell.user == "root" ? harness::User::root : harness::User::nobody;
  plan.clock = cell.clock;
  plan.only = cell.only;
  plan.samples = cell.samples;
  plan.full = cell.full;
  return plan;
}

// More would make a report larger than all else that is in it.
constexpr std::size_t kFunctions = 24;
constexpr double kLeastShare = 3;

// What an explaining boot has nothing to say of, and would only take time for.
std::vector<std::string> not_to_explain(const model::Report& report) {
  std::vector<std::string> ids;
  for (const auto& bench : report.benchmarks) {
    if (bench.rounds.empty() || bench.unit != model::Unit::time) ids.push_back(bench.id);
  }
  return ids;
}

// Best effort: the report stands without it.
void add_profiles(const VmCell& cell, const std::string& libexec, model::Report& report) {
  ExplainBoot wanted{
      .kernel = cell.kernel, .append = cell.append, .plan = run_plan(cell), .seed = cell.seed};
  wanted.plan.skip = not_to_explain(report);
  wanted.plan.benchmark_limit = std::chrono::minutes(10);
  const auto boot = explain_boot(wanted, libexec);
  if (!boot) {
    fmt::print(stderr, "{}: not explained: {}\n", cell.kernel.spec, boot.error().message);
    return;
  }
  report.timing["explain.total_ms"] = boot->result.total.count();
  for (const auto& explained : boot->explained) {
    const auto bench =
        std::ranges::find(report.benchmarks, explained.benchmark, &model::BenchmarkResult::id);
    if (bench != report.benchmarks.end())
      bench->profile = summary(explained, kFunctions, kLeastShare);
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

model::Result<Wanted> wanted(const VmCell& cell, const std::string& libexec) {
  const auto items = harness::discover(libexec);
  if (!items) return tl::unexpected(items.error());
  const auto plan = run_plan(cell);
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

// Whether the kernel went down under what ran, so that the rest may go on without that.
bool went_down(const model::End& end) {
  using model::EndState;
  return !end.running.empty() && (end.state == EndState::panic || end.state == EndState::hang ||
                                  end.state == EndState::reboot);
}

class CellRun {
 public:
  CellRun(const VmCell& cell, std::vector<vm::GuestFile> files, std::string qemu_version)
      : cell_(cell),
        files_(std::move(files)),
        qemu_version_(std::move(qemu_version)),
        collector_({.kernel = cell.kernel.spec,
                    .append = cell.append,
                    .user = cell.user,
                    .clock = cell.clock}) {}

  model::Result<model::Report> run(const Wanted& what) {
    if (what.checks) {
      auto done = round(true, "checks", {.seed = cell_.seed, .kaslr = false, .padding = ""});
      if (!done) return tl::unexpected(done.error());
    }
    for (const auto& perturbation : perturbations(cell_.seed)) {
      if (!what.benchmarks || given_up_) break;
      auto done = round(false, perturbation.label(), perturbation);
      if (!done) return tl::unexpected(done.error());
    }
    auto& report = collector_.report();
    report.environment.kernel["source"] = cell_.kernel.source;
    report.environment.kernel["sha256"] = cell_.kernel.sha256;
    report.environment.kernel["modules"] = module_names(cell_.kernel);
    report.date = today();
    return std::move(collector_).finish();
  }

 private:
  // Boots until each item has its result.
  model::Result<void> round(bool checks, const std::string& label,
                            const vm::Perturbation& perturbation) {
    done_.clear();
    for (int boot = 0; boot < kMostBoots; ++boot) {
      const auto end = one_boot(checks, label, perturbation);
      if (!end) return tl::unexpected(end.error());
      if (end->state == model::EndState::complete) return {};
      auto& first = collector_.report().end;
      if (first.state == model::EndState::complete) first = *end;
      if (!went_down(*end)) break;
      blame(checks, *end, label);
    }
    given_up_ = true;
    return {};
  }

  model::Result<model::End> one_boot(bool checks, const std::string& label,
                                     const vm::Perturbation& perturbation) {
    auto plan = run_plan(cell_);
    plan.checks = checks;
    plan.benchmarks = !checks;
    plan.skip = done_;
    plan.skip.insert(plan.skip.end(), deadly_.begin(), deadly_.end());
    const auto initramfs = initramfs_for(files_, plan);
    if (!initramfs) return tl::unexpected(initramfs.error());
    vm::Machine machine{.kernel = cell_.kernel.image,
                        .initramfs = initramfs->path,
                        .append = cell_.append,
                        .perturbation = perturbation};
    const auto accelerator = accelerator_for(machine, checks);
    if (!accelerator) return tl::unexpected(accelerator.error());
    machine.accelerator = *accelerator;
    const std::string what = fmt::format("{} {} {}", cell_.kernel.spec, cell_.user, label);
    Progress progress(what);
    const auto result =
        vm::boot(machine, {.on_event =
                               [&](const model::Event& event, std::chrono::nanoseconds spent) {
                                 take(event, label, spent);
                                 progress.take(event);
                               },
                           .stop = {}});
    progress.clear();
    if (!result) return tl::unexpected(result.error());
    fmt::print(stderr, "{}: {} in {:.1f} s (first sign after {:.1f} s; {:.1f} s of a processor)\n",
               what, to_string(result->end.state),
               static_cast<double>(result->total.count()) / 1000,
               static_cast<double>(result->to_first_event.count()) / 1000,
               static_cast<double>(result->cpu.count()) / 1000);
    auto& report = collector_.report();
    report.environment.emulator = vm::identity(machine, qemu_version_);
    report.kernel_log.insert(report.kernel_log.end(), result->kernel_log.begin(),
                             result->kernel_log.end());
    report.timing[label + ".total_ms"] += result->total.count();
    report.timing[label + ".cpu_ms"] += result->cpu.count();
    report.timing[label + ".boot_ms"] = result->to_first_event.count();
    return result->end;
  }

  // On the wall clock without KVM rules can be checked, but no nanosecond means anything.
  model::Result<vm::Accelerator> accelerator_for(const vm::Machine& machine, bool checks) {
    if (cell_.clock == model::Clock::insn) return vm::Accelerator::icount;
    if (!kvm_) kvm_ = vm::kvm_boots(machine);
    if (*kvm_) return vm::Accelerator::kvm;
    if (checks) return vm::Accelerator::tcg;
    return model::cannot_run(kvm_->error().message +
                             "; without KVM take --clock insn, or only checks (--only '*.*')");
  }

  void take(const model::Event& event, const std::string& label, std::chrono::nanoseconds spent) {
    collector_.take(event, label, spent);
    if (const auto* check = std::get_if<model::CheckResult>(&event)) done_.push_back(check->id);
    if (const auto* samples = std::get_if<model::Samples>(&event)) done_.push_back(samples->id);
  }

  void blame(bool checks, const model::End& end, const std::string& label) {
    deadly_.push_back(end.running);
    const auto why = fmt::format("{} while it ran", end.message);
    if (checks) {
      model::CheckResult failed;
      failed.id = end.running;
      failed.outcome = model::Outcome::fail;
      failed.reason = why;
      collector_.take(failed, label, {});
    } else {
      model::Samples failed;
      failed.id = end.running;
      failed.clock = cell_.clock;
      failed.error = why;
      collector_.take(failed, label, {});
    }
  }

  const VmCell& cell_;
  const std::vector<vm::GuestFile> files_;
  const std::string qemu_version_;
  harness::Collector collector_;
  std::vector<std::string> done_;    ///< Has its result in this round.
  std::vector<std::string> deadly_;  ///< Took the kernel down.
  bool given_up_ = false;
  std::optional<model::Result<void>> kvm_;  ///< Whether it boots; not known until it is asked for.
};

}  // namespace

model::Result<model::Report> run_vm_cell(const VmCell& cell, const std::string& libexec) {
  const auto what = wanted(cell, libexec);
  if (!what) return tl::unexpected(what.error());
  auto files = guest_files(libexec, cell.kernel);
  if (!files) return tl::unexpected(files.error());
  auto version = vm::qemu_version();
  if (!version) return tl::unexpected(version.error());
  const auto digest = programs_digest(libexec);
  if (!digest) return tl::unexpected(digest.error());
  auto report = CellRun(cell, std::move(*files), std::move(*version)).run(*what);
  if (!report) return report;
  report->environment.programs["sha256"] = *digest;
  if (cell.explain && what->benchmarks) add_profiles(cell, libexec, *report);
  if (auto structures = structures_of(cell.kernel)) report->structures = std::move(*structures);
  return report;
}

}  // namespace nsvet::cli
