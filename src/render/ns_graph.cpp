#include "render/ns_graph.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "render/words.h"

namespace nsvet::render {
namespace {

using model::NsGraph;
using model::NsNode;
using model::NsPin;
using model::NsType;
using Json = nlohmann::ordered_json;

constexpr std::size_t kPinsShown = 3;

bool chosen(const NsNode& node, const NsChoice& choice) {
  if (choice.type && node.type != *choice.type) return false;
  if (choice.orphans && !node.orphan()) return false;
  if (!choice.pid) return true;
  return std::ranges::find(node.processes, *choice.pid) != node.processes.end() ||
         std::ranges::any_of(node.pins, [&](const NsPin& pin) { return pin.pid == *choice.pid; });
}

class Tree {
 public:
  Tree(const NsGraph& graph, const NsChoice& choice, const Style& style)
      : graph_(graph), style_(style) {
    for (const auto& [inode, node] : graph.nodes) {
      ++totals_[index(node)];
      if (node.orphan()) ++orphans_[index(node)];
      for (const auto& relative : {node.parent, node.owner}) {
        if (relative && (relative == node.parent || node.parent != node.owner)) {
          ++relatives_[*relative];
        }
      }
      if (chosen(node, choice)) nodes_[inode] = &node;
    }
    for (const auto& [inode, node] : nodes_) below_[above(*node)].push_back(node);
    for (auto& [inode, nodes] : below_) std::ranges::sort(nodes, {}, order);
  }

  std::string print() && {
    rows(0, "");
    std::size_t width = 0;
    for (const auto& row : rows_) width = std::max(width, row.columns);
    std::string out =
        fmt::format("{:<{}}  {:>8} {:>6}  {}\n", "NAMESPACE", width, "ID", "PROCS", "WHO KEEPS IT");
    for (const auto& row : rows_) {
      const auto& node = *row.node;
      const std::string line =
          fmt::format("{}{}{}{:{}}  {:>8} {:>6}  {}", row.margin, info(node.type).name,
                      fmt::format(" {}{}", node.inode, node.own ? " *" : ""), "",
                      width - row.columns, node.id == 0 ? std::string() : std::to_string(node.id),
                      node.processes.size(), holders(node, row.below));
      out += paint(node, line) + '\n';
    }
    return out + '\n' + table() + remarks();
  }

 private:
  struct Row {
    std::string margin;
    std::size_t columns;  ///< Of the first field.
    const NsNode* node;
    std::uint64_t below;
  };

  static std::size_t index(const NsNode& node) { return static_cast<std::size_t>(node.type); }

  // Other types before the user namespaces below: what is owned stays near its owner.
  static std::tuple<bool, NsType, std::uint64_t, std::uint64_t> order(const NsNode* node) {
    return {node->type == NsType::user, node->type, node->id, node->inode};
  }

  bool shown(std::optional<std::uint64_t> inode) const { return inode && nodes_.contains(*inode); }

  std::uint64_t above(const NsNode& node) const {
    if (shown(node.parent)) {
      const auto* parent = nodes_.at(*node.parent);
      if (parent->owner == node.owner || !shown(node.owner)) return parent->inode;
    }
    return shown(node.owner) ? *node.owner : 0;
  }

  void rows(std::uint64_t inode, const std::string& margin) {
    const auto found = below_.find(inode);
    if (found == below_.end()) return;
    for (const auto* node : found->second) {
      const bool last = node == found->second.back();
      const bool top = inode == 0;
      const std::string own = top ? "" : margin + (last ? "└─" : "├─");
      // Each step of the margin is two columns wide.
      const std::size_t depth = top ? 0 : width_of(margin) + 2;
      rows_.push_back({own,
                       depth + info(node->type).name.size() +
                           fmt::format(" {}{}", node->inode, node->own ? " *" : "").size(),
                       node, inode});
      rows(node->inode, top ? "" : margin + (last ? "  " : "│ "));
    }
  }

  static std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
  }

  std::string name(int pid) const {
    const auto found = graph_.names.find(pid);
    return found == graph_.names.end() || found->second.empty()
               ? std::to_string(pid)
               : fmt::format("{} {}", pid, printable(found->second));
  }

  std::string pin_text(const NsPin& pin) const {
    switch (pin.kind) {
      case NsPin::Kind::thread:
        return fmt::format("thread {} of {}", pin.number, name(pin.pid));
      case NsPin::Kind::children:
        return fmt::format("for children of {}", name(pin.pid));
      case NsPin::Kind::fd:
        return fmt::format("fd {} of {}", pin.number, name(pin.pid));
      case NsPin::Kind::socket:
        return fmt::format("socket {} of {}", pin.number, name(pin.pid));
      case NsPin::Kind::mount:
        return fmt::format("mount {} in mnt {}", printable(pin.where), pin.mount_ns);
    }
    return {};
  }

  std::string holders(const NsNode& node, std::uint64_t below) const {
    std::vector<std::string> parts;
    if (node.orphan()) parts.emplace_back("NO TASK");
    if (!node.processes.empty()) parts.push_back(name(node.processes.front()));
    for (std::size_t i = 0; i < std::min(kPinsShown, node.pins.size()); ++i) {
      parts.push_back(pin_text(node.pins[i]));
    }
    if (node.pins.size() > kPinsShown) {
      parts.push_back(fmt::format("{} more", node.pins.size() - kPinsShown));
    }
    const auto relatives = relatives_.find(node.inode);
    if (relatives != relatives_.end()) {
      parts.push_back(fmt::format("owner or parent of {}", relatives->second));
    } else if (node.orphan() && node.pins.empty()) {
      parts.emplace_back("kept by nothing in sight");
    }
    if (node.creator) parts.push_back(fmt::format("made by uid {}", *node.creator));
    if (node.parent && *node.parent != below && node.type == NsType::pid) {
      parts.push_back(fmt::format("parent {}", *node.parent));
    }
    if (node.owner && *node.owner != below && below == 0) {
      parts.push_back(fmt::format("owner {}", *node.owner));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
  }

  std::string paint(const NsNode& node, const std::string& line) const {
    if (!style_.colour) return line;
    if (node.orphan()) return "\033[33m" + line + "\033[0m";
    return node.own ? "\033[1m" + line + "\033[0m" : line;
  }

  std::string table() const {
    std::string out = fmt::format("{:<8}{:>8}{:>9}{:>9}  limit for each user (user.max_*)\n",
                                  "TYPE", "ALL", "NO TASK", "LIMIT");
    for (const auto& type : model::kNsTypes) {
      const auto limit = graph_.limits.find("user." + std::string(type.max_file));
      const auto i = static_cast<std::size_t>(type.type);
      out += fmt::format("{:<8}{:>8}{:>9}{:>9}\n", type.name, totals_[i], orphans_[i],
                         limit == graph_.limits.end() ? "?" : std::to_string(limit->second));
    }
    return out;
  }

  std::string remarks() const {
    std::string out = "* the namespaces of nsvet itself\n";
    for (const auto& note : graph_.notes) {
      for (const auto& line :
           wrapped("not seen: " + note, static_cast<std::size_t>(style_.width))) {
        out += line + '\n';
      }
    }
    return out;
  }

  const NsGraph& graph_;
  const Style& style_;
  std::map<std::uint64_t, const NsNode*> nodes_;               // Those that are shown.
  std::map<std::uint64_t, std::vector<const NsNode*>> below_;  // 0: at the top.
  std::map<std::uint64_t, std::size_t> relatives_;  // How many name it as parent or owner.
  std::array<std::size_t, model::kNsTypes.size()> totals_{};
  std::array<std::size_t, model::kNsTypes.size()> orphans_{};
  std::vector<Row> rows_;
};

Json to_value(const NsPin& pin) {
  Json value{{"kind", to_string(pin.kind)}, {"pid", pin.pid}};
  if (pin.kind == NsPin::Kind::mount) {
    value["mount_point"] = pin.where;
    value["mount_ns"] = pin.mount_ns;
  } else if (pin.kind == NsPin::Kind::fd || pin.kind == NsPin::Kind::socket) {
    value["fd"] = pin.number;
  } else {
    value["tid"] = pin.number;
  }
  return value;
}

Json to_value(const NsNode& node) {
  Json value{{"type", info(node.type).name}, {"inode", node.inode}};
  if (node.id != 0) value["id"] = node.id;
  if (node.parent) value["parent"] = *node.parent;
  if (node.owner) value["owner"] = *node.owner;
  if (node.creator) value["creator_uid"] = *node.creator;
  value["own"] = node.own;
  value["orphan"] = node.orphan();
  value["processes"] = node.processes;
  value["pins"] = Json::array();
  for (const auto& pin : node.pins) value["pins"].push_back(to_value(pin));
  return value;
}

}  // namespace

bool any(const NsGraph& graph, const NsChoice& choice) {
  return std::ranges::any_of(graph.nodes,
                             [&](const auto& node) { return chosen(node.second, choice); });
}

std::string tree(const NsGraph& graph, const NsChoice& choice, const Style& style) {
  return Tree(graph, choice, style).print();
}

std::string json(const NsGraph& graph, const NsChoice& choice) {
  Json nodes = Json::array();
  for (const auto& [inode, node] : graph.nodes) {
    if (chosen(node, choice)) nodes.push_back(to_value(node));
  }
  const Json document{{"schema", "nsvet.namespaces/1"},
                      {"namespaces", std::move(nodes)},
                      {"limits", graph.limits},
                      {"not_seen", graph.notes}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace nsvet::render
