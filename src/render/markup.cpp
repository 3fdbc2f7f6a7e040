#include "render/markup.h"

#include "render/words.h"

namespace nsvet::render {

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    for (const char c : printable(text.substr(0, end))) {
      switch (c) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '"':
          out += "&quot;";
          break;
        case '\'':
          out += "&#39;";
          break;
        default:
          out += c;
      }
    }
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace nsvet::render
