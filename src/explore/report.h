// An exploration as text.
#pragma once

#include <string>
#include <vector>

#include "explore/session.h"

namespace nsvet::explore {

/// Which sequences were drawn: of a seed, each N-th from the K-th on.
struct Part {
  std::uint64_t seed = 1;
  std::string shard = "1/1";  ///< "K/N"
  std::vector<std::string> focus;
  bool operator==(const Part&) const = default;
};

/// What was explored.
struct Subject {
  std::string base;  ///< uname -r
  std::string now;
  std::vector<Part> parts;
};

/// @param rates also how often each operation succeeded
std::string to_text(const Exploration& exploration, const Subject& subject, bool rates);

/// The steps of a sequence with what they gave, one a line.
std::string to_text(const Sequence& sequence, const model::Trace& trace);

}  // namespace nsvet::explore
