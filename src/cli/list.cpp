#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/programs.h"
#include "harness/runner.h"
#include "model/convert.h"
#include "sys/process.h"

namespace nsvet::cli {
namespace {

int list(bool json) {
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  (void)sys::become_subreaper();
  const auto items = harness::discover(*libexec);
  if (!items) return report_error(items.error());
  if (json) {
    model::Json rows = model::Json::array();
    for (const auto& item : *items) rows.push_back(to_value(item.listing));
    fmt::print("{}\n", rows.dump(2));
    return kAllGood;
  }
  for (const auto& item : *items) {
    const auto& row = item.listing;
    fmt::print("{:<32} {}\n", row.id, row.title);
    fmt::print("{:32} {} [{}]{}{}\n", "", row.rule, row.source,
               row.needs.empty() ? "" : " needs: ", fmt::join(row.needs, ", "));
  }
  return kAllGood;
}

}  // namespace

void add_list(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("list", "Every check and benchmark, with its rule and source");
  command->footer("Example: nsvet list --json | jq -r '.[].id'");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As JSON");
  command->callback([&chosen, json] { chosen = [json] { return list(*json); }; });
}

}  // namespace nsvet::cli
