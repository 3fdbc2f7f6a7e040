// What changed in the layout of kernel structures: for information, never a finding.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/structure.h"

namespace nsvet::compare {

struct StructureChange {
  std::string name;
  std::optional<std::int64_t> before{};  ///< Bytes; none where the kernel lacks it.
  std::optional<std::int64_t> after{};
  // Members by name. One that changed its type or size is not counted as moved.
  std::vector<std::string> came{};
  std::vector<std::string> went{};
  std::vector<std::string> changed{};
  std::vector<std::string> moved{};

  std::int64_t growth() const { return after.value_or(0) - before.value_or(0); }
};

/// @return the structure that a namespace of the type is whose bytes memory/TYPE counts; nullptr
/// for other benchmarks, and where the kernel does not tell
const model::Structure* structure_behind(std::string_view benchmark,
                                         const std::vector<model::Structure>& all);

/// @return the structures that differ, by name
std::vector<StructureChange> structure_changes(const std::vector<model::Structure>& before,
                                               const std::vector<model::Structure>& after);

}  // namespace nsvet::compare
