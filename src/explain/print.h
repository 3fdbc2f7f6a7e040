// Profiles for people and for other programs.
#pragma once

#include <string>

#include "explain/profile.h"
#include "model/profile.h"

namespace nsvet::explain {

/// One benchmark's call on one kernel.
struct Explained {
  std::string kernel;  ///< Its release.
  std::string benchmark;
  std::int64_t figure = 0;   ///< What the benchmark measured for this call.
  std::int64_t samples = 0;  ///< How many calls it is the median of.
  Profile profile{};
  /// What the clock tells beyond executed instructions: it jumps while the processor is idle.
  std::int64_t idle() const { return figure - profile.total; }
};

/// Functions by self cost.
/// @param rows of the table; the rest is summed up in one line
std::string table(const Explained& explained, std::size_t rows);

/// The tree of calls, each with its inclusive cost.
/// @param least share of the whole below which a branch is not shown, in per cent
std::string tree(const Explained& explained, double least);

/// What changed by function, largest change first.
std::string difference(const Explained& base, const Explained& now, std::size_t rows);

/// One line a stack: "a;b;c 12", as flame graph tools read them.
std::string folded(const Explained& explained);

/// What a report keeps: the functions of most self cost and the dear calls, the idle time as one.
/// @param most functions; the rest is summed up
/// @param least share of the figure below which a call is left out, in per cent
model::Profile summary(const Explained& explained, std::size_t most, double least);

/// "nsvet.explain/1": an array of what was explained.
std::string json(const std::vector<Explained>& all);

}  // namespace nsvet::explain
