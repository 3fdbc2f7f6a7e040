// Runs a program under lies.
//
// It runs in namespaces of its own, because a check that is told that it is elsewhere may act on
// what it believes.
#pragma once

#include <vector>

#include "lie.h"

namespace nsvet::liar {

/// @param program its path and arguments, and a null
/// @return its exit code; 77 when it cannot be lied to here
int run(const std::vector<Lie>& lies, char** program);

}  // namespace nsvet::liar
