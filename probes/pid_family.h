// Four processes from which a PID looks different.
#pragma once

#include "probe/check.h"

namespace nsvet::probe {

struct Family {
  Actor outer;    ///< PID 1 of a namespace; the numbers 2 to 4 in it are those that follow.
  Actor init;     ///< PID 1 of a nested namespace.
  Actor member;   ///< PID 2 in that.
  Actor sibling;  ///< PID 1 of another nested namespace.
};

/// @param flags new namespaces that all of them share
Family make_family(const Check& t, std::uint64_t flags = 0);

}  // namespace nsvet::probe
