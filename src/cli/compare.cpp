#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/reports.h"
#include "compare/fail_on.h"
#include "compare/match.h"
#include "render/format.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string format = "text";
  std::string known;
  std::vector<std::string> fail_on{"any"};
};

int compare(const Options& options) {
  const auto fail_on = compare::FailOn::from(options.fail_on);
  if (!fail_on) return report_error(fail_on.error());
  const auto read = read_and_compare(options.paths, options.known);
  if (!read) return report_error(read.error());
  if (read->set.comparisons.empty()) {
    return report_error({model::Error::Kind::bad_input,
                         "nothing to compare: give two reports of the same user, clock and boot "
                         "parameters, or a folder that holds them"});
  }
  fmt::print("{}", render::render(options.format, read->set, stdout_style()));
  const bool failed = std::ranges::any_of(read->set.comparisons, [&](const auto& comparison) {
    return std::ranges::any_of(comparison.findings,
                               [&](const auto& finding) { return fail_on->matches(finding); });
  });
  return failed ? kFindings : kAllGood;
}

}  // namespace

void add_compare(CLI::App& app, Action& chosen) {
  auto* command =
      app.add_subcommand("compare", "What changed between kernels, and was it expected");
  command->footer(
      "BASE and NEW are reports, or folders of them; one folder compares its kernels with the\n"
      "oldest of them.\n"
      "--fail-on: any (unexpected), regression (unexpected, and for the worse), all, none, or a\n"
      "kind of finding: end, rule, kernel, residue, cost, growth, limit, fact.\n"
      "Example: nsvet compare old.json new.json --fail-on rule --fail-on kernel --format markdown");
  const auto options = std::make_shared<Options>();
  command->add_option("REPORT", options->paths, "BASE NEW..., or a folder")->required();
  command
      ->add_option("--format", options->format,
                   fmt::format("{}", fmt::join(render::format_names(), ", ")))
      ->check(CLI::IsMember(render::format_names()))
      ->capture_default_str();
  command->add_option("--known", options->known,
                      "Documented changes (TOML) to go by instead of ours; /dev/null: none");
  command->add_option("--fail-on", options->fail_on, "What makes the exit code 1; may be repeated")
      ->delimiter(',')
      ->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return compare(*options); }; });
}

}  // namespace nsvet::cli
