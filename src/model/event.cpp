#include "model/event.h"

#include <fmt/format.h>

#include "model/convert.h"

namespace nsvet::model {
namespace {

constexpr auto kReplace = Json::error_handler_t::replace;

Json wrap(const Listing& e) { return {{"listing", to_value(e)}}; }
Json wrap(const Begin& e) {
  return {{"begin",
           {{"environment", to_value(e.environment)}, {"limits", e.limits}, {"total", e.total}}}};
}
Json wrap(const Start& e) { return {{"start", e.id}}; }
Json wrap(const CheckResult& e) { return {{"check", to_value(e)}}; }
Json wrap(const Samples& e) { return {{"samples", to_value(e)}}; }
Json wrap(const Trace& e) {
  return {{"trace",
           {{"id", e.id}, {"answers", e.answers}, {"failed", e.failed}, {"trouble", e.trouble}}}};
}
Json wrap(const Finish& e) { return {{"finish", {{"residue", e.residue}}}}; }
Json wrap(const Trouble& e) { return {{"trouble", e.message}}; }
Json wrap(const KernelSymbols& e) { return {{"kernel_symbols", e.text}}; }

Event unwrap(const std::string& name, const Value& value) {
  if (name == "listing") return listing_from(value);
  if (name == "begin") {
    return Begin{environment_from(value.at("environment")),
                 value.at("limits").get<std::map<std::string, std::int64_t>>(), value.at("total")};
  }
  if (name == "start") return Start{value.get<std::string>()};
  if (name == "check") return check_from(value);
  if (name == "samples") return samples_from(value);
  if (name == "trace") {
    return Trace{value.at("id").get<std::string>(),
                 value.at("answers").get<std::vector<std::string>>(),
                 value.at("failed").get<std::string>(), value.at("trouble").get<std::string>()};
  }
  if (name == "finish") return Finish{value.at("residue").get<std::vector<std::string>>()};
  if (name == "trouble") return Trouble{value.get<std::string>()};
  if (name == "kernel_symbols") return KernelSymbols{value.get<std::string>()};
  throw std::out_of_range(fmt::format("unknown event \"{:.40}\"", name));
}

}  // namespace

std::string encode(const Event& event) {
  return std::visit([](const auto& e) { return wrap(e).dump(-1, ' ', false, kReplace); }, event);
}

Result<Event> decode(std::string_view line) {
  try {
    const auto object = Value::parse(line);
    if (!object.is_object() || object.size() != 1) return bad_input("an event has one member");
    return unwrap(object.begin().key(), object.begin().value());
  } catch (const std::exception& wrong) {
    return bad_input(fmt::format("not an event: {}", wrong.what()));
  }
}

}  // namespace nsvet::model
