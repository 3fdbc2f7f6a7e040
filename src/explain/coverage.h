// Which functions of the kernel's namespace code were reached.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "explain/symbols.h"

namespace nsvet::explain {

/// The functions of namespace_code() that a kernel has, with by what each was reached.
struct Coverage {
  std::string kernel;             ///< uname -r
  std::vector<std::string> runs;  ///< "checks", "exploration"
  /// By area and function: the runs that reached it. Functions that were inlined are not there.
  std::map<std::string, std::map<std::string, std::set<std::string>>> areas;
};

/// @param words what the plugin has written: a count, and so many addresses; not trusted
void add_run(Coverage& coverage, const std::string& run, const std::vector<std::uint64_t>& words,
             const Symbols& symbols);

/// A table by area, and the functions that nothing has reached.
std::string coverage_text(const Coverage& coverage);
std::string coverage_json(const std::vector<Coverage>& all);

}  // namespace nsvet::explain
