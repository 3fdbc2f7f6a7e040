// Finds the namespaces of the running system, and what keeps each of them.
#pragma once

#include <string>

#include "model/ns_graph.h"
#include "sys/error.h"

namespace nsvet::inspect {

struct Source {
  std::string proc = "/proc";  ///< A procfs, or a folder of the same form.
  /// Whether to ask the kernel too for what no task shows: listns(2), or the list of mount
  /// namespaces before Linux 6.19.
  bool kernel = true;
};

/// What is out of the caller's sight is a note, not an error.
/// @return an error when `proc` cannot be read at all
sys::Result<model::NsGraph> gather(const Source& source = {});

}  // namespace nsvet::inspect
