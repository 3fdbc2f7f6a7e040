// An exploration as text, and as JSON for programs.
#pragma once

#include <string>

#include "explore/session.h"

namespace nsvet::explore {

inline constexpr std::string_view kExplorationSchema = "nsvet.exploration/1";

/// What was explored.
struct Subject {
  std::string base;  ///< uname -r
  std::string now;
  std::uint64_t seed = 1;
};

std::string to_json(const Exploration& exploration, const Subject& subject);

/// @param rates also how often each operation succeeded
std::string to_text(const Exploration& exploration, const Subject& subject, bool rates);

/// The steps of a sequence with what they gave, one a line.
std::string to_text(const Sequence& sequence, const model::Trace& trace);

}  // namespace nsvet::explore
