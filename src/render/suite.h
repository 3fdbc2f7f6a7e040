// Reports and comparisons as suites of test cases: what KTAP and JUnit have in common.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compare/compare.h"
#include "model/report.h"

namespace nsvet::render {

struct TestCase {
  std::string id;
  model::Outcome outcome = model::Outcome::pass;
  std::string message{};               ///< Why it is no pass; one line.
  std::vector<std::string> details{};  ///< Evidence and figures, a line each.
  double seconds = 0;
};

struct Suite {
  std::string name;
  std::string date{};  ///< RFC 3339; empty when unknown.
  std::vector<std::pair<std::string, std::string>> properties{};
  std::vector<TestCase> cases{};
  std::size_t count(model::Outcome outcome) const;
};

/// Each check is a case, and each benchmark; what the kernel said and left behind are failures.
Suite suite_of(const model::Report& report);

/// Each finding and each cost is a case. Unexpected ones fail; what cannot be told is skipped.
Suite suite_of(const compare::Comparison& comparison);

}  // namespace nsvet::render
