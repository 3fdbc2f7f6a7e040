#include "explore/merge.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsvet::explore {
namespace {

void add_finding(const Finding& finding, std::vector<Finding>& all) {
  const auto same = std::ranges::find(all, cause(finding), cause);
  if (same == all.end()) {
    all.push_back(finding);
    return;
  }
  const int seen = same->seen + finding.seen;
  if (finding.sequence.steps.size() < same->sequence.steps.size()) *same = finding;
  same->seen = seen;
}

}  // namespace

model::Result<Explored> merge(const std::vector<std::pair<std::string, Explored>>& parts,
                              const Explain& explain) {
  Explored all;
  all.subject.base = parts.front().second.subject.base;
  all.subject.now = parts.front().second.subject.now;
  for (const auto& [name, part] : parts) {
    const auto& [subject, exploration] = part;
    if (subject.base != all.subject.base || subject.now != all.subject.now) {
      return model::bad_input(fmt::format("{}: {} -> {}, but {} -> {} in {}", name, subject.base,
                                          subject.now, all.subject.base, all.subject.now,
                                          parts.front().first));
    }
    for (const Part& drawn : subject.parts) {
      if (std::ranges::find(all.subject.parts, drawn) != all.subject.parts.end()) {
        return model::bad_input(
            fmt::format("{}: shard {} of seed {} is there twice", name, drawn.shard, drawn.seed));
      }
      all.subject.parts.push_back(drawn);
    }
    auto& sum = all.exploration;
    sum.sequences += exploration.sequences;
    sum.different += exploration.different;
    sum.again += exploration.again;
    sum.unrepeated += exploration.unrepeated;
    for (const Finding& finding : exploration.findings) add_finding(finding, sum.findings);
    for (const auto& [operation, rate] : exploration.rates) {
      Rate& to = sum.rates[operation];
      to.tried += rate.tried;
      to.base += rate.base;
      to.now += rate.now;
    }
  }
  for (Finding& finding : all.exploration.findings) {
    finding.known = explain("explore:" + finding.subject);
  }
  std::ranges::sort(all.exploration.findings, {}, cause);
  return all;
}

}  // namespace nsvet::explore
