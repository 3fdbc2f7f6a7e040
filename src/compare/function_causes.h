// Known changes of kernel functions behind a cost: "function:NAME" in known-changes.toml.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compare/known_changes.h"
#include "model/profile.h"

namespace nsvet::compare {

struct FunctionCause {
  const KnownChange* change = nullptr;
  std::int64_t instructions = 0;              ///< What the functions that it names cost more,
  std::vector<std::string_view> functions{};  ///< and which of them that are.
};

/// The name of all functions that known changes explain.
inline constexpr const char* kKnownFunctions = "[known changes]";

/// @return which known changes explain functions whose own cost differs; the largest first
std::vector<FunctionCause> function_causes(const model::Profile& before,
                                           const model::Profile& after, const Crossed& crossed);

/// @return the profile with the functions that these causes explain as one
model::Profile fold(model::Profile profile, const std::vector<FunctionCause>& causes);

}  // namespace nsvet::compare
