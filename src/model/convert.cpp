#include "model/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace nsvet::model {
namespace {

constexpr std::string_view kListingKinds[] = {"check", "benchmark"};

Clock clock_from(const Value& value) {
  return value.get<std::string>() == to_string(Clock::insn) ? Clock::insn : Clock::wall;
}

Fact fact_from(const Value& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return value.get<std::string>();
}

}  // namespace

std::size_t index_of(std::string_view name, std::span<const std::string_view> names) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) throw std::out_of_range(fmt::format("unknown value \"{:.40}\"", name));
  return static_cast<std::size_t>(found - names.begin());
}

Json to_value(const CheckResult& result) {
  Json evidence = Json::array();
  for (const auto& piece : result.evidence) {
    evidence.push_back({{"what", piece.what},
                        {"expected", piece.expected},
                        {"observed", piece.observed},
                        {"holds", piece.holds}});
  }
  Json facts = Json::object();
  for (const auto& [name, fact] : result.facts) {
    std::visit([&, &key = name](const auto& v) { facts[key] = v; }, fact);
  }
  return {{"id", result.id},           {"outcome", to_string(result.outcome)},
          {"reason", result.reason},   {"evidence", std::move(evidence)},
          {"facts", std::move(facts)}, {"duration_ns", result.duration_ns}};
}

CheckResult check_from(const Value& value) {
  CheckResult result;
  result.id = value.at("id");
  result.outcome =
      static_cast<Outcome>(index_of(value.at("outcome").get<std::string>(), kOutcomeNames));
  result.reason = value.at("reason");
  for (const auto& piece : value.at("evidence")) {
    result.evidence.push_back(
        {piece.at("what"), piece.at("expected"), piece.at("observed"), piece.at("holds")});
  }
  for (const auto& [name, fact] : value.at("facts").items()) result.facts[name] = fact_from(fact);
  result.duration_ns = value.at("duration_ns");
  return result;
}

Json to_value(const Environment& environment) {
  return {{"kernel", environment.kernel},
          {"machine", environment.machine},
          {"emulator", environment.emulator},
          {"programs", environment.programs}};
}

Environment environment_from(const Value& value) {
  using Map = std::map<std::string, std::string>;
  return {value.at("kernel").get<Map>(), value.at("machine").get<Map>(),
          value.at("emulator").get<Map>(), value.at("programs").get<Map>()};
}

Json to_value(const Listing& listing) {
  return {{"kind", kListingKinds[static_cast<std::size_t>(listing.kind)]},
          {"id", listing.id},
          {"title", listing.title},
          {"rule", listing.rule},
          {"source", listing.source},
          {"types", listing.types},
          {"needs", listing.needs},
          {"since", listing.since},
          {"full", listing.full}};
}

Listing listing_from(const Value& value) {
  return {static_cast<Listing::Kind>(index_of(value.at("kind").get<std::string>(), kListingKinds)),
          value.at("id"),
          value.at("title"),
          value.at("rule"),
          value.at("source"),
          value.at("types").get<std::vector<std::string>>(),
          value.at("needs").get<std::vector<std::string>>(),
          value.at("since"),
          value.at("full")};
}

Json to_value(const Structure& structure) {
  Json members = Json::array();
  for (const auto& member : structure.members) {
    members.push_back(Json::array({member.path, member.type, member.offset, member.size}));
  }
  return {{"name", structure.name},
          {"size", structure.size},
          {"whole", structure.whole},
          {"members", std::move(members)}};
}

Structure structure_from(const Value& value) {
  Structure structure{value.at("name"), value.at("size"), value.at("whole")};
  for (const auto& member : value.at("members")) {
    structure.members.push_back({member.at(0), member.at(1), member.at(2), member.at(3)});
  }
  return structure;
}

Json to_value(const Samples& samples) {
  return {{"id", samples.id},
          {"clock", to_string(samples.clock)},
          {"cold", samples.cold},
          {"warm", samples.warm},
          {"failed_calls", samples.failed_calls},
          {"skipped", samples.skipped},
          {"error", samples.error},
          {"bytes", samples.unit == Unit::bytes}};
}

Samples samples_from(const Value& value) {
  return {value.at("id"),           clock_from(value.at("clock")),
          value.at("cold"),         value.at("warm").get<std::vector<std::int64_t>>(),
          value.at("failed_calls"), value.at("skipped"),
          value.at("error"),        value.at("bytes").get<bool>() ? Unit::bytes : Unit::time};
}

}  // namespace nsvet::model
