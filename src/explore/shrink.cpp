#include "explore/shrink.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsvet::explore {
namespace {

// The last step is where the difference shows, so it stays.
std::size_t removable(const Sequence& sequence) { return sequence.steps.size() - 1; }

}  // namespace

Sequence without(const Sequence& from, std::size_t begin, std::size_t end) {
  const auto count = from.steps.size();
  Sequence less = from;
  less.steps.erase(less.steps.begin() + static_cast<std::ptrdiff_t>(std::min(begin, count)),
                   less.steps.begin() + static_cast<std::ptrdiff_t>(std::min(end, count)));
  return less;
}

Shrinker::Shrinker(Sequence sequence, const Difference& difference)
    : sequence_(std::move(sequence)), symptom_(explore::symptom(sequence_, difference)) {
  if (difference.step < sequence_.steps.size()) sequence_.steps.resize(difference.step + 1);
  skip_empty_phases();
}

void Shrinker::skip_empty_phases() {
  while (phase_ != Phase::done && candidates().empty()) next_phase();
}

void Shrinker::next_phase() { phase_ = static_cast<Phase>(static_cast<int>(phase_) + 1); }

// Halves, quarters and so on, down to single steps.
std::vector<Sequence> Shrinker::smaller() const {
  std::vector<Sequence> all;
  const auto count = removable(sequence_);
  for (auto size = (count + 1) / 2; size >= 1; size /= 2) {
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
  auto all = phase_ == Phase::steps ? smaller() : simpler();
  if (merged_) all.push_back(*merged_);
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
  // What can go one by one can often go together: that is tried next.
  const bool first = !merged_;
  merged_.reset();
  if (good.empty()) {
    next_phase();
  } else {
    if (first && good.size() > 1) {
      merged_ = phase_ == Phase::steps ? all_removed(good) : all_simplified(good);
    }
    // The last of the smallest: of simpler arguments, all together.
    const std::string id = sequence_.id;
    sequence_ = *std::min_element(good.rbegin(), good.rend(), [](const auto& a, const auto& b) {
      return a.steps.size() < b.steps.size();
    });
    sequence_.id = id;
  }
  skip_empty_phases();
}

Sequence Shrinker::all_removed(const std::vector<Sequence>& good) const {
  Sequence all = sequence_;
  std::erase_if(all.steps, [&, i = std::size_t{0}](const Step&) mutable {
    const auto at = i++;
    return at < removable(sequence_) &&
           std::ranges::any_of(good, [less = without(sequence_, at, at + 1)](const auto& one) {
             return one.steps == less.steps;
           });
  });
  return all;
}

Sequence Shrinker::all_simplified(const std::vector<Sequence>& good) const {
  Sequence all = sequence_;
  for (const Sequence& one : good) {
    if (one.user != sequence_.user) all.user = one.user;
    for (std::size_t i = 0; i < all.steps.size(); ++i) {
      const Step& old = sequence_.steps[i];
      if (one.steps[i].actor != old.actor) all.steps[i].actor = one.steps[i].actor;
      for (std::size_t word = 0; word < kParams; ++word) {
        if (one.steps[i].words[word] != old.words[word]) {
          all.steps[i].words[word] = one.steps[i].words[word];
        }
      }
    }
  }
  return all;
}

}  // namespace nsvet::explore
