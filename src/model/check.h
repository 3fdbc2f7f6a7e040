// What a check is, and what it yields.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/ns_type.h"

namespace nsvet::model {

enum class Outcome {
  pass,   ///< The kernel keeps the rule.
  fail,   ///< The kernel breaks the rule.
  skip,   ///< The kernel, its configuration or our privilege lacks what the check needs.
  error,  ///< The check itself could not do its work.
};

inline constexpr std::string_view kOutcomeNames[] = {"pass", "fail", "skip", "error"};
constexpr std::string_view to_string(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

/// The reason of a skip when a device type is not in the kernel itself, and no module brought it.
inline constexpr std::string_view kNoModule =
    "this kernel has no such device type, or cannot load its module here";

/// A named value worth comparing across kernels.
using Fact = std::variant<bool, std::int64_t, std::string>;
using Facts = std::map<std::string, Fact>;

/// One comparison that a check made.
struct Evidence {
  std::string what;
  std::string expected;
  std::string observed;
  bool holds = true;
  bool operator==(const Evidence&) const = default;
};

struct CheckResult {
  std::string id;
  Outcome outcome = Outcome::error;
  std::string reason;  ///< One line; empty for a pass.
  std::vector<Evidence> evidence;
  Facts facts;
  std::int64_t duration_ns = 0;  ///< On the clock of the kernel under test.
  bool operator==(const CheckResult&) const = default;
};

/// The metadata of a check or of a benchmark, as its program lists it.
struct Listing {
  enum class Kind { check, benchmark };
  Kind kind = Kind::check;
  std::string id;
  std::string title;
  std::string rule;                ///< The documented rule; for a benchmark, what is timed.
  std::string source;              ///< Man page and section, or kernel commit.
  std::vector<std::string> types;  ///< Names of the namespace types that it needs.
  std::vector<std::string> needs;  ///< Other needs, by name.
  std::string since;               ///< First kernel that has what it is about; empty: any.
  bool full = false;               ///< A benchmark that only --profile full takes.
  bool operator==(const Listing&) const = default;
};

}  // namespace nsvet::model
