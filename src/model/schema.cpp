#include "model/schema.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

namespace nsvet::model {
namespace {

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag;  // No recursion.

rapidjson::Document parse(std::string_view text) {
  rapidjson::Document document;
  document.Parse<kFlags>(text.data(), text.size());
  return document;
}

std::string text_of(const rapidjson::Pointer& pointer) {
  rapidjson::StringBuffer text;
  pointer.Stringify(text);
  return text.GetSize() == 0 ? "the top" : text.GetString();
}

// The first member that is required there and is not there.
std::string missing(const rapidjson::Value* object, const rapidjson::Value* rules) {
  if (object == nullptr || rules == nullptr) return {};
  for (const auto& name : (*rules)["required"].GetArray()) {
    if (!object->HasMember(name)) return name.GetString();
  }
  return {};
}

}  // namespace

struct Schema::Parsed {
  explicit Parsed(std::string_view text) : document(parse(text)), schema(document) {}
  rapidjson::Document document;
  rapidjson::SchemaDocument schema;
};

Schema::Schema(std::string_view text) : parsed_(std::make_unique<Parsed>(text)) {}

Schema::~Schema() = default;

// The text streams past the rules: no second document is built, but to tell what it lacks.
std::string Schema::violation(std::string_view document) const {
  rapidjson::SchemaValidator validator(parsed_->schema);
  rapidjson::MemoryStream stream(document.data(), document.size());
  rapidjson::Reader reader;
  const auto parsed = reader.Parse<kFlags>(stream, validator);
  if (validator.IsValid()) {
    return parsed.IsError() ? rapidjson::GetParseError_En(parsed.Code()) : std::string();
  }
  const auto place = validator.GetInvalidDocumentPointer();
  const std::string_view keyword = validator.GetInvalidSchemaKeyword();
  if (keyword == "required") {
    const auto whole = parse(document);
    const auto rules = validator.GetInvalidSchemaPointer();
    return fmt::format("at {:.200}: lacks \"{:.200}\"", text_of(place),
                       missing(place.Get(whole), rules.Get(parsed_->document)));
  }
  return fmt::format("at {:.200}: breaks its schema's \"{}\"", text_of(place), keyword);
}

}  // namespace nsvet::model
