// Runs checks and benchmarks on the kernel that it runs on: on a host, and as a guest's init.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/program.h"
#include "model/error.h"
#include "model/event.h"

namespace nsvet::harness {

struct RunPlan {
  std::string libexec;  ///< The folder that holds probes/ and bench/.
  User user = User::root;
  model::Clock clock = model::Clock::wall;
  std::vector<std::string> only;    ///< Globs of ids; none: all.
  std::vector<std::string> skip{};  ///< Ids that are left out all the same.
  bool checks = true;
  bool benchmarks = true;
  bool full = false;  ///< Also benchmarks of the full profile.
  int workers = 1;    ///< Checks at a time. More than one forgets which one the kernel died of.
  int rounds = 1;     ///< Processes for each benchmark, interleaved over all of them.
  int samples = 7;    ///< Warm samples in each process.
  std::chrono::milliseconds check_limit{60000};
  std::chrono::milliseconds benchmark_limit{120000};
};

/// One thing to run: its listing, and the program that holds it.
struct Item {
  model::Listing listing;
  std::string program;
};

/// @return whether the plan runs it
bool selected(const RunPlan& plan, const Item& item);

/// Asks every program in these folders of `libexec` what it holds.
/// @return the items in the order of their ids; bad_input when there are none or two have one id
model::Result<std::vector<Item>> discover(const std::string& libexec,
                                          const std::vector<std::string>& folders = {"probes",
                                                                                     "bench"});

/// @return false to stop before the next item
using Continue = std::function<bool()>;

/// Runs what the plan selects and tells `on_event` from Begin to Finish. Every item yields exactly
/// one result, whatever its program does. The caller must be a subreaper or PID 1.
model::Result<void> run_plan(const RunPlan& plan, const OnEvent& on_event, const Continue& go_on);

}  // namespace nsvet::harness
