#include "compare/structures.h"

#include <map>
#include <set>

namespace nsvet::compare {
namespace {

using Members = std::map<std::string, const model::StructureMember*>;

Members by_name(const model::Structure* structure) {
  Members members;
  if (structure == nullptr) return members;
  for (const auto& member : structure->members) {
    members[member.name().empty() ? "(unnamed)" : member.name()] = &member;
  }
  return members;
}

StructureChange difference(const model::Structure* before, const model::Structure* after) {
  StructureChange change;
  for (const auto* one : {before, after}) {
    if (one != nullptr) change.name = one->name;
  }
  if (before != nullptr) change.before = before->size;
  if (after != nullptr) change.after = after->size;
  if (before == nullptr || after == nullptr) return change;
  const Members old = by_name(before);
  const Members now = by_name(after);
  for (const auto& [name, member] : now) {
    const auto was = old.find(name);
    if (was == old.end()) {
      change.came.push_back(name);
    } else if (was->second->type != member->type || was->second->size != member->size) {
      change.changed.push_back(name);
    } else if (was->second->offset != member->offset) {
      change.moved.push_back(name);
    }
  }
  for (const auto& [name, member] : old) {
    if (!now.contains(name)) change.went.push_back(name);
  }
  return change;
}

const model::Structure* find(const std::vector<model::Structure>& all, const std::string& name) {
  for (const auto& structure : all) {
    if (structure.name == name) return &structure;
  }
  return nullptr;
}

}  // namespace

const model::Structure* structure_behind(std::string_view benchmark,
                                         const std::vector<model::Structure>& all) {
  constexpr std::string_view kFamily = "memory/";
  if (!benchmark.starts_with(kFamily)) return nullptr;
  const std::string type(benchmark.substr(kFamily.size()));
  const auto* structure = find(all, type + "_namespace");
  return structure != nullptr ? structure : find(all, type);
}

std::vector<StructureChange> structure_changes(const std::vector<model::Structure>& before,
                                               const std::vector<model::Structure>& after) {
  std::vector<StructureChange> changes;
  if (before.empty() || after.empty()) return changes;  // One kernel does not tell.
  std::set<std::string> names;
  for (const auto& structure : before) names.insert(structure.name);
  for (const auto& structure : after) names.insert(structure.name);
  for (const auto& name : names) {
    const auto* old = find(before, name);
    const auto* now = find(after, name);
    if (old == nullptr || now == nullptr || !(*old == *now)) {
      changes.push_back(difference(old, now));
    }
  }
  return changes;
}

}  // namespace nsvet::compare
