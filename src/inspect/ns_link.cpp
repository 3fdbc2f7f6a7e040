#include "inspect/ns_link.h"

#include <charconv>

namespace nsvet::inspect {

std::optional<NsName> parse_ns_link(std::string_view text) {
  const auto colon = text.find(":[");
  if (colon == text.npos || !text.ends_with(']')) return std::nullopt;
  const auto type = model::ns_type_from_name(text.substr(0, colon));
  if (!type) return std::nullopt;
  NsName name{*type, 0};
  const auto* end = text.data() + text.size() - 1;
  const auto read = std::from_chars(text.data() + colon + 2, end, name.inode);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return name;
}

}  // namespace nsvet::inspect
