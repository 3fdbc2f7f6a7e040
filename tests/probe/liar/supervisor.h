// Traces a program and all that it starts, and tells the lies that a filter cannot.
#pragma once

#include <sys/types.h>

#include <vector>

#include "lie.h"

namespace nsvet::liar {

/// Begins to trace a program and all its later children; they die with the supervisor.
bool seize(pid_t program);

/// Lies to what was seized until the program has ended.
/// @return its exit code; 128 and the signal when it was killed
int supervise(pid_t program, const std::vector<Lie>& lies);

}  // namespace nsvet::liar
