#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/programs.h"
#include "cli/reports.h"
#include "harness/runner.h"
#include "render/page.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string output = "report.html";
  std::string known;
};

int report(const Options& options) {
  const auto read = read_and_compare(options.paths, options.known);
  if (!read) return report_error(read.error());
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  (void)sys::become_subreaper();
  const auto items = harness::discover(*libexec);
  if (!items) return report_error(items.error());
  std::vector<model::Listing> listings;
  for (const auto& item : *items) listings.push_back(item.listing);
  const auto written =
      sys::replace_file(options.output, render::page(read->reports, read->set, listings));
  if (!written) {
    return report_error({model::Error::Kind::bad_input,
                         fmt::format("{}: {}", options.output, to_string(written.error()))});
  }
  fmt::print("{}\n", options.output);
  return kAllGood;
}

}  // namespace

void add_report(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand("report", "Reports and what changed, as one HTML page");
  command->footer(
      "The paths are as for compare; one report alone makes a page as well. The page is one file\n"
      "and needs no network.\n"
      "Example: nsvet report results/run -o report.html");
  const auto options = std::make_shared<Options>();
  command->add_option("REPORT", options->paths, "BASE NEW..., or a folder")->required();
  command->add_option("--known", options->known,
                      "Documented changes (TOML) to go by instead of ours; /dev/null: none");
  command->add_option("-o,--output", options->output, "The file to write")->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return report(*options); }; });
}

}  // namespace nsvet::cli
