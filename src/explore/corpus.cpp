#include "explore/corpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "explore/sources.h"

namespace nsvet::explore {
namespace {

bool is_errno(std::string_view word) {
  return word.size() > 2 && word[0] == 'E' && std::ranges::all_of(word, [](unsigned char c) {
           return std::isupper(c) != 0 || std::isdigit(c) != 0;
         });
}

std::vector<std::string_view> errnos(std::string_view answer) {
  constexpr std::string_view kBetween = " \n|=,:";
  std::vector<std::string_view> all;
  while (!answer.empty()) {
    const auto end = std::min(answer.find_first_of(kBetween), answer.size());
    if (is_errno(answer.substr(0, end))) all.push_back(answer.substr(0, end));
    answer.remove_prefix(std::min(end + 1, answer.size()));
  }
  return all;
}

std::size_t beyond(const Reach& reach, const Reach& reached) {
  return static_cast<std::size_t>(
      std::ranges::count_if(reach, [&](auto feature) { return !reached.contains(feature); }));
}

}  // namespace

const std::vector<Sequence>& corpus() {
  static const auto kAll = sequences_from_text(source_text("corpus.seq"), "corpus.seq").value();
  return kAll;
}

std::uint32_t Features::number(const std::string& feature) {
  return numbers_.try_emplace(feature, static_cast<std::uint32_t>(numbers_.size())).first->second;
}

std::set<std::string> outcomes(const Sequence& sequence, const model::Trace& trace) {
  std::set<std::string> all;
  const auto steps = std::min({sequence.steps.size(), trace.answers.size(), trace.failed.size()});
  for (std::size_t i = 0; i < steps; ++i) {
    const std::string name = sequence.steps[i].operation->name;
    if (trace.failed[i] == '0') all.insert(name + " 0");
    for (const auto error : errnos(trace.answers[i])) all.insert(fmt::format("{} {}", name, error));
  }
  return all;
}

std::vector<Entry> minimised(const std::vector<Entry>& entries) {
  struct Left {
    const Entry* entry;
    Reach rest;  ///< That no chosen one reaches.
  };
  std::vector<Left> left;
  for (const Entry& entry : entries) left.push_back({&entry, entry.reach});
  std::vector<Entry> chosen;
  for (;;) {
    const auto best = std::ranges::max_element(left, {}, [](const Left& one) {
      return std::pair(one.rest.size(), -std::ssize(one.entry->sequence.steps));
    });
    if (best == left.end() || best->rest.empty()) return chosen;
    chosen.push_back(*best->entry);
    const Reach gained = std::move(best->rest);
    left.erase(best);
    for (Left& one : left) {
      std::erase_if(one.rest, [&](auto feature) { return gained.contains(feature); });
    }
  }
}

model::Result<std::size_t> Growth::consider(const std::vector<Sequence>& batch) {
  const auto first = run_(batch, 0);
  if (!first) return tl::unexpected(first.error());
  std::vector<Sequence> candidates;
  Reach promised = reached_;
  for (const Sequence& sequence : batch) {
    const auto found = first->find(sequence.id);
    if (found == first->end() || beyond(found->second, promised) == 0) continue;
    promised.insert(found->second.begin(), found->second.end());
    candidates.push_back(sequence);
  }
  if (candidates.empty()) return 0;
  const auto second = run_(candidates, 2);
  if (!second) return tl::unexpected(second.error());
  std::size_t kept = 0;
  for (const Sequence& sequence : candidates) {
    const auto again = second->find(sequence.id);
    if (again == second->end()) continue;
    Entry entry{sequence, {}};
    std::ranges::set_intersection(first->at(sequence.id), again->second,
                                  std::inserter(entry.reach, entry.reach.end()));
    if (beyond(entry.reach, reached_) == 0) continue;
    reached_.insert(entry.reach.begin(), entry.reach.end());
    entries_.push_back(std::move(entry));
    ++kept;
  }
  return kept;
}

}  // namespace nsvet::explore
