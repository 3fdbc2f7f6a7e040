#include "render/format.h"

#include <algorithm>

#include "model/json.h"
#include "render/csv.h"
#include "render/json.h"
#include "render/junit.h"
#include "render/ktap.h"
#include "render/markdown.h"
#include "render/text.h"

namespace nsvet::render {
namespace {

using Reports = std::span<const model::Report>;
using Set = compare::ComparisonSet;

template <class Items>
std::vector<Suite> suites(const Items& items) {
  std::vector<Suite> all;
  for (const auto& item : items) all.push_back(suite_of(item));
  return all;
}

std::string texts(Reports reports, const Style& style) {
  std::string out;
  for (const auto& report : reports) out += text(report, style);
  return out;
}

// One report for each document: several stand one after the other.
std::string jsons(Reports reports) {
  std::string out;
  for (const auto& report : reports) out += model::to_json(report);
  return out;
}

struct Format {
  std::string_view name;
  std::string (*reports)(Reports, const Style&);
  std::string (*comparisons)(const Set&, const Style&);
};

constexpr Format kFormats[] = {
    {"text", texts, [](const Set& s, const Style& t) { return text(s, t); }},
    {"markdown", [](Reports r, const Style&) { return markdown(r); },
     [](const Set& s, const Style&) { return markdown(s); }},
    {"json", [](Reports r, const Style&) { return jsons(r); },
     [](const Set& s, const Style&) { return json(s); }},
    {"ktap", [](Reports r, const Style&) { return ktap(suites(r)); },
     [](const Set& s, const Style&) { return ktap(suites(s.comparisons)); }},
    {"junit", [](Reports r, const Style&) { return junit(suites(r)); },
     [](const Set& s, const Style&) { return junit(suites(s.comparisons)); }},
    {"csv", [](Reports r, const Style&) { return csv(r); },
     [](const Set& s, const Style&) { return csv(s); }},
};

const Format& find(std::string_view name) {
  const auto* found = std::ranges::find(kFormats, name, &Format::name);
  return found == std::end(kFormats) ? kFormats[0] : *found;
}

}  // namespace

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const auto& format : kFormats) names.emplace_back(format.name);
  return names;
}

std::string render(std::string_view format, Reports reports, const Style& style) {
  return find(format).reports(reports, style);
}

std::string render(std::string_view format, const Set& set, const Style& style) {
  return find(format).comparisons(set, style);
}

}  // namespace nsvet::render
