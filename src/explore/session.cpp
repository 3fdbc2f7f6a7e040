#include "explore/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "explore/shrink.h"

namespace nsvet::explore {
namespace {

constexpr std::size_t kShrunkOfEach = 3;  ///< Sequences with one symptom that are made smaller.
constexpr int kRounds = 14;
constexpr int kHidden = 3;  ///< How often a sequence is run again without what is explained.

struct Candidate {
  Sequence sequence;
  Difference difference;
};

class Session {
 public:
  Session(const RunBoth& run, const Explain& explain, const Progress& progress)
      : run_(run), explain_(explain), progress_(progress) {}

  model::Result<Exploration> explore(const std::vector<Sequence>& drawn) {
    if (auto compared = compare(drawn); !compared) return tl::unexpected(compared.error());
    auto shrinkers = chosen();
    if (auto shrunk = shrink(shrinkers); !shrunk) return tl::unexpected(shrunk.error());
    auto findings = one_of_each_cause(shrinkers);
    if (auto confirmed = confirm(findings); !confirmed) return tl::unexpected(confirmed.error());
    return std::move(result_);
  }

 private:
  std::string known(const std::string& subject) const { return explain_("explore:" + subject); }

  // Behind a documented change another may hide: such sequences run again without that step.
  model::Result<void> compare(const std::vector<Sequence>& drawn) {
    auto sequences = drawn;
    for (int round = 0; round <= kHidden && !sequences.empty(); ++round) {
      const auto both = run_(sequences, 0);
      if (!both) return tl::unexpected(both.error());
      std::vector<Sequence> again;
      for (const Sequence& sequence : sequences) {
        const auto base = both->base.find(sequence.id);
        const auto now = both->now.find(sequence.id);
        if (base == both->base.end() || now == both->now.end()) continue;
        if (round == 0) count(sequence, base->second, now->second);
        const auto difference = first_difference(base->second, now->second);
        if (!difference) continue;
        result_.different += round == 0 ? 1 : 0;
        symptoms_[symptom(sequence, *difference)].push_back({sequence, *difference});
        if (known(subject(sequence, *difference)).empty()) continue;
        again.push_back(without(sequence, difference->step, difference->step + 1));
        again.back().id += "'";
      }
      result_.again += round == 0 ? again.size() : 0;
      sequences = std::move(again);
      progress_(fmt::format("{} sequences, {} differ, in {} ways", result_.sequences,
                            result_.different, symptoms_.size()));
    }
    return {};
  }

  void count(const Sequence& sequence, const model::Trace& base, const model::Trace& now) {
    ++result_.sequences;
    const auto steps = std::min({sequence.steps.size(), base.failed.size(), now.failed.size()});
    for (std::size_t i = 0; i < steps; ++i) {
      Rate& rate = result_.rates[sequence.steps[i].operation->name];
      ++rate.tried;
      rate.base += base.failed[i] == '0' ? 1 : 0;
      rate.now += now.failed[i] == '0' ? 1 : 0;
    }
  }

  // Of each symptom, the sequences that show it earliest; of what is explained, one.
  std::vector<Shrinker> chosen() {
    std::vector<Shrinker> shrinkers;
    for (auto& [text, candidates] : symptoms_) {
      std::ranges::stable_sort(candidates, {},
                               [](const Candidate& c) { return c.difference.step; });
      const auto& first = candidates.front();
      const bool explained = !known(subject(first.sequence, first.difference)).empty();
      const std::size_t most = explained ? 1 : kShrunkOfEach;
      for (std::size_t i = 0; i < std::min(most, candidates.size()); ++i) {
        shrinkers.emplace_back(candidates[i].sequence, candidates[i].difference);
      }
    }
    return shrinkers;
  }

  model::Result<void> shrink(std::vector<Shrinker>& shrinkers) {
    for (int round = 1; round <= kRounds; ++round) {
      std::vector<Sequence> candidates;
      for (const auto& shrinker : shrinkers) {
        for (auto& candidate : shrinker.candidates()) candidates.push_back(std::move(candidate));
      }
      if (candidates.empty()) return {};
      progress_(
          fmt::format("making them smaller, round {}: {} candidates", round, candidates.size()));
      const auto both = run_(candidates, 0);
      if (!both) return tl::unexpected(both.error());
      for (auto& shrinker : shrinkers) {
        if (!shrinker.candidates().empty()) shrinker.take(both->base, both->now);
      }
    }
    return {};
  }

  std::vector<Finding> one_of_each_cause(const std::vector<Shrinker>& shrinkers) const {
    std::map<std::string, Finding> findings;
    for (const auto& shrinker : shrinkers) {
      Finding found;
      found.sequence = shrinker.sequence();
      found.symptom = shrinker.symptom();
      found.seen = static_cast<int>(symptoms_.at(found.symptom).size());
      Finding& kept = findings[cause(found)];
      if (kept.seen == 0 || found.sequence.steps.size() < kept.sequence.steps.size()) {
        kept = std::move(found);
      }
    }
    std::vector<Finding> all;
    for (auto& [text, finding] : findings) all.push_back(std::move(finding));
    return all;
  }

  // What is no more than luck does not come again with another memory layout. All together first,
  // which is enough for a documented change; what is unexpected must come again alone, twice.
  model::Result<void> confirm(std::vector<Finding>& findings) {
    std::vector<Sequence> together;
    for (const auto& finding : findings) {
      together.push_back(finding.sequence);
      together.back().id = fmt::format("finding.{}", together.size());
    }
    if (together.empty()) return {};
    const auto both = run_(together, 1);
    if (!both) return tl::unexpected(both.error());
    for (std::size_t i = 0; i < findings.size(); ++i) {
      Finding& finding = findings[i];
      bool good = comes_again(finding, *both, together[i].id);
      if (good) finding.known = known(finding.subject);
      if (good && finding.known.empty()) {
        progress_(fmt::format("alone: {}", finding.subject));
        const auto confirmed = alone(finding);
        if (!confirmed) return tl::unexpected(confirmed.error());
        good = *confirmed;
      }
      if (good) {
        result_.findings.push_back(std::move(finding));
      } else {
        ++result_.unrepeated;
        progress_(fmt::format("did not come again: {} ({})", finding.symptom, finding.sequence.id));
      }
    }
    return {};
  }

  // Takes what it gave this time.
  static bool comes_again(Finding& finding, const Both& both, const std::string& id) {
    const auto base = both.base.find(id);
    const auto now = both.now.find(id);
    if (base == both.base.end() || now == both.now.end()) return false;
    const auto difference = first_difference(base->second, now->second);
    if (!difference || symptom(finding.sequence, *difference) != finding.symptom) return false;
    finding.subject = subject(finding.sequence, *difference);
    finding.base = base->second;
    finding.now = now->second;
    return true;
  }

  model::Result<bool> alone(Finding& finding) {
    std::optional<Finding> before;
    for (const int disturbance : {1, 2}) {
      const auto both = run_({finding.sequence}, disturbance);
      if (!both) return tl::unexpected(both.error());
      if (!comes_again(finding, *both, finding.sequence.id)) return false;
      if (before && (before->base != finding.base || before->now != finding.now)) return false;
      before = finding;
    }
    return true;
  }

  const RunBoth& run_;
  const Explain& explain_;
  const Progress& progress_;
  Exploration result_;
  std::map<std::string, std::vector<Candidate>> symptoms_;
};

}  // namespace

std::string cause(const Finding& finding) {
  std::set<std::string> names;
  for (const Step& step : finding.sequence.steps) names.insert(step.operation->name);
  return fmt::format("{} | {}", finding.symptom, fmt::join(names, " "));
}

bool all_expected(const Exploration& exploration) {
  return std::ranges::none_of(exploration.findings,
                              [](const Finding& finding) { return finding.known.empty(); });
}

model::Result<Exploration> explore(const std::vector<Sequence>& sequences, const RunBoth& run,
                                   const Explain& explain, const Progress& progress) {
  return Session(run, explain, progress).explore(sequences);
}

}  // namespace nsvet::explore
