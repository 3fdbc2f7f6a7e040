#include "render/ktap.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsvet::render {
namespace {

using model::Outcome;

// '#' begins the directive, so that a description has none.
std::string description(std::string text) {
  std::ranges::replace(text, '#', ' ');
  return text;
}

std::string result_line(std::size_t number, const TestCase& test) {
  const bool ok = test.outcome == Outcome::pass || test.outcome == Outcome::skip;
  std::string line = fmt::format("{} {} {}", ok ? "ok" : "not ok", number, description(test.id));
  if (test.outcome == Outcome::skip) line += " # SKIP " + test.message;
  if (test.outcome == Outcome::error) line += " # ERROR " + test.message;
  return line;
}

}  // namespace

std::string ktap(std::span<const Suite> suites) {
  std::string out = fmt::format("KTAP version 1\n1..{}\n", suites.size());
  for (std::size_t i = 0; i < suites.size(); ++i) {
    const Suite& suite = suites[i];
    out += fmt::format("  KTAP version 1\n  # Subtest: {}\n  1..{}{}\n", description(suite.name),
                       suite.cases.size(), suite.cases.empty() ? " # SKIP nothing was run" : "");
    for (std::size_t n = 0; n < suite.cases.size(); ++n) {
      const TestCase& test = suite.cases[n];
      if (test.outcome == Outcome::fail) out += fmt::format("  # {}\n", test.message);
      for (const auto& line : test.details) out += fmt::format("  # {}\n", line);
      out += fmt::format("  {}\n", result_line(n + 1, test));
    }
    const bool ok = suite.count(Outcome::fail) + suite.count(Outcome::error) == 0;
    out += fmt::format("{} {} {}{}\n", ok ? "ok" : "not ok", i + 1, description(suite.name),
                       suite.cases.empty() ? " # SKIP nothing was run" : "");
  }
  return out;
}

}  // namespace nsvet::render
