#include "explore/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "explore/sources.h"
#include "model/schema.h"

namespace nsvet::explore {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSchema = "nsvet.exploration/1";

Json to_json(const Finding& finding) {
  return {{"subject", finding.subject},
          {"symptom", finding.symptom},
          {"expected", !finding.known.empty()},
          {"known_change", finding.known},
          {"seen", finding.seen},
          {"sequence", to_text(finding.sequence)},
          {"base", finding.base.answers},
          {"new", finding.now.answers}};
}

model::Result<Finding> finding_from(const Json& json, const std::string& name) {
  const auto sequences = sequences_from_text(json.at("sequence").get<std::string>(), name);
  if (!sequences) return tl::unexpected(sequences.error());
  if (sequences->size() != 1) return model::bad_input(name + ": expected one sequence a finding");
  Finding finding;
  finding.sequence = sequences->front();
  finding.subject = json.at("subject").get<std::string>();
  finding.symptom = json.at("symptom").get<std::string>();
  finding.known = json.at("known_change").get<std::string>();
  finding.seen = json.at("seen").get<int>();
  finding.base.answers = json.at("base").get<std::vector<std::string>>();
  finding.now.answers = json.at("new").get<std::vector<std::string>>();
  return finding;
}

model::Result<Explored> explored_from(const Json& json, const std::string& name) {
  Explored result;
  result.subject.base = json.at("base").get<std::string>();
  result.subject.now = json.at("new").get<std::string>();
  for (const auto& part : json.at("parts")) {
    result.subject.parts.push_back({part.at("seed").get<std::uint64_t>(),
                                    part.at("shard").get<std::string>(),
                                    part.at("focus").get<std::vector<std::string>>()});
  }
  auto& exploration = result.exploration;
  exploration.sequences = json.at("sequences").get<std::size_t>();
  exploration.different = json.at("different").get<std::size_t>();
  exploration.again = json.at("again").get<std::size_t>();
  exploration.unrepeated = json.at("unrepeated").get<std::size_t>();
  for (const auto& row : json.at("findings")) {
    auto finding = finding_from(row, name);
    if (!finding) return tl::unexpected(finding.error());
    exploration.findings.push_back(std::move(*finding));
  }
  for (const auto& [operation, rate] : json.at("operations").items()) {
    exploration.rates[operation] = {rate.at("tried").get<int>(), rate.at("base").get<int>(),
                                    rate.at("new").get<int>()};
  }
  return result;
}

}  // namespace

std::string to_json(const Explored& explored) {
  const auto& [subject, exploration] = explored;
  Json parts = Json::array();
  for (const Part& part : subject.parts) {
    parts.push_back({{"seed", part.seed}, {"shard", part.shard}, {"focus", part.focus}});
  }
  Json findings = Json::array();
  for (const Finding& finding : exploration.findings) findings.push_back(to_json(finding));
  Json rates = Json::object();
  for (const auto& [name, rate] : exploration.rates) {
    rates[name] = {{"tried", rate.tried}, {"base", rate.base}, {"new", rate.now}};
  }
  return Json{{"schema", kSchema},
              {"base", subject.base},
              {"new", subject.now},
              {"parts", parts},
              {"sequences", exploration.sequences},
              {"different", exploration.different},
              {"again", exploration.again},
              {"unrepeated", exploration.unrepeated},
              {"findings", findings},
              {"operations", rates}}
             .dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

model::Result<Explored> explored_from_json(std::string_view text, const std::string& name) {
  thread_local const model::Schema shape(source_text("exploration.schema.json"));
  const auto bad = [&](std::string why) {
    std::ranges::replace(why, '\n', ' ');
    return model::bad_input(fmt::format("{}: no exploration: {:.300}", name, why));
  };
  try {
    if (const auto wrong = shape.violation(text); !wrong.empty()) return bad(wrong);
    return explored_from(Json::parse(text), name);
  } catch (const std::exception& error) {
    return bad(error.what());
  }
}

}  // namespace nsvet::explore
