// Makes a sequence smaller while its difference stays: many candidates at a time, because a boot
// costs more than a hundred sequences.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explore/difference.h"

namespace nsvet::explore {

/// The sequence without the steps from `begin` to before `end`.
Sequence without(const Sequence& from, std::size_t begin, std::size_t end);

class Shrinker {
 public:
  /// @param sequence differs by `difference`; what comes behind that is cut off at once
  Shrinker(Sequence sequence, const Difference& difference);

  /// What to run next, on both kernels; empty when it cannot be made smaller.
  std::vector<Sequence> candidates() const;

  /// Takes what candidates() gave on both kernels, and keeps the best one with the same symptom.
  void take(const Traces& base, const Traces& now);

  const Sequence& sequence() const { return sequence_; }
  const std::string& symptom() const { return symptom_; }

 private:
  enum class Phase { steps, arguments, done };
  std::vector<Sequence> smaller() const;
  std::vector<Sequence> simpler() const;
  Sequence all_removed(const std::vector<Sequence>& good) const;
  Sequence all_simplified(const std::vector<Sequence>& good) const;
  void next_phase();
  void skip_empty_phases();

  Sequence sequence_;
  std::string symptom_;
  Phase phase_ = Phase::steps;
  std::optional<Sequence> merged_;  ///< All at once of what succeeded one by one.
};

}  // namespace nsvet::explore
