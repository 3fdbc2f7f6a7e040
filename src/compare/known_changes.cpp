#include "compare/known_changes.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "compare/known_changes_text.h"
#include "model/glob.h"
#include "model/version.h"

namespace nsvet::compare {

model::Result<std::vector<KnownChange>> known_changes() {
  try {
    const toml::table table = toml::parse(kKnownChangesText);
    std::vector<KnownChange> changes;
    const auto* rows = table["change"].as_array();
    if (rows == nullptr) return changes;
    for (const auto& row : *rows) {
      const auto& change = *row.as_table();
      auto text = [&](const char* key) { return change[key].value_or(std::string()); };
      changes.push_back(
          {text("since"), text("affects"), text("direction"), text("why"), text("source")});
    }
    return changes;
  } catch (const toml::parse_error& wrong) {
    return model::bad_input(fmt::format("known-changes.toml:{}: {}", wrong.source().begin.line,
                                        std::string(wrong.description())));
  }
}

const KnownChange* explain(const std::vector<KnownChange>& changes, std::string_view subject,
                           int direction, std::string_view from_release,
                           std::string_view to_release) {
  for (const auto& change : changes) {
    const bool between = model::compare_versions(from_release, change.since) < 0 &&
                         model::compare_versions(to_release, change.since) >= 0;
    const bool same_way = change.direction == "any" ||
                          (change.direction == "up" && direction > 0) ||
                          (change.direction == "down" && direction < 0);
    if (between && same_way && model::glob_match(change.affects, subject)) return &change;
  }
  return nullptr;
}

}  // namespace nsvet::compare
