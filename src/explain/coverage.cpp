#include "explain/coverage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "explain/namespace_code.h"
#include "model/glob.h"

namespace nsvet::explain {
namespace {

std::string area_of(const Function& function) {
  for (const Area& area : namespace_code()) {
    for (const auto glob : area.globs) {
      if (model::glob_match(glob, function.name)) return std::string(area.name);
    }
  }
  return {};
}

using Functions = std::map<std::string, std::set<std::string>>;

std::size_t reached_by(const Functions& functions, const std::string& run) {
  return static_cast<std::size_t>(
      std::ranges::count_if(functions, [&](const auto& row) { return row.second.contains(run); }));
}

std::vector<std::string> never(const Functions& functions) {
  std::vector<std::string> names;
  for (const auto& [name, runs] : functions) {
    if (runs.empty()) names.push_back(name);
  }
  return names;
}

}  // namespace

void add_run(Coverage& coverage, const std::string& run, const std::vector<std::uint64_t>& words,
             const Symbols& symbols) {
  coverage.runs.push_back(run);
  // A function's name by its address; several names of one function are one row.
  std::map<std::uint64_t, std::set<std::string>*> rows;
  for (const Function& function : symbols.functions()) {
    const auto area = area_of(function);
    if (!area.empty()) rows[function.address] = &coverage.areas[area][function.name];
  }
  const std::size_t count = words.empty() ? 0 : std::min<std::size_t>(words[0], words.size() - 1);
  for (std::size_t i = 1; i <= count; ++i) {
    const auto* function = symbols.find(words[i]);
    if (function == nullptr) continue;
    const auto row = rows.find(function->address);
    if (row != rows.end()) row->second->insert(run);
  }
}

std::string coverage_text(const Coverage& coverage) {
  std::string text = fmt::format("{}\n{:<10}{:>10}", coverage.kernel, "area", "functions");
  for (const auto& run : coverage.runs) text += fmt::format("{:>14}", run);
  text += fmt::format("{:>8}\n", "never");
  std::string lists;
  for (const Area& area : namespace_code()) {
    const auto found = coverage.areas.find(std::string(area.name));
    if (found == coverage.areas.end()) continue;
    const auto& functions = found->second;
    const auto missed = never(functions);
    text += fmt::format("{:<10}{:>10}", area.name, functions.size());
    for (const auto& run : coverage.runs) text += fmt::format("{:>14}", reached_by(functions, run));
    text += fmt::format("{:>8}\n", missed.size());
    if (!missed.empty()) {
      lists += fmt::format("\nnever reached, {} ({}):\n", area.name, area.sources);
      for (const auto& name : missed) lists += fmt::format("  {}\n", name);
    }
  }
  return text + lists;
}

std::string coverage_json(const std::vector<Coverage>& all) {
  using Json = nlohmann::ordered_json;
  Json kernels = Json::array();
  for (const auto& coverage : all) {
    Json areas = Json::object();
    for (const auto& [area, functions] : coverage.areas) {
      Json rows = Json::object();
      for (const auto& [name, runs] : functions) rows[name] = runs;
      areas[area] = rows;
    }
    kernels.push_back({{"kernel", coverage.kernel}, {"runs", coverage.runs}, {"areas", areas}});
  }
  return Json{{"schema", "nsvet.coverage/1"}, {"kernels", kernels}}.dump(2) + "\n";
}

}  // namespace nsvet::explain
