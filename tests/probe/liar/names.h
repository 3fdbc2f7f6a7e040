// Names for the kernel's numbers: system calls, errnos, signals and flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nsvet::liar {

/// @param name as in syscalls(2), or "#470" for one that has no name here
std::optional<int> call_number(std::string_view name);
/// @return "#470" for one that has no name here
std::string call_name(int number);

/// A number in any base, an errno, a signal, a CLONE_NEW* or MS_* flag, each also negated by ~, or
/// several joined by |.
std::optional<std::int64_t> constant(std::string_view text);

}  // namespace nsvet::liar
