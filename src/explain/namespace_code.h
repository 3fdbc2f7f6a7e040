// Which functions of the kernel are its namespace code.
#pragma once

#include <span>
#include <string_view>

namespace nsvet::explain {

/// Functions that belong together: about those of one source file.
struct Area {
  std::string_view name;     ///< "pid"
  std::string_view sources;  ///< Where they stand in Linux.
  std::span<const std::string_view> globs;
};

/// Names are of Linux 5.10 to 7.3: not every kernel has all.
std::span<const Area> namespace_code();

}  // namespace nsvet::explain
