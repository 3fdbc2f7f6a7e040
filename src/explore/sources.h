// The sources of the operations, of which reproducers are made, the schema and the corpus: compiled
// in.
#pragma once

#include <string_view>

namespace nsvet::explore {

/// @param name "core.c", "ops_mnt.c"...
std::string_view source_text(std::string_view name);

}  // namespace nsvet::explore
