#include "explore/trim.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "explore/shrink.h"

namespace nsvet::explore {
namespace {

using Reaches = std::map<std::string, Reach>;

class Trimmer {
 public:
  Trimmer(Sequence sequence, Reach wanted, bool whole)
      : sequence_(std::move(sequence)),
        wanted_(std::move(wanted)),
        size_(whole ? 0 : (sequence_.steps.size() + 3) / 4) {}

  // Without each part of the steps.
  std::vector<Sequence> candidates() const {
    std::vector<Sequence> all;
    if (size_ == 0 || sequence_.steps.size() <= 1) return all;
    for (std::size_t begin = 0; begin < sequence_.steps.size(); begin += size_) {
      all.push_back(without(sequence_, begin, begin + size_));
      all.back().id = fmt::format("{}/{}", sequence_.id, all.size());
    }
    return all;
  }

  // Without all of the parts that could go one by one, and without the first of them.
  std::vector<Sequence> best(const Reaches& reaches) {
    std::vector<Sequence> good;
    Sequence all = sequence_;
    all.id += "/all";
    const auto tried = candidates();
    for (std::size_t part = tried.size(); part-- > 0;) {
      if (!suffices(tried[part].id, reaches)) continue;
      all = without(all, part * size_, (part + 1) * size_);
      good.insert(good.begin(), tried[part]);
    }
    if (good.size() > 1) good.insert(good.begin(), all);
    good.resize(std::min<std::size_t>(good.size(), 2));
    return good;
  }

  // The first of best() that is good in another boot, too; next come smaller parts.
  void take(const std::vector<Sequence>& best, const Reaches& again) {
    for (const Sequence& shorter : best) {
      if (shorter.steps.empty() || !suffices(shorter.id, again)) continue;
      sequence_.steps = shorter.steps;
      break;
    }
    size_ /= 2;
  }

  Entry entry() const { return {sequence_, wanted_}; }

 private:
  bool suffices(const std::string& id, const Reaches& reaches) const {
    const auto found = reaches.find(id);
    return found != reaches.end() && std::ranges::includes(found->second, wanted_);
  }

  Sequence sequence_;
  Reach wanted_;
  std::size_t size_;  ///< Of a part.
};

std::vector<Trimmer> trimmers_of(const std::vector<Entry>& entries,
                                 const std::set<std::string>& whole) {
  std::vector<Trimmer> trimmers;
  Reach reached;
  for (const Entry& entry : entries) {
    Reach own;
    std::ranges::set_difference(entry.reach, reached, std::inserter(own, own.end()));
    reached.insert(own.begin(), own.end());
    trimmers.emplace_back(entry.sequence, std::move(own), whole.contains(entry.sequence.id));
  }
  return trimmers;
}

}  // namespace

model::Result<std::vector<Entry>> trimmed(const std::vector<Entry>& entries,
                                          const std::set<std::string>& whole, const RunReach& run) {
  auto trimmers = trimmers_of(entries, whole);
  for (;;) {
    std::vector<Sequence> candidates;
    for (const auto& trimmer : trimmers) {
      std::ranges::copy(trimmer.candidates(), std::back_inserter(candidates));
    }
    if (candidates.empty()) break;
    const auto reaches = run(candidates, 0);
    if (!reaches) return tl::unexpected(reaches.error());
    std::vector<std::vector<Sequence>> best;
    std::vector<Sequence> again;
    for (auto& trimmer : trimmers) {
      best.push_back(trimmer.best(*reaches));
      std::ranges::copy(best.back(), std::back_inserter(again));
    }
    Reaches confirmed;
    if (!again.empty()) {
      auto ran = run(again, 2);
      if (!ran) return tl::unexpected(ran.error());
      confirmed = std::move(*ran);
    }
    for (std::size_t i = 0; i < trimmers.size(); ++i) trimmers[i].take(best[i], confirmed);
  }
  std::vector<Entry> shorter;
  for (const auto& trimmer : trimmers) shorter.push_back(trimmer.entry());
  return shorter;
}

}  // namespace nsvet::explore
