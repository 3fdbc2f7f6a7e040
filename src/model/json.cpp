#include "model/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/convert.h"
#include "model/growth.h"
#include "model/schema.h"
#include "model/schema_text.h"

namespace nsvet::model {
namespace {

constexpr std::size_t kLargestReport = 256U << 20;
constexpr int kDeepest = 32;
constexpr std::int64_t kMostSamples = 50'000'000;

Json to_value(const Round& round) {
  return {{"label", round.label},
          {"cold", round.cold},
          {"p50", round.p50},
          {"min", round.min},
          {"count", round.count}};
}

Json run_lengths(const std::vector<std::int64_t>& sorted) {
  Json pairs = Json::array();
  for (auto run = sorted.begin(); run != sorted.end();) {
    const auto next = std::upper_bound(run, sorted.end(), *run);
    pairs.push_back(Json::array({*run, next - run}));
    run = next;
  }
  return pairs;
}

// The names of functions are written once for all profiles, which name them by their place.
class Names {
 public:
  std::size_t place(std::string_view name) {
    const auto [found, added] = places_.try_emplace(name, names_.size());
    if (added) names_.push_back(name);
    return found->second;
  }
  const std::vector<std::string_view>& all() const { return names_; }

 private:
  std::map<std::string_view, std::size_t> places_;
  std::vector<std::string_view> names_;
};

Json to_value(const Profile& profile, Names& names) {
  Json functions = Json::array();
  for (const auto& share : profile.functions) {
    functions.push_back(Json::array({names.place(share.name), share.instructions}));
  }
  Json calls = Json::array();
  for (const auto& call : profile.calls) {
    calls.push_back(Json::array({call.depth, names.place(call.name), call.instructions}));
  }
  return {{"figure", profile.figure},
          {"functions", std::move(functions)},
          {"rest", profile.rest},
          {"calls", std::move(calls)}};
}

Profile profile_from(const Value& value, const std::vector<std::string_view>& names) {
  Profile profile{.figure = value.at("figure"), .rest = value.at("rest")};
  std::int64_t sum = profile.rest;
  profile.functions.reserve(value.at("functions").size());
  for (const auto& share : value.at("functions")) {
    profile.functions.push_back({names.at(share.at(0)), share.at(1)});
    sum += profile.functions.back().instructions;
  }
  if (sum != profile.figure) throw std::out_of_range("a profile that does not add up");
  int deepest = 0;
  profile.calls.reserve(value.at("calls").size());
  for (const auto& call : value.at("calls")) {
    profile.calls.push_back({names.at(call.at(1)), call.at(0), call.at(2)});
    const int depth = profile.calls.back().depth;
    if (depth > deepest) throw std::out_of_range("a profile with a call that nobody makes");
    deepest = depth + 1;
  }
  return profile;
}

// The members that Google Benchmark's tools read come first; real_time is the headline.
Json to_value(const BenchmarkResult& result, Names& functions) {
  Json value = {{"name", result.id},          {"run_name", result.id},   {"run_type", "iteration"},
                {"repetitions", 1},           {"repetition_index", 0},   {"threads", 1},
                {"iterations", result.count}, {"real_time", result.p50}, {"cpu_time", result.p50},
                {"time_unit", "ns"}};
  const std::string why = result.error.empty() ? result.skipped : result.error;
  if (!why.empty()) {
    value["error_occurred"] = true;
    value["error_message"] = why;
  }
  value["clock"] = to_string(result.clock);
  value["unit"] = unit_name(result.unit, result.clock);
  value["cold"] = result.cold;
  value["min"] = result.min;
  value["p50"] = result.p50;
  if (result.p90) value["p90"] = *result.p90;
  if (result.p99) value["p99"] = *result.p99;
  value["max"] = result.max;
  value["mean"] = result.mean;
  value["spread"] = result.spread;
  value["failed_calls"] = result.failed_calls;
  if (!result.skipped.empty()) value["skipped"] = result.skipped;
  if (!result.error.empty()) value["error"] = result.error;
  value["rounds"] = Json::array();
  for (const auto& round : result.rounds) value["rounds"].push_back(to_value(round));
  value["samples"] = run_lengths(result.samples);
  if (result.profile) value["profile"] = to_value(*result.profile, functions);
  return value;
}

std::int64_t optional_integer(const Value& value, const char* name) {
  return value.contains(name) ? value.at(name).get<std::int64_t>() : 0;
}

BenchmarkResult benchmark_from(const Value& value, const std::vector<std::string_view>& functions) {
  BenchmarkResult result;
  result.id = value.at("name");
  result.clock = value.at("clock") == to_string(Clock::insn) ? Clock::insn : Clock::wall;
  result.unit = value.value("unit", "") == "bytes" ? Unit::bytes : Unit::time;
  result.cold = value.at("cold");
  result.min = value.at("min");
  result.p50 = value.at("p50");
  if (value.contains("p90")) result.p90 = optional_integer(value, "p90");
  if (value.contains("p99")) result.p99 = optional_integer(value, "p99");
  result.max = value.at("max");
  result.mean = value.at("mean");
  result.spread = value.at("spread");
  result.failed_calls = value.at("failed_calls");
  result.skipped = value.value("skipped", "");
  result.error = value.value("error", "");
  for (const auto& round : value.at("rounds")) {
    result.rounds.push_back(
        {round.at("label"), round.at("cold"), round.at("p50"), round.at("min"), round.at("count")});
  }
  for (const auto& pair : value.at("samples")) {
    result.count += pair.at(1).get<std::int64_t>();
    if (result.count > kMostSamples) throw std::out_of_range("too many samples");
    result.samples.insert(result.samples.end(), pair.at(1).get<std::size_t>(),
                          pair.at(0).get<std::int64_t>());
  }
  if (value.contains("profile")) result.profile = profile_from(value.at("profile"), functions);
  // Whoever compares goes by the counts, and by the order.
  std::int64_t calls = 0;
  for (const auto& round : result.rounds) {
    if (round.count > kMostSamples) throw std::out_of_range("too many samples");
    calls += round.count;
  }
  if (calls != result.count || (result.count == 0 && !result.rounds.empty())) {
    throw std::out_of_range(
        fmt::format("{}: {} calls in its rounds, but {} samples", result.id, calls, result.count));
  }
  if (!std::ranges::is_sorted(result.samples)) {
    throw std::out_of_range(result.id + ": samples out of order");
  }
  return result;
}

bool plain(const Json& value) {
  return std::ranges::none_of(value, [](const Json& v) { return v.is_object(); });
}

std::string on_one_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A line for each record (a check, a benchmark), as reviewable files need it: nlohmann's own
// layouts give one to every sample, or to all.
void write(std::string& text, const Json& value, int indent) {
  const std::string margin(static_cast<std::size_t>(indent) + 2, ' ');
  if (!value.is_structured() || value.empty() || (value.is_array() && plain(value))) {
    text += on_one_line(value);
    return;
  }
  text += value.is_object() ? "{\n" : "[\n";
  bool first = true;
  for (const auto& [key, member] : value.items()) {
    if (!first) text += ",\n";
    first = false;
    text += margin;
    if (value.is_object()) {
      text += on_one_line(key) + ": ";
      write(text, member, indent + 2);
    } else {
      text += on_one_line(member);
    }
  }
  text += '\n' + margin.substr(2) + (value.is_object() ? "}" : "]");
}

Json to_value(const Growth& growth) {
  return {{"curve", growth.curve},
          {"points", growth.points},
          {"from", growth.from},
          {"to", growth.to},
          {"shape", to_string(growth.fit.shape)},
          {"slope", growth.fit.slope}};
}

Json to_value(const Report& report) {
  Json checks = Json::array();
  for (const auto& check : report.checks) checks.push_back(to_value(check));
  Json benchmarks = Json::array();
  Names functions;
  for (const auto& result : report.benchmarks) benchmarks.push_back(to_value(result, functions));
  Json growths = Json::array();
  for (const auto& growth : growths_of(report.benchmarks)) growths.push_back(to_value(growth));
  Json log = Json::array();
  for (const auto& message : report.kernel_log) {
    log.push_back(
        {{"severity", message.severity}, {"text", message.text}, {"running", message.running}});
  }
  Json structures = Json::array();
  for (const auto& structure : report.structures) structures.push_back(to_value(structure));
  Json value{{"schema", kReportSchema},
             {"date", report.date},
             {"cell",
              {{"kernel", report.cell.kernel},
               {"append", report.cell.append},
               {"user", report.cell.user},
               {"clock", to_string(report.cell.clock)}}},
             {"environment", to_value(report.environment)},
             {"end",
              {{"state", to_string(report.end.state)},
               {"message", report.end.message},
               {"running", report.end.running},
               {"console", report.end.console}}},
             {"checks", std::move(checks)},
             {"context",
              {{"date", report.date},
               {"executable", "nsvet"},
               {"num_cpus", 1},
               {"mhz_per_cpu", 1000},
               {"cpu_scaling_enabled", false},
               {"caches", Json::array()},
               {"load_avg", Json::array()},
               {"library_build_type", "release"}}},
             {"benchmarks", std::move(benchmarks)},
             {"growths", std::move(growths)},
             {"kernel_log", std::move(log)},
             {"limits", report.limits},
             {"residue", report.residue},
             {"structures", std::move(structures)},
             {"timing", report.timing}};
  if (!functions.all().empty()) value["functions"] = functions.all();
  return value;
}

Report report_from(const Value& value) {
  Report report;
  const Value& cell = value.at("cell");
  report.date = value.at("date");
  report.cell = {cell.at("kernel"), cell.at("append").get<std::vector<std::string>>(),
                 cell.at("user"), cell.at("clock") == "insn" ? Clock::insn : Clock::wall};
  report.environment = environment_from(value.at("environment"));
  const Value& end = value.at("end");
  report.end = {static_cast<EndState>(index_of(end.at("state").get<std::string>(), kEndStateNames)),
                end.at("message"), end.at("running"),
                end.at("console").get<std::vector<std::string>>()};
  report.checks.reserve(value.at("checks").size());
  for (const auto& check : value.at("checks")) report.checks.push_back(check_from(check));
  std::vector<std::string_view> functions;
  for (const auto& name : value.value("functions", std::vector<std::string>{})) {
    functions.push_back(kept_name(name));
  }
  report.benchmarks.reserve(value.at("benchmarks").size());
  for (const auto& bench : value.at("benchmarks")) {
    report.benchmarks.push_back(benchmark_from(bench, functions));
  }
  for (const auto& message : value.at("kernel_log")) {
    report.kernel_log.push_back(
        {message.at("severity"), message.at("text"), message.at("running")});
  }
  report.limits = value.at("limits").get<std::map<std::string, std::int64_t>>();
  report.residue = value.at("residue").get<std::vector<std::string>>();
  if (value.contains("structures")) {  // Not in older reports.
    for (const auto& structure : value.at("structures")) {
      report.structures.push_back(structure_from(structure));
    }
  }
  report.timing = value.at("timing").get<std::map<std::string, std::int64_t>>();
  return report;
}

// Recursion of the libraries below is bounded by the depth of what they are given.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::string to_json(const Report& report) {
  std::string text;
  write(text, to_value(report), 0);
  return text + '\n';
}

Result<Report> report_from_json(std::string_view text, std::string_view name) {
  auto bad = [&](std::string_view why) { return bad_input(fmt::format("{}: {}", name, why)); };
  if (text.size() > kLargestReport) return bad("larger than 256 MiB: not an nsvet report");
  if (too_deep(text)) return bad("nested too deeply: not an nsvet report");
  try {
    const auto value = Value::parse(text);
    if (!value.is_object() || !value.contains("schema") || !value["schema"].is_string()) {
      return bad("not an nsvet report (no \"schema\" member)");
    }
    const std::string version = value["schema"];
    if (version != kReportSchema) {
      return bad(
          fmt::format("its schema is \"{:.60}\", this nsvet reads \"{}\": use the nsvet that "
                      "wrote it",
                      version, kReportSchema));
    }
    thread_local const Schema schema(kReportSchemaText);
    if (const auto wrong = schema.violation(text); !wrong.empty()) return bad(wrong);
    return report_from(value);
  } catch (const std::exception& wrong) {
    std::string line = wrong.what();
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return bad(fmt::format("not a valid report: {:.300}", line));
  }
}

}  // namespace nsvet::model
