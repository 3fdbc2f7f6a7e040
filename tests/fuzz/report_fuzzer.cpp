// Reports come from strangers: whatever a file holds, reading it ends in a report or in an error,
// and what was read can be written, read again and compared. Built with libFuzzer, see
// scripts/fuzz.
#include <cstdlib>
#include <string>
#include <vector>

#include "compare/groups.h"
#include "compare/match.h"
#include "model/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nsvet;
  const auto report =
      model::report_from_json(std::string(reinterpret_cast<const char*>(data), size), "first");
  if (!report) return 0;
  const auto again = model::report_from_json(model::to_json(*report), "again");
  if (!again) std::abort();
  const std::vector both{*report, *again};
  const auto set = compare::compare_all(both, 1, {});
  if (!set) return 0;
  for (const auto& comparison : set->comparisons) {
    for (const auto& finding : comparison.findings) {
      // How a run ended, and what the kernel said, is told of the new side alone.
      using Kind = compare::Finding::Kind;
      if (finding.kind == Kind::cost || finding.kind == Kind::fact || finding.kind == Kind::limit) {
        std::abort();
      }
    }
    (void)compare::grouped(comparison);
  }
  return 0;
}
