// What differs between two traces of one sequence.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "explore/sequence.h"
#include "model/event.h"

namespace nsvet::explore {

/// Traces by the id of their sequence.
using Traces = std::map<std::string, model::Trace>;

/// The first answer that differs; later ones may be mere consequences.
struct Difference {
  std::size_t step = 0;  ///< The number of steps when it is the kernel's log that differs.
  std::string base;      ///< Where the answers part: one word of each.
  std::string now;
  bool operator==(const Difference&) const = default;
};

/// @return nothing when the traces are the same
std::optional<Difference> first_difference(const model::Trace& base, const model::Trace& now);

/// "unshare NEWUTS: EPERM -> 0", what a known change is matched with behind "explore:"
std::string subject(const Sequence& sequence, const Difference& difference);

/// What findings of one cause have in common: as subject(), without arguments and numbers.
std::string symptom(const Sequence& sequence, const Difference& difference);

}  // namespace nsvet::explore
