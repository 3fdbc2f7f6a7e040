// A matrix as a TOML file.
#pragma once

#include <string>
#include <vector>

#include "model/error.h"

namespace nsvet::cli {

/// What a matrix is made of: the product of kernels and users, and how each cell is run.
struct MatrixSpec {
  std::vector<std::string> kernels;
  std::vector<std::string> users;
  std::vector<std::string> append;  ///< Boot parameters added to ours.
  std::vector<std::string> only;    ///< Globs of ids; none: all.
  std::string clock = "insn";
  std::string profile = "quick";
  int samples = 7;
  bool explain = false;
};

/// Adds the file's lists to the matrix, and replaces what is one value.
/// @return bad_input with the line of what is wrong
model::Result<void> read_matrix_file(const std::string& path, MatrixSpec& matrix);

}  // namespace nsvet::cli
