#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/reports.h"
#include "cli/structures.h"
#include "inspect/gather.h"
#include "inspect/structures.h"
#include "render/ns_graph.h"
#include "render/structures.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::string type;
  int pid = 0;
  bool orphans = false;
  bool json = false;
  bool structs = false;
  std::string kernel;
};

int print_structures(const Options& options) {
  const auto found = [&]() -> model::Result<std::vector<model::Structure>> {
    if (options.kernel.empty()) return inspect::structures_of(inspect::kRunningTypes);
    const auto kernel = vm::find_kernel(options.kernel);
    if (!kernel) return tl::unexpected(kernel.error());
    return structures_of(*kernel);
  }();
  if (!found) return report_error(found.error());
  fmt::print("{}",
             options.json ? render::structures_json(*found) : render::structures_text(*found));
  return kAllGood;
}

int run(const Options& options) {
  if (options.structs) return print_structures(options);
  const auto graph = inspect::gather();
  if (!graph) return report_error({model::Error::Kind::cannot_run, to_string(graph.error())});
  render::NsChoice choice;
  choice.type = model::ns_type_from_name(options.type);
  if (options.pid != 0) choice.pid = options.pid;
  choice.orphans = options.orphans;
  if (choice.pid && !any(*graph, choice)) {
    return report_error({model::Error::Kind::bad_input,
                         fmt::format("--pid {}: no such process, or its namespaces are not in "
                                     "sight",
                                     options.pid)});
  }
  fmt::print("{}", options.json ? json(*graph, choice) : tree(*graph, choice, stdout_style()));
  return kAllGood;
}

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const auto& type : model::kNsTypes) names.emplace_back(type.name);
  return names;
}

}  // namespace

void add_inspect(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "inspect", "The namespaces of the running system: whose they are, and what keeps them");
  command->footer(
      "Example: nsvet inspect --type net --orphans\n"
      "Root sees all; others see what ptrace access lets them see, and are told so.");
  const auto options = std::make_shared<Options>();
  command->add_option("--type", options->type, "Only this type")
      ->check(CLI::IsMember(type_names()));
  command->add_option("--pid", options->pid, "Only what this process is in, or keeps")
      ->check(CLI::PositiveNumber);
  command->add_flag("--orphans", options->orphans, "Only namespaces that no task is in");
  auto* structs = command->add_flag(
      "--structs", options->structs,
      "Instead: the layout of the kernel's structures behind namespaces, from BTF");
  command
      ->add_option("--kernel", options->kernel,
                   "Of this kernel, not of the running one; see: nsvet kernels fetch --help")
      ->needs(structs);
  command->add_flag("--json", options->json, "As JSON");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
