// One run of a probe or benchmark program: started, listened to, and ended at its deadline with
// all that it started.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "harness/lines.h"
#include "model/event.h"
#include "sys/error.h"
#include "sys/process.h"

namespace nsvet::harness {

/// As whom a program runs.
enum class User { root, nobody };

struct ProgramCall {
  std::string path;
  std::vector<std::string> arguments{};  ///< --events FD is added.
  User user = User::root;
  std::chrono::milliseconds limit{60000};  ///< Without an event.
  std::string input{};                     ///< What stands on its standard input.
  /// Runs it as SCHED_FIFO, where no worker, child or grace period can take the one CPU from it.
  bool realtime = false;
  std::function<bool()> stop{};  ///< When true the program is ended as after its deadline.
};

struct ProgramEnd {
  sys::ExitStatus status;
  bool timed_out = false;
  std::string garbage;  ///< The first line that was no event; empty when all were.
  std::string output;   ///< The end of what it wrote to stdout and stderr.
};

/// Runs the program to its end. Whatever it leaves running is killed and reaped: the caller must be
/// a subreaper or PID 1, and have no other children.
sys::Result<ProgramEnd> run_program(const ProgramCall& call, const OnEvent& on_event);

}  // namespace nsvet::harness
