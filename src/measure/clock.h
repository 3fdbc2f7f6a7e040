// The clocks of a benchmark, and how the system is made quiet for it.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "model/benchmark.h"
#include "sys/fd.h"

namespace nsvet::measure {

void choose_clock(model::Clock clock);
model::Clock chosen_clock();

/// The time now: CLOCK_MONOTONIC_RAW in ns (time namespaces shift CLOCK_MONOTONIC), or the TSC,
/// which counts executed instructions under -icount shift=0.
std::int64_t now();

/// Says which benchmark begins to who watches the emulator, by how often an instruction is executed
/// that compilers do not use by themselves: its place in the order of ids, from 1 on.
void mark(std::size_t place);

/// Changes with every timer tick on the insn clock; 0 on the wall clock, where ticks are part of
/// life. Read from the vDSO: no system call.
std::int64_t tick();

/// Sleeps until the deferred work of what went before (RCU callbacks, workers that free namespaces)
/// is over. Under -icount sleep=off no time passes for the host, but each timer interrupt costs.
void rest();

/// On the insn clock, until 50 ms before a second of CLOCK_MONOTONIC ends.
void rest_until_late();

/// Rests; on the insn clock then calls align(), which allocates and frees memory itself.
void quiesce();

/// Maps the program's text into this process and touches its stack: a fresh child has neither, and
/// its first faults would fall into what it times.
void touch_pages();

/// Tells how long the one CPU has run tasks, for whomever, in ns (instructions): what interrupts
/// and softirqs take from an idle CPU is not in it. RCU callbacks are, where they run in a task.
class BusyClock {
 public:
  struct Mark {
    std::int64_t time = 0;
    std::int64_t told = 0;
  };
  /// @param slow what is counted takes long to become quiet
  /// @return nullopt when this kernel does not tell
  static std::optional<BusyClock> open(bool slow);
  /// Becomes quiet, and begins to count.
  Mark mark() const;
  /// Becomes quiet, and tells how much was done since the mark, ours included.
  std::int64_t since(const Mark& mark) const;
  /// The same without what we did since, who must not have slept.
  std::int64_t others_since(const Mark& mark) const;

 private:
  BusyClock(sys::Fd fd, bool slow) : fd_(std::move(fd)), slow_(slow) {}
  /// Sleeps for several RCU grace periods and the workers behind them.
  void settle() const;
  sys::Fd fd_;
  bool slow_;
};

}  // namespace nsvet::measure
