// What every format makes of real reports, byte by byte. NSVET_UPDATE_GOLDEN=1 writes the files
// anew: read their difference before committing it.
#include <gtest/gtest.h>

#include <cstdlib>

#include "compare/known_changes.h"
#include "model/json.h"
#include "model/schema.h"
#include "render/format.h"
#include "sys/file.h"

namespace nsvet::render {
namespace {

std::string golden(const std::string& name) { return std::string(NSVET_GOLDEN) + "/" + name; }

model::Report report(const std::string& name) {
  const auto path = golden(name);
  auto parsed = model::report_from_json(sys::read_file(path).value(), path);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed.value();
}

void expect_golden(const std::string& name, const std::string& text) {
  if (std::getenv("NSVET_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(sys::replace_file(golden(name), text));
  }
  EXPECT_EQ(text, sys::read_file(golden(name)).value_or("")) << name;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, ReportOfAHealthyKernel) {
  const std::vector reports{report("6.12.json")};
  expect_golden("report." + GetParam(), render(GetParam(), reports, {}));
}

TEST_P(Golden, ReportOfAKernelThatPanicked) {
  const std::vector reports{report("panic.json")};
  expect_golden("panic." + GetParam(), render(GetParam(), reports, {}));
}

TEST_P(Golden, Comparison) {
  const std::vector reports{report("6.12.json"), report("7.0.json")};
  const auto known =
      compare::known_changes_from(sys::read_file(golden("known-changes.toml")).value());
  ASSERT_TRUE(known) << known.error().message;
  const auto set = compare::compare_all(reports, 1, *known);
  ASSERT_TRUE(set) << set.error().message;
  expect_golden("comparison." + GetParam(), render(GetParam(), *set, {}));
}

INSTANTIATE_TEST_SUITE_P(Formats, Golden, testing::ValuesIn(format_names()),
                         [](const auto& format) { return format.param; });

// What is read and written again is the same file.
TEST(Report, SurvivesReadingAndWriting) {
  const auto text = sys::read_file(golden("panic.json")).value();
  EXPECT_EQ(model::to_json(report("panic.json")), text);
}

TEST(Comparison, MatchesItsSchema) {
  const model::Schema schema(sys::read_file(NSVET_COMPARISON_SCHEMA).value());
  const auto text = sys::read_file(golden("comparison.json")).value();
  EXPECT_EQ(schema.violation(text), "");
  EXPECT_NE(schema.violation(R"({"schema":"nsvet.comparison/1"})"), "");
}

}  // namespace
}  // namespace nsvet::render
