// Kernel structures and what changed in them, as text.
#pragma once

#include <string>
#include <vector>

#include "compare/structures.h"
#include "model/structure.h"

namespace nsvet::render {

/// @return each structure with a line for each member: offset, size, type, name
std::string structures_text(const std::vector<model::Structure>& structures);

/// @return the array of a report's "structures", ending in a newline
std::string structures_json(const std::vector<model::Structure>& structures);

/// @return "5 056 -> 5 184  +128", in bytes; "absent" on the side that lacks it
std::string size_change_of(const compare::StructureChange& change);

/// @return "came: a, b; went: c; changed: d; moved: 3"; empty where no member differs
std::string member_changes_of(const compare::StructureChange& change);

/// @return each structure on two lines at most of `width`: its size, and what became of its members
std::string structure_changes_text(const std::vector<compare::StructureChange>& changes, int width);

}  // namespace nsvet::render
