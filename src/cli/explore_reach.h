// Runs sequences in guests of one kernel, and tells what of its namespace code each reached.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/coverage_memory.h"
#include "cli/explore_guest.h"
#include "explain/symbols.h"
#include "explore/corpus.h"

namespace nsvet::cli {

class ReachGuest {
 public:
  static model::Result<ReachGuest> create(const std::string& kernel,
                                          const ExploreGuest::Options& options);

  /// Live progress on stderr.
  /// @param disturbance see ExploreGuest::run(); an even one, so that all is where it was
  model::Result<std::map<std::string, explore::Reach>> run(
      const std::vector<explore::Sequence>& sequences, int disturbance,
      explore::Features& features) const;

 private:
  ReachGuest(ExploreGuest guest, CoverageMemory memory, explain::Symbols symbols)
      : guest_(std::move(guest)), memory_(std::move(memory)), symbols_(std::move(symbols)) {}
  ExploreGuest guest_;
  CoverageMemory memory_;
  explain::Symbols symbols_;
};

}  // namespace nsvet::cli
