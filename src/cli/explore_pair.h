// Two kernels that run the same sequences, each in guests of its own.
#pragma once

#include <sys/mman.h>

#include <chrono>
#include <optional>

#include "cli/explore_guest.h"
#include "explore/session.h"
#include "sys/fd.h"

namespace nsvet::cli {

class ExplorePair {
 public:
  struct Options {
    std::optional<std::chrono::seconds> time;  ///< For the first run, which is what was drawn.
    bool side_by_side = true;
  };
  ExplorePair(ExploreGuest base, ExploreGuest now, Options options)
      : base_(std::move(base)), now_(std::move(now)), options_(options) {}

  /// @param disturbance see ExploreGuest::run(); a kernel against itself differs in it, too
  model::Result<explore::Both> run(const std::vector<explore::Sequence>& sequences,
                                   int disturbance);

  const ExploreGuest& base() const { return base_; }
  const ExploreGuest& now() const { return now_; }

 private:
  ExploreGuest base_;
  ExploreGuest now_;
  Options options_;
  sys::Fd memory_{::memfd_create("traces", MFD_CLOEXEC)};
};

}  // namespace nsvet::cli
