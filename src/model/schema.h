// JSON Schema (draft 7), by valijson.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace nsvet::model {

class Schema {
 public:
  /// @param text a valid schema
  explicit Schema(std::string_view text);
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  /// @return where and how the document does not match, on one line; empty when it does
  std::string violation(const nlohmann::json& document) const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace nsvet::model
