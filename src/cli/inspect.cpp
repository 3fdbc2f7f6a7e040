#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/reports.h"
#include "inspect/gather.h"
#include "render/ns_graph.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::string type;
  int pid = 0;
  bool orphans = false;
  bool json = false;
};

int run(const Options& options) {
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
  command->footer("Example: nsvet inspect --type net --orphans\n"
                  "Root sees all; others see what ptrace access lets them see, and are told so.");
  const auto options = std::make_shared<Options>();
  command->add_option("--type", options->type, "Only this type")
      ->check(CLI::IsMember(type_names()));
  command->add_option("--pid", options->pid, "Only what this process is in, or keeps")
      ->check(CLI::PositiveNumber);
  command->add_flag("--orphans", options->orphans, "Only namespaces that no task is in");
  command->add_flag("--json", options->json, "As JSON");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
