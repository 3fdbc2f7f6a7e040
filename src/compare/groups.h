// Findings put together so that one cause is told once.
#pragma once

#include <string>
#include <vector>

#include "compare/compare.h"

namespace nsvet::compare {

/// What a reader must act on first.
enum class Section {
  own,
  at_large,  ///< Unexpected, in calls that involve no namespace.
  expected,
};

struct Group {
  std::string title;   ///< What its findings have in common; empty for a single one.
  std::string source;  ///< Of a known change.
  Section section = Section::own;
  Finding::Effect effect = Finding::Effect::other;
  std::vector<Finding> findings;       ///< At least one.
  std::vector<std::string> followers;  ///< Costs that follow these.
};

/// @return by section, the worse before the better; the expected by their reason
std::vector<Group> grouped(const Comparison& comparison);

}  // namespace nsvet::compare
