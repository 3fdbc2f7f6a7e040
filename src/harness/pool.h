// Runs checks several at a time: most of their time is waiting for what the kernel does later.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "harness/lines.h"
#include "model/check.h"
#include "sys/error.h"

namespace nsvet::harness {

/// Runs the check with this id to its result. Called in a worker, which is a subreaper without
/// other children, as run_program() wants it.
using RunOne = std::function<model::CheckResult(const std::string& id)>;

/// Shares the checks among `workers` processes. Tells of each a Start and exactly one CheckResult,
/// in no order; a worker that dies is an `error` of the check that it was at.
/// @param go_on false: what runs ends, and no other check is started
sys::Result<> run_pool(std::span<const std::string> ids, int workers, const RunOne& run_one,
                       const OnEvent& on_event, const std::function<bool()>& go_on);

}  // namespace nsvet::harness
