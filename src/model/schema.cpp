#include "model/schema.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace nsvet::model {

using valijson::adapters::NlohmannJsonAdapter;

struct Schema::Parsed {
  valijson::Schema schema;
};

Schema::Schema(std::string_view text) : parsed_(std::make_unique<Parsed>()) {
  const auto document = nlohmann::json::parse(text);
  valijson::SchemaParser().populateSchema(NlohmannJsonAdapter(document), parsed_->schema);
}

Schema::~Schema() = default;

std::string Schema::violation(const nlohmann::json& document) const {
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  if (validator.validate(parsed_->schema, NlohmannJsonAdapter(document), &results)) return {};
  // The first error is the innermost: the place itself, not the objects around it.
  valijson::ValidationResults::Error error;
  if (!results.popError(error)) return "does not match the schema";
  std::string place;
  for (const auto& step : error.context) place += step;
  return fmt::format("at {:.200}: {:.200}", place, error.description);
}

}  // namespace nsvet::model
