// How a check ends before its last line. Checks are the one place where we throw: a check is a
// straight story, and an error value at every step would hide it.
#pragma once

#include <string>
#include <utility>

#include "model/check.h"
#include "sys/error.h"

namespace nsvet::probe {

struct Abort {
  model::Outcome outcome;
  std::string reason;
};

/// Unwraps what the check must be able to do before it can ask its question.
/// A failure is an `error`: it says nothing about the rule.
template <class T>
T setup(sys::Result<T> result) {
  if (!result) throw Abort{model::Outcome::error, "cannot prepare: " + to_string(result.error())};
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Unwraps what the kernel must do by the rule. A failure is a `fail`.
template <class T>
T require(sys::Result<T> result) {
  if (!result) {
    throw Abort{model::Outcome::fail, "expected success, but " + to_string(result.error())};
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace nsvet::probe
