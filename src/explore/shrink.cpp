#include "explore/shrink.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsvet::explore {
namespace {

Sequence without(const Sequence& from, std::size_t begin, std::size_t end) {
  Sequence less = from;
  less.steps.erase(less.steps.begin() + static_cast<std::ptrdiff_t>(begin),
                   less.steps.begin() + static_cast<std::ptrdiff_t>(end));
  return less;
}

// The last step is where the difference shows, so it stays.
std::size_t removable(const Sequence& sequence) { return sequence.steps.size() - 1; }

}  // namespace

Shrinker::Shrinker(Sequence sequence, const Difference& difference)
    : sequence_(std::move(sequence)), symptom_(explore::symptom(sequence_, difference)) {
  if (difference.step < sequence_.steps.size()) sequence_.steps.resize(difference.step + 1);
  skip_empty_phases();
}

void Shrinker::skip_empty_phases() {
  while (phase_ != Phase::done && candidates().empty()) next_phase();
}

void Shrinker::next_phase() { phase_ = static_cast<Phase>(static_cast<int>(phase_) + 1); }

std::vector<Sequence> Shrinker::smaller() const {
  std::vector<Sequence> all;
  const auto count = removable(sequence_);
  for (auto size = phase_ == Phase::chunks ? (count + 1) / 2 : 1; size >= 1; size /= 2) {
    if (size == 1 && phase_ == Phase::chunks) break;
    for (std::size_t begin = 0; begin < count; begin += size) {
      all.push_back(without(sequence_, begin, std::min(begin + size, count)));
    }
  }
  return all;
}

std::vector<Sequence> Shrinker::simpler() const {
  std::vector<Sequence> all;
  if (sequence_.user) {
    all.push_back(sequence_);
    all.back().user = false;
  }
  for (std::size_t i = 0; i < sequence_.steps.size(); ++i) {
    if (sequence_.steps[i].actor != 0) {
      all.push_back(sequence_);
      all.back().steps[i].actor = 0;
    }
    for (std::size_t word = 0; word < kParams; ++word) {
      if (sequence_.steps[i].words[word] == 0) continue;
      all.push_back(sequence_);
      all.back().steps[i].words[word] = 0;
    }
  }
  return all;
}

std::vector<Sequence> Shrinker::candidates() const {
  if (phase_ == Phase::done) return {};
  auto all = merged_;
  for (auto& one : phase_ == Phase::arguments ? simpler() : smaller()) all.push_back(one);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].id = fmt::format("{}/{}", sequence_.id, i);
  return all;
}

void Shrinker::take(const Traces& base, const Traces& now) {
  std::vector<Sequence> good;
  for (auto& candidate : candidates()) {
    const auto a = base.find(candidate.id);
    const auto b = now.find(candidate.id);
    if (a == base.end() || b == now.end()) continue;
    const auto difference = first_difference(a->second, b->second);
    if (difference && explore::symptom(candidate, *difference) == symptom_) {
      good.push_back(candidate);
    }
  }
  const bool was_merged = !merged_.empty();
  merged_.clear();
  if (good.empty()) {
    next_phase();
  } else {
    if (good.size() > 1 && !was_merged) merge(good);
    const std::string id = sequence_.id;
    sequence_ = *std::ranges::min_element(
        good, {}, [](const Sequence& candidate) { return candidate.steps.size(); });
    sequence_.id = id;
  }
  skip_empty_phases();
}

// What can go one by one can often go together: that is tried next.
void Shrinker::merge(const std::vector<Sequence>& good) {
  Sequence all = sequence_;
  if (phase_ == Phase::singles) {
    std::erase_if(all.steps, [&, i = std::size_t{0}](const Step&) mutable {
      const auto at = i++;
      return at < removable(sequence_) &&
             std::ranges::any_of(good, [less = without(sequence_, at, at + 1)](const auto& one) {
               return one.steps == less.steps;
             });
    });
  } else if (phase_ == Phase::arguments) {
    for (const Sequence& one : good) {
      if (one.user != sequence_.user) all.user = one.user;
      for (std::size_t i = 0; i < all.steps.size(); ++i) {
        if (one.steps[i] == sequence_.steps[i]) continue;
        if (one.steps[i].actor != sequence_.steps[i].actor) all.steps[i].actor = one.steps[i].actor;
        for (std::size_t word = 0; word < kParams; ++word) {
          if (one.steps[i].words[word] != sequence_.steps[i].words[word]) {
            all.steps[i].words[word] = one.steps[i].words[word];
          }
        }
      }
    }
  } else {
    return;
  }
  merged_.push_back(all);
}

}  // namespace nsvet::explore
