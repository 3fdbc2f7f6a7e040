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
  std::vector<std::string> fail_on{"any"};
};

int compare(const Options& options) {
  const auto fail_on = compare::FailOn::from(options.fail_on);
  if (!fail_on) return report_error(fail_on.error());
  const auto known = compare::known_changes();
  if (!known) return report_error(known.error());
  const std::vector<std::string> old_side{options.paths.front()};
  auto reports = read_reports(old_side);
  if (!reports) return report_error(reports.error());
  // One folder holds a series; of several paths, the first is what the others are held against.
  const std::size_t bases = options.paths.size() == 1 ? 0 : reports->size();
  if (bases > 0) {
    auto others = read_reports({options.paths.begin() + 1, options.paths.end()});
    if (!others) return report_error(others.error());
    std::ranges::move(*others, std::back_inserter(*reports));
  }
  const auto set = compare::compare_all(*reports, bases, *known);
  if (!set) return report_error(set.error());
  fmt::print("{}", render::render(options.format, *set, stdout_style()));
  const bool failed = std::ranges::any_of(set->comparisons, [&](const auto& comparison) {
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
  command->add_option("--fail-on", options->fail_on, "What makes the exit code 1; may be repeated")
      ->delimiter(',')
      ->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return compare(*options); }; });
}

}  // namespace nsvet::cli
