// Text in markup. What reports hold is not trusted.
#pragma once

#include <string>
#include <string_view>

namespace nsvet::render {

/// @return the text for an element or an attribute of HTML or XML; line feeds stay, other controls
///   go, what is no UTF-8 goes
std::string escaped(std::string_view text);

}  // namespace nsvet::render
