// Where our programs lie: beside the nsvet that runs, in the build tree as when installed.
#pragma once

#include <string>

#include "model/error.h"

namespace nsvet::cli {

/// @return the folder that holds probes/, bench/ and guest/
model::Result<std::string> libexec_folder();

}  // namespace nsvet::cli
