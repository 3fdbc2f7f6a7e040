// What the subcommands that read reports share.
#pragma once

#include <string>
#include <vector>

#include "compare/match.h"
#include "model/error.h"
#include "model/report.h"
#include "render/style.h"

namespace nsvet::cli {

/// Reads reports and folders of them, in the order of the paths.
/// @return bad_input that names the file that is none; or a path without any report
model::Result<std::vector<model::Report>> read_reports(const std::vector<std::string>& paths);

struct Compared {
  std::vector<model::Report> reports;
  compare::ComparisonSet set;
};

/// Reads reports and compares them by the known changes: one folder is a series; of several paths,
/// the first is what the others are held against.
/// @param known a file of known changes; empty: those that are compiled in
model::Result<Compared> read_and_compare(const std::vector<std::string>& paths,
                                         const std::string& known = "");

/// @return how to lay out text on stdout: colours only on a terminal, and never with NO_COLOR
render::Style stdout_style();

}  // namespace nsvet::cli
