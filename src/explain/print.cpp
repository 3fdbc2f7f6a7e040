#include "explain/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

namespace nsvet::explain {
namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string head(const Explained& e) {
  const auto& p = e.profile;
  std::string text = fmt::format(
      "{} on {}: {} instructions, the median of {} calls\n"
      "  kernel {}, benchmark program {}",
      e.benchmark, e.kernel, e.figure, e.samples, p.total - p.self_of(kProgram),
      p.self_of(kProgram));
  if (e.idle() != 0) text += fmt::format(", clock jumped over idle time {}", e.idle());
  for (const auto name : {kInterrupt, kFault, kOtherTask}) {
    if (const auto cost = p.inclusive_of(name); cost != 0) {
      text += fmt::format("; in {} {}", name, cost);
    }
  }
  return text + "\n";
}

struct Pair {
  std::string name;
  FunctionCost base;
  FunctionCost now;
  std::int64_t change() const { return now.self - base.self; }
  std::string_view note() const {
    if (base.calls == 0) return "new";
    return now.calls == 0 ? "gone" : "";
  }
};

std::vector<Pair> pairs_of(const Profile& base, const Profile& now) {
  std::map<std::string, Pair> by_name;
  for (const auto& cost : base.functions) by_name[cost.name].base = cost;
  for (const auto& cost : now.functions) by_name[cost.name].now = cost;
  std::vector<Pair> pairs;
  for (auto& [name, pair] : by_name) {
    pair.name = name;
    if (pair.change() != 0 || !pair.note().empty()) pairs.push_back(std::move(pair));
  }
  std::ranges::stable_sort(pairs, std::ranges::greater(),
                           [](const Pair& pair) { return std::abs(pair.change()); });
  return pairs;
}

void branch(const Explained& e, std::size_t at, int depth, double least, std::string& text) {
  const auto& nodes = e.profile.nodes;
  auto children = nodes[at].children;
  std::ranges::stable_sort(children, std::ranges::greater(),
                           [&](std::size_t child) { return nodes[child].inclusive; });
  for (const std::size_t child : children) {
    const Node& node = nodes[child];
    if (share(node.inclusive, e.profile.total) < least) continue;
    text += fmt::format("{:>9} {:>5.1f} % {:>9}  {:{}}{}{}\n", node.inclusive,
                        share(node.inclusive, e.profile.total), node.self, "", 2 * depth, node.name,
                        node.calls > 1 ? fmt::format(" ({} calls)", node.calls) : "");
    branch(e, child, depth + 1, least, text);
  }
}

void add_calls(const Explained& e, std::size_t at, int depth, double least,
               std::vector<model::ProfileCall>& calls) {
  for (const std::size_t child : e.profile.nodes[at].children) {
    const Node& node = e.profile.nodes[child];
    if (share(node.inclusive, e.figure) < least) continue;
    calls.push_back({model::kept_name(node.name), depth, node.inclusive});
    add_calls(e, child, depth + 1, least, calls);
  }
}

nlohmann::ordered_json tree_of(const std::vector<Node>& nodes, std::size_t at) {
  nlohmann::ordered_json value{{"name", nodes[at].name},
                               {"calls", nodes[at].calls},
                               {"self", nodes[at].self},
                               {"inclusive", nodes[at].inclusive}};
  auto& children = value["children"] = nlohmann::ordered_json::array();
  for (const std::size_t child : nodes[at].children) children.push_back(tree_of(nodes, child));
  return value;
}

}  // namespace

std::string table(const Explained& e, std::size_t rows) {
  std::string text = head(e);
  text += fmt::format("{:>9} {:>7} {:>9} {:>7}  {}\n", "self", "share", "inclusive", "calls",
                      "function");
  std::int64_t rest = 0;
  for (std::size_t i = 0; i < e.profile.functions.size(); ++i) {
    const auto& cost = e.profile.functions[i];
    if (i >= rows) {
      rest += cost.self;
      continue;
    }
    text += fmt::format("{:>9} {:>5.1f} % {:>9} {:>7}  {}\n", cost.self,
                        share(cost.self, e.profile.total), cost.inclusive, cost.calls, cost.name);
  }
  if (e.profile.functions.size() > rows) {
    text += fmt::format("{:>9} {:>5.1f} % {:>18} {} more functions\n", rest,
                        share(rest, e.profile.total), "", e.profile.functions.size() - rows);
  }
  return text;
}

std::string tree(const Explained& e, double least) {
  std::string text = head(e) + fmt::format("{:>9} {:>7} {:>9}\n", "inclusive", "share", "self");
  branch(e, 0, 0, least, text);
  return text;
}

std::string difference(const Explained& base, const Explained& now, std::size_t rows) {
  const auto pairs = pairs_of(base.profile, now.profile);
  std::string text = fmt::format("{}: {} on {} -> {} on {} ({:+})\n", base.benchmark, base.figure,
                                 base.kernel, now.figure, now.kernel, now.figure - base.figure);
  text += fmt::format("{:>9} {:>9} {:>9} {:>9} {:>9} {:>5}  {}\n", "change", "self", "->",
                      "inclusive", "->", "", "function");
  std::int64_t rest = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Pair& pair = pairs[i];
    if (i >= rows) {
      rest += pair.change();
      continue;
    }
    text +=
        fmt::format("{:>+9} {:>9} {:>9} {:>9} {:>9} {:>5}  {}\n", pair.change(), pair.base.self,
                    pair.now.self, pair.base.inclusive, pair.now.inclusive, pair.note(), pair.name);
  }
  if (pairs.size() > rows) {
    text += fmt::format("{:>+9} {:>46}  {} more functions\n", rest, "", pairs.size() - rows);
  }
  if (base.idle() != now.idle()) {
    text += fmt::format("{:>+9} {:>46}  the clock's jumps over idle time\n",
                        now.idle() - base.idle(), "");
  }
  return text;
}

std::string folded(const Explained& e) {
  std::vector<std::string> lines;
  const auto& nodes = e.profile.nodes;
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (nodes[i].self == 0) continue;
    std::string stack = nodes[i].name;
    for (std::size_t up = nodes[i].parent; up != 0; up = nodes[up].parent) {
      stack = nodes[up].name + ";" + stack;
    }
    lines.push_back(fmt::format("{} {}\n", stack, nodes[i].self));
  }
  std::ranges::sort(lines);
  return fmt::format("{}", fmt::join(lines, ""));
}

model::Profile summary(const Explained& e, std::size_t most, double least) {
  model::Profile profile{.figure = e.figure};
  for (const auto& cost : e.profile.functions) {
    if (cost.self != 0) profile.functions.push_back({model::kept_name(cost.name), cost.self});
  }
  if (e.idle() != 0) profile.functions.push_back({model::kept_name(kIdle), e.idle()});
  std::ranges::stable_sort(profile.functions, std::ranges::greater(),
                           &model::FunctionShare::instructions);
  while (profile.functions.size() > most) {
    profile.rest += profile.functions.back().instructions;
    profile.functions.pop_back();
  }
  add_calls(e, 0, 0, least, profile.calls);
  if (e.idle() != 0 && share(e.idle(), e.figure) >= least) {
    profile.calls.push_back({model::kept_name(kIdle), 0, e.idle()});
  }
  return profile;
}

std::string json(const std::vector<Explained>& all) {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& e : all) {
    auto functions = nlohmann::ordered_json::array();
    for (const auto& cost : e.profile.functions) {
      functions.push_back({{"name", cost.name},
                           {"calls", cost.calls},
                           {"self", cost.self},
                           {"inclusive", cost.inclusive}});
    }
    rows.push_back({{"kernel", e.kernel},
                    {"benchmark", e.benchmark},
                    {"figure", e.figure},
                    {"samples", e.samples},
                    {"executed", e.profile.total},
                    {"idle", e.idle()},
                    {"program", e.profile.self_of(kProgram)},
                    {"functions", std::move(functions)},
                    {"tree", tree_of(e.profile.nodes, 0)}});
  }
  const nlohmann::ordered_json document{{"schema", "nsvet.explain/1"}, {"explained", rows}};
  return document.dump(1) + "\n";
}

}  // namespace nsvet::explain
