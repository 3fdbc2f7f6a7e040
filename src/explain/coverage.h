// Which functions of the kernel's namespace code were reached.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "explain/symbols.h"

namespace nsvet::explain {

/// What of a kernel is namespace_code().
class NamespaceMap {
 public:
  explicit NamespaceMap(const Symbols& symbols);

  struct Row {
    std::string_view area;
    std::string_view function;
    std::uint64_t address = 0;  ///< Where the function begins.
  };
  /// @return null when the address lies in no function of it
  const Row* find(std::uint64_t address) const;
  /// By the addresses of the functions.
  const std::map<std::uint64_t, Row>& rows() const { return rows_; }

 private:
  const Symbols& symbols_;
  std::map<std::uint64_t, Row> rows_;
};

/// The functions of namespace_code() that a kernel has, with by what each was reached.
struct Coverage {
  std::string kernel;             ///< uname -r
  std::vector<std::string> runs;  ///< "checks", "exploration"
  /// By area and function: the runs that reached it. Functions that were inlined are not there.
  std::map<std::string, std::map<std::string, std::set<std::string>>> areas;
  /// By run: the translated blocks of these functions that it reached.
  std::map<std::string, std::set<std::uint64_t>> blocks{};
};

/// @param words what the plugin has written: a count, and so many addresses; not trusted
void add_run(Coverage& coverage, const std::string& run, const std::vector<std::uint64_t>& words,
             const Symbols& symbols);

/// What the plugin has written with marks, apart: the addresses behind each mark.
std::vector<std::vector<std::uint64_t>> between_marks(const std::vector<std::uint64_t>& words);

/// A table by area, and the functions that nothing has reached.
std::string coverage_text(const Coverage& coverage);
std::string coverage_json(const std::vector<Coverage>& all);

}  // namespace nsvet::explain
