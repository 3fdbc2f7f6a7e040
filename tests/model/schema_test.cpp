#include "model/schema.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

namespace nsvet::model {
namespace {

struct Rule {
  std::string_view says, schema, kept, broken;
};

// Every keyword that a schema of ours goes by: one that the library did not know would let all
// pass.
TEST(Schema, EnforcesEveryKeywordOfOurs) {
  constexpr Rule kRules[] = {
      {"type", R"({"type":"integer"})", "1", "1.5"},
      {"type", R"({"type":"integer"})", "-9223372036854775808", "18446744073709551616"},
      {"type", R"({"type":["boolean","string"]})", "\"x\"", "1"},
      {"enum", R"({"enum":["a","b"]})", "\"b\"", "\"c\""},
      {"minimum", R"({"type":"integer","minimum":0})", "0", "-1"},
      {"maximum", R"({"type":"integer","maximum":9007199254740991})", "9007199254740991",
       "9007199254740992"},
      {"minLength", R"({"type":"string","minLength":1})", "\"x\"", "\"\""},
      {"maxLength", R"({"type":"string","maxLength":2})", "\"xy\"", "\"xyz\""},
      {"pattern", R"({"type":"string","pattern":"^[A-Za-z0-9_.:/+-]+$"})", R"("unshare/pid-1")",
       R"("unshare pid")"},
      {"pattern", R"({"type":"string","pattern":"^[0-9]{1,7}/[0-9]{1,7}$"})", "\"1/8\"", "\"1/x\""},
      {"lacks", R"({"type":"object","required":["a"]})", R"({"a":1})", R"({"b":1})"},
      {"minItems", R"({"type":"array","minItems":2})", "[1,2]", "[1]"},
      {"maxItems", R"({"type":"array","maxItems":2})", "[1,2]", "[1,2,3]"},
      {"type", R"({"type":"array","items":{"type":"integer"}})", "[1,2]", R"([1,"2"])"},
      {"type", R"({"items":[{"type":"integer"},{"type":"string"}]})", R"([1,"2"])", "[1,2]"},
      {"type", R"({"properties":{"a":{"type":"integer"}}})", R"({"a":1})", R"({"a":"1"})"},
      {"type", R"({"additionalProperties":{"type":"string"}})", R"({"a":"1"})", R"({"a":1})"},
      {"additionalProperties", R"({"properties":{"a":{}},"additionalProperties":false})",
       R"({"a":1})", R"({"b":1})"},
      {"type",
       R"({"definitions":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/definitions/n"}}})",
       R"({"a":1})", R"({"a":"1"})"},
      {"oneOf", R"({"oneOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1})",
       R"({"a":1,"b":1})"},
  };
  for (const Rule& rule : kRules) {
    const Schema schema(rule.schema);
    EXPECT_EQ(schema.violation(rule.kept), "") << rule.schema;
    EXPECT_THAT(schema.violation(rule.broken), testing::HasSubstr(rule.says)) << rule.schema;
  }
}

// What names members of a document, and what constrains nothing.
bool names_members(const std::string& key) { return key == "properties" || key == "definitions"; }
bool says_nothing(const std::string& key) {
  return key == "$schema" || key == "title" || key == "description";
}

void gather(const nlohmann::json& schema, std::set<std::string>& keywords) {
  if (schema.is_array()) {
    for (const auto& each : schema) gather(each, keywords);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.items()) {
    if (names_members(key)) {
      for (const auto& member : value) gather(member, keywords);
    } else if (!says_nothing(key)) {
      keywords.insert(key);
      gather(value, keywords);
    }
  }
}

// A keyword of a later draft would be ignored: those of the test above are all.
TEST(Schema, OursGoByThoseKeywordsOnly) {
  std::set<std::string> keywords;
  int schemas = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(NSVET_SOURCES)) {
    if (!file.path().string().ends_with(".schema.json")) continue;
    std::ifstream text(file.path());
    gather(nlohmann::json::parse(text), keywords);
    ++schemas;
  }
  EXPECT_GE(schemas, 4);
  const std::set<std::string> enforced{"$ref",      "additionalProperties",
                                       "enum",      "items",
                                       "maxItems",  "maxLength",
                                       "maximum",   "minItems",
                                       "minLength", "minimum",
                                       "oneOf",     "pattern",
                                       "required",  "type"};
  for (const auto& keyword : keywords) EXPECT_TRUE(enforced.contains(keyword)) << keyword;
}

TEST(Schema, SaysWhere) {
  const Schema schema(R"({"properties":{"a":{"items":{"minimum":0}}}})");
  EXPECT_EQ(schema.violation(R"({"a":[1,-1]})"), "at /a/1: breaks its schema's \"minimum\"");
  const Schema needs(R"({"items":{"required":["a","b"]}})");
  EXPECT_EQ(needs.violation(R"([{"a":1,"b":1},{"a":1}])"), "at /1: lacks \"b\"");
  EXPECT_EQ(Schema(R"({"required":["a"]})").violation("{}"), "at the top: lacks \"a\"");
}

TEST(Schema, SaysWhatIsNoJson) { EXPECT_NE(Schema("{}").violation("{\"a\":"), ""); }

}  // namespace
}  // namespace nsvet::model
