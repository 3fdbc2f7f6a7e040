// The layout of a kernel structure, as its debugging information (BTF) tells it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nsvet::model {

struct StructureMember {
  /// Anonymous structures are flattened: "<union>.fs_pin", "stash.next".
  std::string path;
  std::string type;         ///< In C.
  std::int64_t offset = 0;  ///< Bits.
  std::int64_t size = 0;    ///< Bits; 0 for a flexible array.
  bool operator==(const StructureMember&) const = default;

  /// @return the path as C code names it, whatever anonymous structure the member lies in
  std::string name() const {
    std::string kept;
    for (std::string_view rest = path; !rest.empty();) {
      const auto part = rest.substr(0, std::min(rest.find('.'), rest.size() - 1) + 1);
      if (!part.starts_with('<')) kept += part;
      rest.remove_prefix(part.size());
    }
    return kept;
  }
};

struct Structure {
  std::string name;                        ///< Without "struct".
  std::int64_t size = 0;                   ///< Bytes.
  bool whole = true;                       ///< Else only the members that lead to namespaces.
  std::vector<StructureMember> members{};  ///< In the order of the declaration.
  bool operator==(const Structure&) const = default;
};

}  // namespace nsvet::model
