#include "compare/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "compare/follow.h"
#include "model/growth.h"

namespace nsvet::compare {
namespace {

using Effect = Finding::Effect;
using Kind = Finding::Kind;

bool figure(const Finding& finding) {
  return (finding.kind == Kind::cost || finding.kind == Kind::growth) && finding.difference != 0;
}

// The same code on the way of several operations adds the same to each.
bool same_difference(double a, double b) {
  return std::abs(a - b) <= std::max(20.0, 0.1 * std::max(std::abs(a), std::abs(b))) &&
         (a > 0) == (b > 0);
}

Section section_of(const Finding& finding) {
  if (finding.expected) return Section::expected;
  return finding.kind == Kind::cost && at_large(finding.id) ? Section::at_large : Section::own;
}

std::string last_part(const std::string& id) { return id.substr(id.rfind('.') + 1); }

bool one_cause(const Finding& a, const Finding& b) {
  if (section_of(a) != section_of(b)) return false;
  if (!a.why.empty() || !b.why.empty()) return a.why == b.why && a.source == b.source;
  if (figure(a) && figure(b)) {
    if (a.kind == Kind::growth || b.kind == Kind::growth) {
      const auto curve = [](const Finding& f) {
        const auto point = model::point_of(f.id);
        return point ? point->curve : f.id;
      };
      return curve(a) == curve(b) && a.effect == b.effect;
    }
    return same_difference(a.difference, b.difference);
  }
  if (a.kind != b.kind || a.before != b.before || a.after != b.after || figure(a) || figure(b)) {
    return false;
  }
  if (a.kind == Kind::fact) return last_part(a.id) == last_part(b.id);
  return (a.kind == Kind::rule || a.kind == Kind::cost) && a.reason == b.reason;
}

// Worst first.
int urgency(Effect effect) {
  return effect == Effect::worse ? 0 : (effect == Effect::other ? 1 : 2);
}

void name(Group& group) {
  const auto& first = group.findings.front();
  if (!first.why.empty()) {
    group.title = (first.expected ? "" : "a known defect: ") + first.why;
    group.source = first.source;
  } else if (group.findings.size() > 1) {
    const auto n = group.findings.size();
    const auto growth = std::ranges::find(group.findings, Kind::growth, &Finding::kind);
    if (growth != group.findings.end()) {
      group.title = growth->id + (growth->difference > 0 ? " grows faster" : " grows more slowly");
    } else if (figure(first)) {
      group.title = fmt::format("{} operations cost about {:.0f} {} each", n,
                                std::abs(first.difference), first.difference > 0 ? "more" : "less");
    } else if (first.kind == Kind::fact) {
      group.title = fmt::format("{} is another in {} checks", last_part(first.id), n);
    } else {
      group.title = fmt::format("{} {} for one reason", n,
                                first.kind == Kind::cost ? "benchmarks" : "checks");
    }
  }
}

}  // namespace

std::vector<Group> grouped(const Comparison& comparison) {
  // Growths first, so that the points of a curve come to it and not to each other.
  std::vector<const Finding*> order;
  std::map<std::string, std::string> follows;
  for (const auto& finding : comparison.findings) {
    if (finding.expected || finding.follows.empty()) {
      order.push_back(&finding);
    } else {
      follows.emplace(finding.id, finding.follows.back());
    }
  }
  std::ranges::stable_sort(order, {}, [](const Finding* f) { return f->kind != Kind::growth; });
  std::vector<Group> groups;
  for (const auto* finding : order) {
    const auto home = std::ranges::find_if(
        groups, [&](const Group& group) { return one_cause(group.findings.front(), *finding); });
    if (home != groups.end()) {
      home->findings.push_back(*finding);
    } else {
      groups.push_back({{}, {}, section_of(*finding), finding->effect, {*finding}, {}});
    }
  }
  for (const auto& [id, first] : follows) {
    std::string root = first;
    while (follows.contains(root)) root = follows.at(root);
    const auto home = std::ranges::find_if(groups, [&](const Group& group) {
      return std::ranges::find(group.findings, root, &Finding::id) != group.findings.end();
    });
    if (home != groups.end()) home->followers.push_back(id);
  }
  for (auto& group : groups) {
    // Operations themselves before the points of their curves.
    std::ranges::stable_partition(group.findings, [](const Finding& f) {
      return f.kind != Kind::cost || !model::point_of(f.id);
    });
    name(group);
  }
  std::ranges::stable_sort(groups, [](const Group& a, const Group& b) {
    if (a.section != b.section) return a.section < b.section;
    if (a.section == Section::own && a.effect != b.effect) {
      return urgency(a.effect) < urgency(b.effect);
    }
    return a.findings.front().kind < b.findings.front().kind;
  });
  return groups;
}

}  // namespace nsvet::compare
