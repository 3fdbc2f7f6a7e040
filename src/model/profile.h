// In which functions the instructions of a benchmark's call were executed, as a report keeps it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nsvet::model {

/// Keeps one copy of each name for as long as the program runs: a thousand reports name the same
/// functions in each of their benchmarks.
std::string_view kept_name(std::string_view name);

struct FunctionShare {
  std::string_view name;          ///< Kept; in brackets what is no function of the kernel.
  std::int64_t instructions = 0;  ///< Its own, without what it calls.
  bool operator==(const FunctionShare&) const = default;
};

struct ProfileCall {
  std::string_view name;          ///< Kept.
  int depth = 0;                  ///< Of its callers; the first is 0.
  std::int64_t instructions = 0;  ///< With what it calls.
  bool operator==(const ProfileCall&) const = default;
};

struct Profile {
  std::int64_t figure = 0;                 ///< Instructions of the call that is explained.
  std::vector<FunctionShare> functions{};  ///< Largest first.
  std::int64_t rest = 0;                   ///< Of the functions that are not listed.
  /// Callers first, each followed by what it calls; what costs little is left out.
  std::vector<ProfileCall> calls{};
  bool operator==(const Profile&) const = default;
};

}  // namespace nsvet::model
