// Grows a corpus: sequences that reach what none before them has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "explore/corpus.h"
#include "model/error.h"

namespace nsvet::cli {

struct GrowOptions {
  std::string file;  ///< Where the corpus is; what is in it already counts.
  std::vector<std::string> kernels;
  std::vector<std::string> focus;
  std::vector<std::string> append;
  std::uint64_t seed = 1;
  int sequences = 1000;
};

/// The file is written after each batch: what was found is kept when it is stopped.
model::Result<void> grow_corpus(const GrowOptions& options);

}  // namespace nsvet::cli
