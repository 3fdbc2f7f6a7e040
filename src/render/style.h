// How a text is laid out.
#pragma once

namespace nsvet::render {

struct Style {
  int width = 80;       ///< Columns of the terminal.
  bool colour = false;  ///< Escapes for colours: only for a terminal.
};

}  // namespace nsvet::render
