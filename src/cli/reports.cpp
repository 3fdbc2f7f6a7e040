#include "cli/reports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/cell.h"
#include "model/json.h"
#include "sys/file.h"

namespace nsvet::cli {
namespace {

constexpr std::size_t kLargestFile = 256U << 20;

model::Result<model::Report> read_report(const std::string& path) {
  const auto text = sys::read_file(path, kLargestFile);
  if (!text) {
    return model::bad_input(
        fmt::format("{}: cannot be read ({})", path, sys::errno_name(text.error().number)));
  }
  return model::report_from_json(*text, path);
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
  std::vector<model::Report> reports;
  for (const auto& file : files) {
    auto report = read_report(file);
    if (!report) return tl::unexpected(report.error());
    reports.push_back(std::move(*report));
  }
  return reports;
}

render::Style stdout_style() {
  return {.width = terminal_width(),
          .colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr};
}

}  // namespace nsvet::cli
