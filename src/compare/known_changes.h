// Changes between kernels that are documented, as data: known-changes.toml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/error.h"

namespace nsvet::compare {

struct KnownChange {
  std::string since;      ///< The first kernel with it, as "6.14".
  std::string affects;    ///< A glob over "bench:ID", "check:ID", "fact:ID.NAME".
  std::string direction;  ///< "up", "down" or "any".
  std::string why;
  std::string source;
};

/// The data that is compiled in.
model::Result<std::vector<KnownChange>> known_changes();

/// @return the change that explains `subject` between the two releases; nullptr when none does
/// @param direction of what was seen: positive up, negative down, 0 neither
const KnownChange* explain(const std::vector<KnownChange>& changes, std::string_view subject,
                           int direction, std::string_view from_release,
                           std::string_view to_release);

}  // namespace nsvet::compare
