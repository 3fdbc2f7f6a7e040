// An exploration of two kernels: what differs, each difference small and seen alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "explore/difference.h"
#include "explore/sequence.h"
#include "model/error.h"

namespace nsvet::explore {

/// What running sequences on both kernels gave.
struct Both {
  Traces base;
  Traces now;
};

/// Runs the sequences in a fresh boot of each kernel.
/// @param disturbance boots that differ in it differ in seed, layout and command line
using RunBoth = std::function<model::Result<Both>(const std::vector<Sequence>&, int disturbance)>;

struct Finding {
  Sequence sequence;  ///< As small as it could be made.
  std::string subject;
  std::string symptom;
  model::Trace base;
  model::Trace now;
  int seen = 0;       ///< In how many of the drawn sequences.
  std::string known;  ///< The known change that explains it; empty: unexpected.
};

/// How often an operation was tried and succeeded.
struct Rate {
  int tried = 0;
  int base = 0;
  int now = 0;
};

struct Exploration {
  std::size_t sequences = 0;  ///< That both kernels ran.
  std::size_t different = 0;
  std::size_t again = 0;  ///< Of these, that were run again without what a known change explains.
  std::size_t unrepeated = 0;  ///< Findings that did not come again alone: dropped.
  std::vector<Finding> findings;
  std::map<std::string, Rate> rates;
};

/// @return the known change that explains a subject, or ""
using Explain = std::function<std::string(const std::string& subject)>;
using Progress = std::function<void(const std::string& line)>;

/// Findings of one cause show by one symptom and the same calls, however many sequences lead there.
std::string cause(const Finding& finding);

/// @return whether a known change explains all findings
bool all_expected(const Exploration& exploration);

model::Result<Exploration> explore(const std::vector<Sequence>& sequences, const RunBoth& run,
                                   const Explain& explain, const Progress& progress);

}  // namespace nsvet::explore
