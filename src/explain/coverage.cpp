#include "explain/coverage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "explain/namespace_code.h"
#include "model/glob.h"

namespace nsvet::explain {
namespace {

std::string_view area_of(const Function& function) {
  for (const Area& area : namespace_code()) {
    for (const auto glob : area.globs) {
      if (model::glob_match(glob, function.name)) return area.name;
    }
  }
  return {};
}

// The addresses that the plugin has counted, whatever it says of their number.
std::span<const std::uint64_t> counted(const std::vector<std::uint64_t>& words) {
  if (words.empty()) return {};
  return std::span(words).subspan(1, std::min<std::size_t>(words[0], words.size() - 1));
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

NamespaceMap::NamespaceMap(const Symbols& symbols) : symbols_(symbols) {
  for (const Function& function : symbols.functions()) {
    const auto area = area_of(function);
    if (!area.empty()) rows_[function.address] = {area, function.name, function.address};
  }
}

const NamespaceMap::Row* NamespaceMap::find(std::uint64_t address) const {
  const auto* function = symbols_.find(address);
  if (function == nullptr) return nullptr;
  const auto row = rows_.find(function->address);
  return row == rows_.end() ? nullptr : &row->second;
}

void add_run(Coverage& coverage, const std::string& run, const std::vector<std::uint64_t>& words,
             const Symbols& symbols) {
  coverage.runs.push_back(run);
  const NamespaceMap map(symbols);
  const auto functions_of = [&](const NamespaceMap::Row& row) -> auto& {
    // Several names of one function are one row.
    return coverage.areas[std::string(row.area)][std::string(row.function)];
  };
  for (const auto& [address, row] : map.rows()) functions_of(row);
  for (const auto address : counted(words)) {
    const auto* row = map.find(address);
    if (row == nullptr) continue;
    functions_of(*row).insert(run);
    coverage.blocks[run].insert(address);
  }
}

std::vector<std::vector<std::uint64_t>> between_marks(const std::vector<std::uint64_t>& words) {
  std::vector<std::vector<std::uint64_t>> parts;
  for (const auto word : counted(words)) {
    if (word == 0) parts.emplace_back();
    if (word != 0 && !parts.empty()) parts.back().push_back(word);
  }
  return parts;
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
  text += fmt::format("{:<20}", "blocks");
  for (const auto& run : coverage.runs) {
    const auto found = coverage.blocks.find(run);
    text += fmt::format("{:>14}", found == coverage.blocks.end() ? 0 : found->second.size());
  }
  return text + "\n" + lists;
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
    Json blocks = Json::object();
    for (const auto& [run, reached] : coverage.blocks) blocks[run] = reached.size();
    kernels.push_back({{"kernel", coverage.kernel},
                       {"runs", coverage.runs},
                       {"areas", areas},
                       {"blocks", blocks}});
  }
  return Json{{"schema", "nsvet.coverage/1"}, {"kernels", kernels}}.dump(2) + "\n";
}

}  // namespace nsvet::explain
