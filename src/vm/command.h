// Runs another program, without a shell, for what it prints.
#pragma once

#include <string>
#include <vector>

#include "model/error.h"

namespace nsvet::vm {

/// @return its standard output; cannot_run with its last line on stderr when it fails
model::Result<std::string> run_command(const std::vector<std::string>& words);

/// @return the SHA-256 of a file, in hex
model::Result<std::string> sha256_of(const std::string& path);

}  // namespace nsvet::vm
