#include "compare/known_changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "compare/known_changes_text.h"
#include "model/glob.h"
#include "model/version.h"

namespace nsvet::compare {
namespace {

constexpr std::array<std::string_view, 10> kKeys{"since",        "affects", "direction", "why",
                                                 "source",       "until",   "to",        "most",
                                                 "instructions", "defect"};

// One text, or an array of them.
std::vector<std::string> texts(const toml::node_view<const toml::node>& node) {
  std::vector<std::string> all;
  if (const auto one = node.value<std::string>()) all.push_back(*one);
  if (const auto* array = node.as_array()) {
    for (const auto& each : *array) all.push_back(each.value_or(std::string()));
  }
  return all;
}

model::Result<KnownChange> change_from(const toml::table& row, std::string_view name) {
  auto text = [&](const char* key) { return row[key].value_or(std::string()); };
  KnownChange change{text("since"),
                     texts(row["affects"]),
                     text("direction"),
                     text("why"),
                     text("source"),
                     text("until"),
                     text("to"),
                     {},
                     {}};
  change.most = row["most"].value<double>();
  change.instructions = row["instructions"].value<double>();
  change.defect = row["defect"].value_or(false);
  auto bad = [&](std::string_view what) {
    return model::bad_input(fmt::format("{}:{}: \"{}\": {}", name, row.source().begin.line,
                                        fmt::join(change.affects, " "), what));
  };
  for (const auto& [key, value] : row) {
    if (std::ranges::find(kKeys, key.str()) == kKeys.end()) {
      return bad(fmt::format("unknown key \"{}\"", key.str()));
    }
  }
  const bool whole = !change.affects.empty() &&
                     std::ranges::find(change.affects, std::string()) == change.affects.end();
  if (!whole || change.since.empty() || change.why.empty() || change.source.empty()) {
    return bad("needs since, affects, direction, why and source");
  }
  if (change.direction != "up" && change.direction != "down" && change.direction != "any") {
    return bad("direction is up, down or any");
  }
  // An answer is neither more nor less than another.
  const auto of_exploration = [](const std::string& glob) { return glob.starts_with("explore:"); };
  if (change.direction != "any" && std::ranges::any_of(change.affects, of_exploration)) {
    return bad("direction is any for what exploration sees");
  }
  return change;
}

bool holds(const KnownChange& change, std::string_view release) {
  return model::compare_versions(release, change.since) >= 0 &&
         (change.until.empty() || model::compare_versions(release, change.until) < 0);
}

}  // namespace

model::Result<std::vector<KnownChange>> known_changes() {
  return known_changes_from(kKnownChangesText);
}

model::Result<std::vector<KnownChange>> known_changes_from(std::string_view text,
                                                           std::string_view name) {
  try {
    const toml::table table = toml::parse(text);
    std::vector<KnownChange> changes;
    const auto* rows = table["change"].as_array();
    if (rows == nullptr) return changes;
    for (const auto& row : *rows) {
      if (!row.is_table()) return model::bad_input(fmt::format("{}: change is no table", name));
      auto change = change_from(*row.as_table(), name);
      if (!change) return tl::unexpected(change.error());
      changes.push_back(std::move(*change));
    }
    return changes;
  } catch (const toml::parse_error& wrong) {
    return model::bad_input(fmt::format("{}:{}: {}", name, wrong.source().begin.line,
                                        std::string(wrong.description())));
  }
}

Crossed::Crossed(const std::vector<KnownChange>& changes, std::string_view from_release,
                 std::string_view to_release) {
  for (const auto& change : changes) {
    const bool comes = holds(change, to_release);
    if (comes != holds(change, from_release)) steps_.push_back({&change, comes});
  }
}

bool Crossed::explains(const Step& step, const Seen& seen) {
  const auto& [change, comes] = step;
  const int up = comes ? seen.direction : -seen.direction;
  if ((change->direction == "up" && up <= 0) || (change->direction == "down" && up >= 0)) {
    return false;
  }
  if (comes && !change->to.empty() && change->to != seen.after) return false;
  // Going back over it, the share is of the larger side too.
  const double share = comes ? seen.change : 1 / (1 + seen.change) - 1;
  if (change->most && std::abs(share) * 100 > *change->most) return false;
  return !change->instructions || std::abs(seen.difference) <= *change->instructions;
}

const std::vector<Crossed::Step>& Crossed::affecting(const std::string& subject) const {
  const auto [entry, added] = affecting_.try_emplace(subject);
  if (added) {
    std::ranges::copy_if(steps_, std::back_inserter(entry->second), [&](const Step& step) {
      return std::ranges::any_of(step.change->affects, [&](const std::string& glob) {
        return model::glob_match(glob, subject);
      });
    });
  }
  return entry->second;
}

const KnownChange* Crossed::explain(const Seen& seen) const {
  for (const Step& step : affecting(seen.subject)) {
    if (explains(step, seen)) return step.change;
  }
  return nullptr;
}

}  // namespace nsvet::compare
