// In which functions a cost has changed.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/profile.h"

namespace nsvet::compare {

struct FunctionChange {
  std::string_view name;    ///< Kept, as in the profiles.
  std::int64_t before = 0;  ///< Instructions of its own, without what it calls.
  std::int64_t after = 0;
  std::int64_t change() const { return after - before; }
  bool operator==(const FunctionChange&) const = default;
};

/// The name of the last change: that of all functions which are not listed.
inline constexpr const char* kOtherFunctions = "[others]";

/// A function that a side does not list although it lists not all counts there as its smallest one:
/// a change is understated, never made up.
/// @param most functions to list
/// @return the largest change first; together they are the difference of the figures
std::vector<FunctionChange> function_changes(const model::Profile& before,
                                             const model::Profile& after, std::size_t most);

}  // namespace nsvet::compare
