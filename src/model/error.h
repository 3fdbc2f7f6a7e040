// Errors that a person must read: one line that says what is wrong, where, and what to do.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace nsvet::model {

struct Error {
  enum class Kind {
    bad_input,   ///< The call or a file is wrong: exit code 2.
    cannot_run,  ///< The call is right, but this machine cannot do it: exit code 3.
  };
  Kind kind = Kind::bad_input;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> bad_input(std::string message) {
  return tl::unexpected(Error{Error::Kind::bad_input, std::move(message)});
}

inline tl::unexpected<Error> cannot_run(std::string message) {
  return tl::unexpected(Error{Error::Kind::cannot_run, std::move(message)});
}

}  // namespace nsvet::model
