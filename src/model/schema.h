// JSON Schema (draft 4), by RapidJSON.
#pragma once

#include <memory>
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

  /// Patterns keep a state in there: each thread needs a schema of its own.
  /// @param document JSON text
  /// @return where and how the document does not match, on one line; empty when it does
  std::string violation(std::string_view document) const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace nsvet::model
