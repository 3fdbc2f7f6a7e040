// What a process inside namespaces pays for ordinary operations: one table of operations, one of
// places.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "measure/benchmark.h"

namespace nsvet::bench {

/// Prepared in the place where it is measured. Negative, with errno, when it fails.
using Call = std::function<long()>;

/// What makes the call possible, once; and what undoes one call, untimed.
struct Prepared {
  Call call;
  std::function<void()> undo{};
  bool leaves_work = false;  ///< To be waited for before the next call, as after an undo.
};

struct Operation {
  std::string name;
  std::string timed;
  std::string source;
  /// The types that it has to do with: it is measured in each of these alone as well.
  std::vector<model::NsType> types;
  /// @return the call; ENOSYS and EAFNOSUPPORT say that the kernel has none, others are errors
  sys::Result<Prepared> (*prepare)();
  bool deep = false;  ///< Also measured many PID and user namespaces down.
  /// A file that kernels without the feature lack; looked for outside.
  const char* needs = nullptr;
};

/// unshare(2): what an operation makes is never made in the namespace that we came from.
sys::Result<> own(std::uint64_t flag);

/// Registers inside/NAME/PLACE for every place that it is measured in.
bool register_operations(const std::vector<Operation>& operations);

}  // namespace nsvet::bench
