// The sequences that others are mutations of: together they reach all that any has reached.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "explore/generate.h"
#include "explore/sequence.h"
#include "model/error.h"
#include "model/event.h"

namespace nsvet::explore {

/// The one of the repository, corpus.seq.
const std::vector<Sequence>& corpus();

/// What a sequence reached: numbers, see Features.
using Reach = std::set<std::uint32_t>;

/// Numbers what can be reached: places in a kernel's code, answers of operations.
class Features {
 public:
  std::uint32_t number(const std::string& feature);
  std::size_t count() const { return numbers_.size(); }

 private:
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
};

/// "uname EPERM": each operation with the errnos in its answer, or with "0" when it succeeded.
std::set<std::string> outcomes(const Sequence& sequence, const model::Trace& trace);

struct Entry {
  Sequence sequence;
  Reach reach;
};

/// The fewest that still reach all, as good as a greedy choice finds them: each of what is left the
/// one that adds most, of such the shortest.
std::vector<Entry> minimised(const std::vector<Entry>& entries);

/// Runs sequences, which are told apart by their ids.
/// @param disturbance boots that differ in it differ in seed, layout and command line
using RunReach = std::function<model::Result<std::map<std::string, Reach>>(
    const std::vector<Sequence>&, int disturbance)>;

/// Keeps a sequence that reaches what none before it has. What it reached must come again in
/// another boot, in other company: the end of a namespace, or an interrupt, may fall into any
/// sequence.
class Growth {
 public:
  explicit Growth(const RunReach& run) : run_(run) {}

  /// @return how many were kept
  model::Result<std::size_t> consider(const std::vector<Sequence>& batch);

  const std::vector<Entry>& entries() const { return entries_; }
  const Reach& reached() const { return reached_; }

 private:
  const RunReach& run_;
  std::vector<Entry> entries_;
  Reach reached_;
};

}  // namespace nsvet::explore
