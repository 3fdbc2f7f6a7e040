// Errors of system calls as values: the errno and the call, as a line of strace would show it.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace nsvet::sys {

/// Trivially copyable, so that a child process can hand its error to its parent as it is.
struct Error {
  int number = 0;  ///< errno
  std::array<char, 124> call{};

  std::string_view what() const { return call.data(); }
};

template <class T = void>
using Result = tl::expected<T, Error>;

/// @return the error with this number and the call as text (cut when too long)
template <class... Args>
tl::unexpected<Error> error(int number, fmt::format_string<Args...> call, Args&&... args) {
  Error e{.number = number};
  *fmt::format_to_n(e.call.data(), e.call.size() - 1, call, std::forward<Args>(args)...).out = '\0';
  return tl::unexpected(e);
}

/// @return the error that errno holds now
template <class... Args>
tl::unexpected<Error> last_error(fmt::format_string<Args...> call, Args&&... args) {
  return error(errno, call, std::forward<Args>(args)...);
}

/// @return "EPERM", or "0" for no error, or "errno 4711" for an unknown one
std::string errno_name(int number);

/// @return "unshare(CLONE_NEWUTS): EPERM"
std::string to_string(const Error& e);

/// @return the errno's name of a failed result, "success" otherwise: what checks compare
template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "success" : errno_name(result.error().number);
}

}  // namespace nsvet::sys
