// What every subcommand's file is written with. Each declares one `add_*` and is listed in
// main.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string_view>

#include "model/error.h"

namespace nsvet::cli {

/// The exit codes of nsvet.
enum Exit : int {
  kAllGood = 0,    ///< All as it should be.
  kFindings = 1,   ///< Failed checks or unexpected changes.
  kBadInput = 2,   ///< The call or a file is wrong.
  kCannotRun = 3,  ///< A cell could not be run.
};

/// What the chosen subcommand does; returns an exit code.
using Action = std::function<int()>;

/// Prints the error as one line on stderr.
/// @return the exit code that belongs to it
int report_error(const model::Error& error);

void add_bisect(CLI::App& app, Action& chosen);
void add_compare(CLI::App& app, Action& chosen);
void add_coverage(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen);
void add_explore(CLI::App& app, Action& chosen);
void add_inspect(CLI::App& app, Action& chosen);
void add_kernels(CLI::App& app, Action& chosen);
void add_list(CLI::App& app, Action& chosen);
void add_matrix(CLI::App& app, Action& chosen);
void add_plot(CLI::App& app, Action& chosen);
void add_report(CLI::App& app, Action& chosen);
void add_run(CLI::App& app, Action& chosen);

}  // namespace nsvet::cli
