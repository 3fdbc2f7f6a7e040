// The seccomp filter that answers calls by itself, and hands others to the supervisor.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "lie.h"

namespace nsvet::liar {

/// Lies that the filter tells by itself come first, the first one that fits is told.
std::vector<sock_filter> make_filter(const std::vector<Lie>& lies);

}  // namespace nsvet::liar
