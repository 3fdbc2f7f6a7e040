// The page without its data: built from web/ by web/build.mjs, and compiled in.
#pragma once

#include <string_view>

namespace nsvet::render {

/// @return the HTML before the data and after it
std::string_view page_head();
std::string_view page_tail();

}  // namespace nsvet::render
