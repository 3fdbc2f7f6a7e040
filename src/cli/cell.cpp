#include "cli/cell.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "cli/command.h"
#include "model/json.h"
#include "sys/file.h"

namespace nsvet::cli {

Progress::Progress(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::take(const model::Event& event) {
  if (const auto* begin = std::get_if<model::Begin>(&event)) total_ = begin->total;
  const auto* start = std::get_if<model::Start>(&event);
  if (start == nullptr) return;
  ++started_;
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}: {}/{} {}", what_, started_, total_, start->id);
    std::fflush(stderr);
  } else if (started_ % 50 == 0) {
    fmt::print(stderr, "{}: {}/{} {}\n", what_, started_, total_, start->id);
  }
}

void Progress::clear() {
  if (terminal_) fmt::print(stderr, "\r\033[K");
}

std::string today() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

int terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::max<int>(80, size.ws_col);
}

model::Result<void> check_writable(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return model::bad_input(
      fmt::format("{}: no file can be written there ({})", path, sys::errno_name(errno)));
}

model::Result<void> write_report(const model::Report& report, const std::string& path) {
  const auto written = sys::replace_file(path, to_json(report));
  if (!written) return model::bad_input(fmt::format("{}: {}", path, to_string(written.error())));
  return {};
}

int exit_code(const model::Report& report) {
  using model::EndState;
  const auto state = report.end.state;
  if (state == EndState::lost || state == EndState::interrupted) return kCannotRun;
  const bool failed =
      std::ranges::any_of(report.checks,
                          [](const model::CheckResult& check) {
                            return check.outcome == model::Outcome::fail ||
                                   check.outcome == model::Outcome::error;
                          }) ||
      std::ranges::any_of(report.benchmarks, [](const model::BenchmarkResult& benchmark) {
        return !benchmark.error.empty();
      });
  const bool clean =
      state == EndState::complete && report.kernel_log.empty() && report.residue.empty();
  return failed || !clean ? kFindings : kAllGood;
}

}  // namespace nsvet::cli
