#include "render/junit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "render/markup.h"

namespace nsvet::render {
namespace {

using model::Outcome;

std::string case_lines(const Suite& suite, const TestCase& test) {
  std::string out = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"",
                                escaped(suite.name), escaped(test.id), test.seconds);
  const std::string details = escaped(fmt::format("{}", fmt::join(test.details, "\n")));
  if (test.outcome == Outcome::pass) {
    return out + (details.empty()
                      ? std::string("/>\n")
                      : ">\n      <system-out>" + details + "</system-out>\n    </testcase>\n");
  }
  const char* element = test.outcome == Outcome::fail
                            ? "failure"
                            : (test.outcome == Outcome::error ? "error" : "skipped");
  out += fmt::format(">\n      <{} message=\"{}\"", element, escaped(test.message));
  out += details.empty() ? std::string("/>") : fmt::format(">{}</{}>", details, element);
  return out + "\n    </testcase>\n";
}

}  // namespace

std::string junit(std::span<const Suite> suites) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& suite : suites) {
    double seconds = 0;
    for (const auto& test : suite.cases) seconds += test.seconds;
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
        "time=\"{:.6f}\"",
        escaped(suite.name), suite.cases.size(), suite.count(Outcome::fail),
        suite.count(Outcome::error), suite.count(Outcome::skip), seconds);
    if (!suite.date.empty()) out += fmt::format(" timestamp=\"{}\"", escaped(suite.date));
    out += ">\n    <properties>\n";
    for (const auto& [name, value] : suite.properties) {
      out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", escaped(name),
                         escaped(value));
    }
    out += "    </properties>\n";
    for (const auto& test : suite.cases) out += case_lines(suite, test);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace nsvet::render
