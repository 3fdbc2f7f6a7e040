#include "compare/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

std::string last_part(const std::string& id) { return id.substr(id.rfind('.') + 1); }

bool one_cause(const Finding& a, const Finding& b) {
  if (a.expected != b.expected) return false;
  if (a.expected) return a.why == b.why && a.source == b.source;
  if (figure(a) && figure(b)) {
    if (a.kind == Kind::growth || b.kind == Kind::growth) {
      const auto curve = [](const Finding& f) {
        const auto point = point_of(f.id);
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
  return a.kind == Kind::rule && a.reason == b.reason;
}

// Worst first: what a reader must act on.
int urgency(const Group& group) {
  if (group.expected) return 3;
  return group.effect == Effect::worse ? 0 : (group.effect == Effect::other ? 1 : 2);
}

void name(Group& group) {
  const auto& first = group.findings.front();
  if (group.expected) {
    group.title = first.why;
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
      group.title = fmt::format("{} checks for one reason", n);
    }
  }
}

}  // namespace

std::vector<Group> grouped(const Comparison& comparison) {
  // Growths first, so that the points of a curve come to it and not to each other.
  std::vector<const Finding*> order;
  for (const auto& finding : comparison.findings) order.push_back(&finding);
  std::ranges::stable_sort(order, {}, [](const Finding* f) { return f->kind != Kind::growth; });
  std::vector<Group> groups;
  for (const auto* finding : order) {
    const auto home = std::ranges::find_if(
        groups, [&](const Group& group) { return one_cause(group.findings.front(), *finding); });
    if (home != groups.end()) {
      home->findings.push_back(*finding);
    } else {
      groups.push_back({{}, {}, finding->expected, finding->effect, {*finding}});
    }
  }
  for (auto& group : groups) name(group);
  std::ranges::stable_sort(groups, [](const Group& a, const Group& b) {
    if (urgency(a) != urgency(b)) return urgency(a) < urgency(b);
    return a.findings.front().kind < b.findings.front().kind;
  });
  return groups;
}

}  // namespace nsvet::compare
