// A sequence of operations: what is run on two kernels.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "explore/guest/table.h"
#include "model/error.h"

namespace nsvet::explore {

inline constexpr int kParams = 4;

struct Step {
  int actor = 0;
  const op* operation = nullptr;
  std::array<int, kParams> words{};  ///< Of each parameter: the index in its domain.
  bool operator==(const Step&) const = default;
};

struct Sequence {
  std::string id;     ///< "SEED.NUMBER", or what made it.
  bool user = false;  ///< In a user namespace, see run_steps().
  std::vector<Step> steps;
  bool operator==(const Sequence&) const = default;
};

/// Every operation of the table, in its order.
const std::vector<const op*>& operations();
int param_count(const op& operation);
const word& word_of(const Step& step, int param);

/// "1 sethostname alpha"
std::string to_text(const Step& step);
/// A line "sequence ID root|user", and one for each step.
std::string to_text(const Sequence& sequence);
/// Reads what to_text() wrote; empty lines and such that begin with '#' are skipped.
/// @return bad_input that names the line when an operation or a word is unknown
model::Result<std::vector<Sequence>> sequences_from_text(std::string_view text,
                                                         std::string_view name);

/// The steps as the runner takes them; they refer to the table only.
std::vector<step> runnable(const Sequence& sequence);

}  // namespace nsvet::explore
