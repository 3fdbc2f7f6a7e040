// The folder of an exploration: exploration.json, and a sequence and a program for each finding.
#pragma once

#include <string>

#include "explore/json.h"

namespace nsvet::cli {

/// Findings of an earlier exploration in the folder are removed.
model::Result<void> write_exploration(const explore::Explored& explored, const std::string& folder);

/// @return bad_input when there is none, or it is none of ours
model::Result<explore::Explored> read_exploration(const std::string& folder);

}  // namespace nsvet::cli
