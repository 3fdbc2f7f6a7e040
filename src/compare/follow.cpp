#include "compare/follow.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace nsvet::compare {
namespace {

using Ids = std::vector<std::string>;

constexpr std::string_view kEmptyCall = "syscall/empty";
constexpr std::string_view kProcess = "clone3/none";

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// "clone3/pid/mib:16" is the operation clone3, of pid, at the point mib:16.
struct Name {
  std::string operation;
  std::string of;
  std::string point;
};

Name name_of(const std::string& id) {
  const auto slash = id.find('/');
  if (slash == std::string::npos) return {id, {}, {}};
  const auto end = id.starts_with("inside/") || id.starts_with("look/") ? id.rfind('/') : slash;
  const std::string rest = id.substr(end + 1);
  const auto point = rest.find('/');
  if (point == std::string::npos) return {id.substr(0, end), rest, {}};
  return {id.substr(0, end), rest.substr(0, point), rest.substr(point + 1)};
}

bool makes_process(std::string_view operation) {
  return one_of(operation, {"fork", "clone", "clone3", "vfork"});
}

// What a set of types costs is that of its dearest member, as is what a single type costs.
Ids members(const std::string& of) {
  if (one_of(of, {"container", "rootless", "sandbox", "all"})) {
    return {"net", "ipc", "mnt", "user", "pid"};
  }
  return {of};
}

// Sums of changes that may explain that of `id`, the most telling first. None leads back to where
// it started: from sets to types, from types to uts, from there to processes and to the empty call.
std::vector<Ids> candidates(const std::string& id) {
  const Name name = name_of(id);
  const std::string& operation = name.operation;
  if (operation.starts_with("inside/") && name.of != "outside") return {{operation + "/outside"}};
  std::vector<Ids> sums;
  if (!name.point.empty()) sums.push_back({operation + '/' + name.of});
  if (makes_process(operation) && id != kProcess) {
    for (const auto& type : members(name.of)) {
      sums.push_back({std::string(kProcess), "unshare/" + type});
    }
    sums.push_back({std::string(kProcess)});
    sums.push_back({operation + "/none"});
  }
  if (one_of(operation, {"inside/fork", "inside/thread"})) sums.push_back({std::string(kProcess)});
  if (operation == "inside/fork_exit") sums.push_back({std::string(kProcess), "end/none"});
  if (operation == "end") sums.push_back({"end/none"});
  if (operation == "life" && name.of != "none") {
    for (const auto& type : members(name.of)) sums.push_back({"life/none", "unshare/" + type});
    sums.push_back({"life/none"});
  }
  if (operation == "setns_pidfd" || operation == "nsenter") {
    for (const auto& type : members(name.of)) sums.push_back({"setns/" + type});
  }
  if (!at_large(id)) {
    for (const auto& member : members(name.of)) {
      if (member != name.of) sums.push_back({operation + '/' + member});
    }
    // What is the same for all types is told of one.
    for (const char* type : {"uts", "pid"}) {
      if (name.of == type) break;
      sums.push_back({operation + '/' + type});
    }
  }
  sums.push_back({std::string(kEmptyCall)});
  return sums;
}

double difference(const CostRow& row) { return row.after - row.before; }

bool differs(const CostRow& row) {
  return row.verdict == Verdict::regression || row.verdict == Verdict::improvement;
}

}  // namespace

bool at_large(const std::string& id) {
  const Name name = name_of(id);
  return one_of(name.of, {"outside", "none"}) || one_of(name.operation, {"syscall", "clock"});
}

std::vector<std::string> followed_by(const std::string& id,
                                     const std::map<std::string, const CostRow*>& rows) {
  const CostRow& row = *rows.at(id);
  for (const auto& sum : candidates(id)) {
    double together = 0;
    double floor = row.floor;
    Ids changed;
    bool whole = true;
    for (const auto& part : sum) {
      const auto found = rows.find(part);
      whole = whole && found != rows.end() && part != id;
      if (!whole) break;
      together += difference(*found->second);
      floor = std::max(floor, found->second->floor);
      if (differs(*found->second)) changed.push_back(part);
    }
    if (whole && !changed.empty() && std::abs(difference(row) - together) <= floor) return changed;
  }
  return {};
}

}  // namespace nsvet::compare
