#include "cli/reports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "cli/cell.h"
#include "model/json.h"
#include "model/parallel.h"
#include "sys/file.h"

namespace nsvet::cli {
namespace {

constexpr std::size_t kLargestFile = 256U << 20;

model::Result<std::string> read_text(const std::string& path) {
  auto text = sys::read_file(path, kLargestFile);
  if (text) return *std::move(text);
  return model::bad_input(
      fmt::format("{}: cannot be read ({})", path, sys::errno_name(text.error().number)));
}

model::Result<model::Report> read_report(const std::string& path) {
  return read_text(path).and_then(
      [&](const std::string& text) { return model::report_from_json(text, path); });
}

model::Result<std::vector<compare::KnownChange>> known_changes(const std::string& path) {
  if (path.empty()) return compare::known_changes();
  return read_text(path).and_then(
      [&](const std::string& text) { return compare::known_changes_from(text, path); });
}

// A thousand reports are hundreds of megabytes of text: each processor reads.
model::Result<std::vector<model::Report>> read_all(const std::vector<std::string>& files) {
  std::vector<model::Result<model::Report>> read(files.size());
  model::in_parallel(files.size(), [&](std::size_t i) { read[i] = read_report(files[i]); });
  std::vector<model::Report> reports;
  reports.reserve(files.size());
  for (auto& report : read) {
    if (!report) return tl::unexpected(report.error());
    reports.push_back(std::move(*report));
  }
  return reports;
}

}  // namespace

model::Result<std::vector<model::Report>> read_reports(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    const auto names = sys::list_directory(path);
    if (!names) {
      files.push_back(path);
      continue;
    }
    const std::size_t before = files.size();
    for (const auto& name : *names) {
      if (name.ends_with(".json")) files.push_back(path + "/" + name);
    }
    if (files.size() == before) {
      return model::bad_input(fmt::format("{}: no report (*.json) is in there", path));
    }
  }
  return read_all(files);
}

model::Result<Compared> read_and_compare(const std::vector<std::string>& paths,
                                         const std::string& known_path) {
  const auto known = known_changes(known_path);
  if (!known) return tl::unexpected(known.error());
  auto reports = read_reports({paths.front()});
  if (!reports) return tl::unexpected(reports.error());
  const std::size_t bases = paths.size() == 1 ? 0 : reports->size();
  if (bases > 0) {
    auto others = read_reports({paths.begin() + 1, paths.end()});
    if (!others) return tl::unexpected(others.error());
    std::ranges::move(*others, std::back_inserter(*reports));
  }
  auto set = compare::compare_all(*reports, bases, *known);
  if (!set) return tl::unexpected(set.error());
  return Compared{std::move(*reports), std::move(*set)};
}

render::Style stdout_style() {
  return {.width = terminal_width(),
          .colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr};
}

}  // namespace nsvet::cli
