// What the release of a kernel, as uname(2) tells it, says of its source.
#pragma once

#include <string>
#include <string_view>

#include "model/report.h"

namespace nsvet::compare {

/// @return what the report's kernel calls itself; what the cell calls it when it never said
const std::string& release_of(const model::Report& report);

/// @return "6.1.0-55" for "6.1.0-55-cloud-amd64": numbers, and what distributions count by
std::string short_release(std::string_view release);

/// Whether two kernels were built from the same source but for what was changed on purpose, as far
/// as their releases tell: the same version and build of a distribution. A local version, and what
/// git adds to it ("-dirty", "-00002-g1a2b3c", "+"), make no other source.
bool same_source(std::string_view a, std::string_view b);

}  // namespace nsvet::compare
