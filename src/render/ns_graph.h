// The live namespaces, as a tree and as JSON.
#pragma once

#include <optional>
#include <string>

#include "model/ns_graph.h"
#include "render/style.h"

namespace nsvet::render {

/// Which namespaces to show.
struct NsChoice {
  std::optional<model::NsType> type{};
  std::optional<int> pid{};  ///< Only those that this process is in or keeps.
  bool orphans = false;      ///< Only those without a task.
};

/// @return whether any namespace is chosen
bool any(const model::NsGraph& graph, const NsChoice& choice);

/// Each namespace below its owner (a PID namespace below its parent where both have one owner),
/// with what keeps it; then limits and what was not in sight.
std::string tree(const model::NsGraph& graph, const NsChoice& choice, const Style& style);

/// @return a document of schema nsvet.namespaces/1, ending in a newline
std::string json(const model::NsGraph& graph, const NsChoice& choice);

}  // namespace nsvet::render
