#include "explore/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "explore/shrink.h"

namespace nsvet::explore {
namespace {

constexpr std::size_t kShrunkOfEach = 3;  ///< Sequences with one symptom that are made smaller.
constexpr int kRounds = 14;

struct Candidate {
  Sequence sequence;
  Difference difference;
};

using Symptoms = std::map<std::string, std::vector<Candidate>>;

void count_rates(const Sequence& sequence, const Both& both, Exploration& result) {
  const auto& base = both.base.at(sequence.id).failed;
  const auto& now = both.now.at(sequence.id).failed;
  for (std::size_t i = 0; i < sequence.steps.size(); ++i) {
    if (i >= base.size() || i >= now.size()) break;
    Rate& rate = result.rates[sequence.steps[i].operation->name];
    ++rate.tried;
    rate.base += base[i] == '0' ? 1 : 0;
    rate.now += now[i] == '0' ? 1 : 0;
  }
}

Symptoms compare(const std::vector<Sequence>& sequences, const Both& both, Exploration& result) {
  Symptoms symptoms;
  for (const Sequence& sequence : sequences) {
    if (!both.base.contains(sequence.id) || !both.now.contains(sequence.id)) continue;
    ++result.sequences;
    count_rates(sequence, both, result);
    const auto difference = first_difference(both.base.at(sequence.id), both.now.at(sequence.id));
    if (!difference) continue;
    ++result.different;
    symptoms[symptom(sequence, *difference)].push_back({sequence, *difference});
  }
  for (auto& [text, candidates] : symptoms) {
    std::ranges::stable_sort(candidates, {}, [](const Candidate& c) { return c.difference.step; });
  }
  return symptoms;
}

std::vector<Sequence> all_candidates(const std::vector<Shrinker>& shrinkers) {
  std::vector<Sequence> all;
  for (const auto& shrinker : shrinkers) {
    for (auto& candidate : shrinker.candidates()) all.push_back(std::move(candidate));
  }
  return all;
}

model::Result<void> shrink_all(std::vector<Shrinker>& shrinkers, const RunBoth& run,
                               const Progress& progress) {
  for (int round = 1; round <= kRounds; ++round) {
    const auto candidates = all_candidates(shrinkers);
    if (candidates.empty()) return {};
    progress(fmt::format("round {}: {} candidates", round, candidates.size()));
    const auto both = run(candidates, 0);
    if (!both) return tl::unexpected(both.error());
    for (auto& shrinker : shrinkers) {
      if (!shrinker.candidates().empty()) shrinker.take(both->base, both->now);
    }
  }
  return {};
}

// One cause shows by one symptom, however many sequences lead to it, and by the same calls.
std::string cause(const Shrinker& shrinker) {
  std::set<std::string> names;
  for (const Step& step : shrinker.sequence().steps) names.insert(step.operation->name);
  return fmt::format("{} | {}", shrinker.symptom(), fmt::join(names, " "));
}

// Whether it comes again, alone, in a fresh boot of each kernel.
model::Result<bool> alone(Finding& finding, const RunBoth& run, int disturbance) {
  const auto both = run({finding.sequence}, disturbance);
  if (!both) return tl::unexpected(both.error());
  const auto base = both->base.find(finding.sequence.id);
  const auto now = both->now.find(finding.sequence.id);
  if (base == both->base.end() || now == both->now.end()) return false;
  const auto difference = first_difference(base->second, now->second);
  if (!difference || symptom(finding.sequence, *difference) != finding.symptom) return false;
  const bool same =
      finding.subject.empty() || (finding.base == base->second && finding.now == now->second);
  finding.subject = subject(finding.sequence, *difference);
  finding.base = base->second;
  finding.now = now->second;
  return same;
}

// What is no more than luck does not come again with another memory layout. A documented change
// needs less proof.
model::Result<bool> confirm(Finding& finding, const RunBoth& run, const Explain& explain) {
  auto again = alone(finding, run, 1);
  if (!again || !*again) return again;
  finding.known = explain("explore:" + finding.subject);
  return finding.known.empty() ? alone(finding, run, 2) : again;
}

}  // namespace

model::Result<Exploration> explore(const std::vector<Sequence>& sequences, const RunBoth& run,
                                   const Explain& explain, const Progress& progress) {
  Exploration result;
  const auto both = run(sequences, 0);
  if (!both) return tl::unexpected(both.error());
  const auto symptoms = compare(sequences, *both, result);
  progress(fmt::format("{} sequences, {} differ, in {} ways", result.sequences, result.different,
                       symptoms.size()));
  std::vector<Shrinker> shrinkers;
  for (const auto& [text, candidates] : symptoms) {
    for (std::size_t i = 0; i < std::min(kShrunkOfEach, candidates.size()); ++i) {
      shrinkers.emplace_back(candidates[i].sequence, candidates[i].difference);
    }
  }
  if (auto shrunk = shrink_all(shrinkers, run, progress); !shrunk) {
    return tl::unexpected(shrunk.error());
  }
  std::map<std::string, Finding> findings;
  for (const auto& shrinker : shrinkers) {
    Finding& finding = findings[cause(shrinker)];
    const auto steps = shrinker.sequence().steps.size();
    if (finding.seen != 0 && finding.sequence.steps.size() <= steps) continue;
    finding.sequence = shrinker.sequence();
    finding.symptom = shrinker.symptom();
    finding.seen = static_cast<int>(symptoms.at(shrinker.symptom()).size());
  }
  for (auto& [text, finding] : findings) {
    progress(fmt::format("alone: {}", finding.symptom));
    const auto confirmed = confirm(finding, run, explain);
    if (!confirmed) return tl::unexpected(confirmed.error());
    if (!*confirmed) {
      ++result.unrepeated;
      continue;
    }
    result.findings.push_back(finding);
  }
  return result;
}

}  // namespace nsvet::explore
