#include "compare/compare.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "cli/cell.h"
#include "cli/command.h"
#include "model/json.h"
#include "model/version.h"
#include "render/json.h"
#include "render/text.h"
#include "sys/file.h"

namespace nsvet::cli {
namespace {

using model::Report;

model::Result<Report> read_report(const std::string& path) {
  const auto text = sys::read_file(path, 256U << 20);
  if (!text) {
    return model::bad_input(
        fmt::format("{}: cannot be read ({})", path, sys::errno_name(text.error().number)));
  }
  return model::report_from_json(*text, path);
}

model::Result<std::vector<Report>> read_all(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    const auto names = sys::list_directory(path);
    if (!names) {
      files.push_back(path);
      continue;
    }
    for (const auto& name : *names) {
      if (name.ends_with(".json")) files.push_back(path + "/" + name);
    }
  }
  std::vector<Report> reports;
  for (const auto& file : files) {
    auto report = read_report(file);
    if (!report) return tl::unexpected(report.error());
    reports.push_back(std::move(*report));
  }
  return reports;
}

const std::string& release(const Report& report) {
  const auto found = report.environment.kernel.find("release");
  return found == report.environment.kernel.end() ? report.cell.kernel : found->second;
}

bool same_cell(const Report& a, const Report& b) {
  return a.cell.user == b.cell.user && a.cell.clock == b.cell.clock &&
         a.cell.append == b.cell.append;
}

int compare(const std::vector<std::string>& paths, bool json) {
  auto reports = read_all(paths);
  if (!reports) return report_error(reports.error());
  // A folder holds its kernels in no order of ours: the oldest is the base.
  if (paths.size() == 1) {
    std::ranges::stable_sort(*reports, [](const Report& a, const Report& b) {
      return model::compare_versions(release(a), release(b)) < 0;
    });
  }
  const auto known = compare::known_changes();
  if (!known) return report_error(known.error());
  std::vector<compare::Comparison> comparisons;
  std::vector<const Report*> bases;
  for (const auto& report : *reports) {
    const auto base = std::ranges::find_if(
        bases, [&](const Report* candidate) { return same_cell(*candidate, report); });
    if (base == bases.end()) {
      bases.push_back(&report);
      continue;
    }
    auto comparison = compare::compare(**base, report, *known);
    if (!comparison) return report_error(comparison.error());
    comparisons.push_back(std::move(*comparison));
  }
  if (comparisons.empty()) {
    return report_error({model::Error::Kind::bad_input,
                         "nothing to compare: give two reports of the same user, clock and boot "
                         "parameters, or a folder that holds them"});
  }
  std::ranges::stable_sort(comparisons, std::greater<>{}, &compare::Comparison::user);
  if (json) {
    fmt::print("{}", render::json(comparisons));
  } else {
    const bool colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    for (auto group = comparisons.begin(); group != comparisons.end();) {
      const auto end = std::find_if(group, comparisons.end(),
                                    [&](const auto& c) { return c.user != group->user; });
      fmt::print(
          "{}", render::text(std::span(group, end), {.width = terminal_width(), .colour = colour}));
      group = end;
    }
  }
  const bool clean = std::ranges::all_of(
      comparisons, [](const auto& comparison) { return comparison.unexpected() == 0; });
  return clean ? kAllGood : kFindings;
}

}  // namespace

void add_compare(CLI::App& app, Action& chosen) {
  auto* command =
      app.add_subcommand("compare", "What changed between kernels, and was it expected");
  command->footer(
      "BASE and NEW are reports, or folders of them; one folder compares its kernels with the\n"
      "oldest of them.\n"
      "Example: nsvet compare results/quickstart --format json");
  const auto paths = std::make_shared<std::vector<std::string>>();
  const auto format = std::make_shared<std::string>("text");
  command->add_option("REPORT", *paths, "BASE NEW..., or a folder")->required();
  command->add_option("--format", *format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([&chosen, paths, format] {
    chosen = [paths, format] { return compare(*paths, *format == "json"); };
  });
}

}  // namespace nsvet::cli
