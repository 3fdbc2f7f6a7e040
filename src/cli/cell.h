// What `run` and `matrix` share: progress, writing a report, and its exit code.
#pragma once

#include <string>

#include "model/error.h"
#include "model/event.h"
#include "model/report.h"

namespace nsvet::cli {

/// Live progress on stderr: one line that updates on a terminal, else a plain line each ten.
class Progress {
 public:
  explicit Progress(std::string what);
  void take(const model::Event& event);
  void clear();

 private:
  std::string what_;
  bool terminal_;
  std::int64_t total_ = 0;
  std::int64_t started_ = 0;
};

/// @return now, as RFC 3339 in UTC
std::string today();

/// @return the terminal's columns; 80 when stdout is none
int terminal_width();

/// Says before a run that its report could not be written after it.
model::Result<void> check_writable(const std::string& path);

/// Writes the report: all or nothing.
model::Result<void> write_report(const model::Report& report, const std::string& path);

/// @return kAllGood, kFindings or kCannotRun
int exit_code(const model::Report& report);

}  // namespace nsvet::cli
