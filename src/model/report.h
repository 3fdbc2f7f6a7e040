// What a cell of the matrix yielded: one report. The JSON Schema of its file is report.schema.json.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/benchmark.h"
#include "model/check.h"
#include "model/structure.h"

namespace nsvet::model {

inline constexpr std::string_view kReportSchema = "nsvet.report/1";

/// One point of the matrix.
struct Cell {
  std::string kernel;                 ///< As it was named: debian:6.12, a path, or "running".
  std::vector<std::string> append{};  ///< Boot parameters added to ours.
  std::string user = "root";          ///< "root" or "nobody".
  Clock clock = Clock::wall;
  bool operator==(const Cell&) const = default;
};

/// What the figures depend on. Keys are stable; values are what the kernel or the host says.
struct Environment {
  std::map<std::string, std::string>
      kernel;  ///< release, version, cmdline, config.*, source, sha256
  std::map<std::string, std::string>
      machine;  ///< cpu, cpus, memory, clocksource, mitigations.*, lsm
  std::map<std::string, std::string> emulator;  ///< Every flag that shapes cost; empty on a host.
  std::map<std::string, std::string> programs;  ///< sha256 of what was run.
  bool operator==(const Environment&) const = default;
};

/// How a run ended. Everything but `complete` is a result about the kernel, or about this machine.
enum class EndState {
  complete,
  panic,        ///< The kernel panicked.
  hang,         ///< No sign of life within the deadline.
  reboot,       ///< The guest rebooted or powered off before its end record.
  boot_failed,  ///< The kernel never started our init.
  lost,         ///< The emulator itself failed, or was killed.
  interrupted,  ///< We were asked to stop.
};

inline constexpr std::string_view kEndStateNames[] = {
    "complete", "panic", "hang", "reboot", "boot_failed", "lost", "interrupted"};
constexpr std::string_view to_string(EndState state) {
  return kEndStateNames[static_cast<std::size_t>(state)];
}

struct End {
  EndState state = EndState::complete;
  std::string message;               ///< One line; empty when complete.
  std::string running;               ///< The check or benchmark that ran then.
  std::vector<std::string> console;  ///< The last console lines, unless complete.
  bool operator==(const End&) const = default;
};

/// A message of the kernel that says something is wrong with it.
struct KernelMessage {
  std::string severity;  ///< panic, oops, bug, warning, stall, lockdep, hung_task, oom
  std::string text;
  std::string running;  ///< The check or benchmark that ran when it came.
  bool operator==(const KernelMessage&) const = default;
};

struct Report {
  Cell cell;
  Environment environment;
  End end;
  std::vector<CheckResult> checks;          ///< Ordered by id.
  std::vector<BenchmarkResult> benchmarks;  ///< Ordered by id.
  std::vector<KernelMessage> kernel_log;
  std::map<std::string, std::int64_t> limits;  ///< user.max_*_namespaces, kernel.pid_max, ...
  std::vector<std::string> residue;            ///< What the run left behind: must be empty.
  /// Milliseconds on the host: of each boot total, to the first sign (boot), and of a processor
  /// (cpu); of each part (operation) a guest's processor time, or the time on a host.
  std::map<std::string, std::int64_t> timing;
  std::vector<Structure> structures;  ///< By name; empty where the kernel tells no types.
  std::string date;                   ///< RFC 3339, of the host.
  bool operator==(const Report&) const = default;
};

}  // namespace nsvet::model
