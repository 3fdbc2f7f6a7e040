// The lines in which programs, the guest's init and the harness tell each other what happens:
// one JSON object a line, with one member that names the event.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "model/benchmark.h"
#include "model/check.h"
#include "model/error.h"
#include "model/report.h"

namespace nsvet::model {

/// A run begins; sent by the harness, so that progress has a total and a report its environment.
struct Begin {
  Environment environment;
  std::map<std::string, std::int64_t> limits;
  std::int64_t total = 0;  ///< How many checks and benchmarks will be started.
  bool operator==(const Begin&) const = default;
};

/// A check or benchmark is started.
struct Start {
  std::string id;
  bool operator==(const Start&) const = default;
};

/// What the steps of a sequence of operations gave, see explore.
struct Trace {
  std::string id;
  std::vector<std::string> answers;  ///< One text a step.
  std::string failed;                ///< One character a step: '1' when it did not succeed.
  std::string trouble;               ///< Why it could not be run; empty when it was.
  bool operator==(const Trace&) const = default;
};

/// The explicit end record. A run without it did not end well.
struct Finish {
  std::vector<std::string> residue;
  bool operator==(const Finish&) const = default;
};

/// The run cannot go on; not the kernel's fault.
struct Trouble {
  std::string message;
  bool operator==(const Trouble&) const = default;
};

/// A guest's /proc/kallsyms, when it was asked for.
struct KernelSymbols {
  std::string text;
  bool operator==(const KernelSymbols&) const = default;
};

using Event = std::variant<Listing, Begin, Start, CheckResult, Samples, Trace, Finish, Trouble,
                           KernelSymbols>;

/// One line, without the newline.
std::string encode(const Event& event);

/// @return the event, or bad_input that says what is wrong with the line.
Result<Event> decode(std::string_view line);

}  // namespace nsvet::model
