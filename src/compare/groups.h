// Findings put together so that one cause is told once.
#pragma once

#include <string>
#include <vector>

#include "compare/compare.h"

namespace nsvet::compare {

struct Group {
  std::string title;   ///< What its findings have in common; empty for a single one.
  std::string source;  ///< Of a known change.
  bool expected = false;
  Finding::Effect effect = Finding::Effect::other;
  std::vector<Finding> findings;  ///< At least one.
};

/// @return unexpected groups first, the worse before the better; the expected last, by their reason
std::vector<Group> grouped(const Comparison& comparison);

}  // namespace nsvet::compare
