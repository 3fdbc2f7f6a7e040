#include "cli/explore_grow.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/explore_reach.h"
#include "explore/trim.h"
#include "sys/file.h"

namespace nsvet::cli {
namespace {

// Small enough that what is new is mutated soon; a boot is paid for each.
constexpr int kBatch = 200;

constexpr std::string_view kHead = "# Written by nsvet explore --grow: see docs/explore.md.\n";

// What is named so has been trimmed; others are given names that no drawn sequence has.
constexpr std::string_view kTrimmed = "corpus.";

model::Result<std::vector<explore::Sequence>> read_corpus(const std::string& file) {
  const auto there = sys::exists(file);
  if (there && !*there) return {};
  const auto text = sys::read_file(file);
  if (!text) return model::bad_input(to_string(text.error()));
  auto sequences = explore::sequences_from_text(*text, file);
  if (!sequences) return sequences;
  for (std::size_t i = 0; i < sequences->size(); ++i) {
    auto& id = (*sequences)[i].id;
    if (!id.starts_with(kTrimmed)) id = fmt::format("file.{}", i + 1);
  }
  return sequences;
}

std::vector<explore::Sequence> sequences_of(const std::vector<explore::Entry>& entries) {
  std::vector<explore::Sequence> sequences;
  for (const auto& entry : entries) sequences.push_back(entry.sequence);
  return sequences;
}

model::Result<void> write_corpus(const std::string& file,
                                 const std::vector<explore::Sequence>& sequences) {
  std::string text(kHead);
  for (const auto& sequence : sequences) text += to_text(sequence);
  const auto written = sys::replace_file(file, text);
  if (!written) return model::bad_input(to_string(written.error()));
  return {};
}

class Guests {
 public:
  static model::Result<Guests> create(const GrowOptions& options) {
    Guests guests;
    for (const auto& kernel : options.kernels) {
      auto guest = ReachGuest::create(
          kernel, {.append = options.append, .seed = static_cast<int>(options.seed % 1000000)});
      if (!guest) return tl::unexpected(guest.error());
      guests.all_.push_back(std::move(*guest));
    }
    return guests;
  }

  // What a sequence reached on any of them.
  model::Result<std::map<std::string, explore::Reach>> run(
      const std::vector<explore::Sequence>& sequences, int disturbance) {
    std::map<std::string, explore::Reach> all;
    for (const auto& guest : all_) {
      auto reached = guest.run(sequences, disturbance, features_);
      if (!reached) return tl::unexpected(reached.error());
      for (auto& [id, reach] : *reached) all[id].merge(reach);
    }
    return all;
  }

 private:
  std::vector<ReachGuest> all_;
  explore::Features features_;
};

}  // namespace

model::Result<void> grow_corpus(const GrowOptions& options) {
  const auto start = read_corpus(options.file);
  if (!start) return tl::unexpected(start.error());
  auto guests = Guests::create(options);
  if (!guests) return tl::unexpected(guests.error());
  const explore::RunReach run = [&](const auto& sequences, int disturbance) {
    return guests->run(sequences, disturbance);
  };
  explore::Growth growth(run);
  if (!start->empty()) {
    if (auto kept = growth.consider(*start); !kept) return tl::unexpected(kept.error());
  }
  for (int first = 0;; first += kBatch) {
    const auto corpus = sequences_of(minimised(growth.entries()));
    if (auto written = write_corpus(options.file, corpus); !written) return written;
    fmt::print(stderr, "{} sequences: {} in the corpus, {} reached\n",
               std::min(first, options.sequences), corpus.size(), growth.reached().size());
    if (first >= options.sequences) break;
    std::vector<explore::Sequence> batch;
    for (int i = first; i < std::min(first + kBatch, options.sequences); ++i) {
      batch.push_back(
          explore::generate({.seed = options.seed, .focus = options.focus, .corpus = corpus},
                            static_cast<std::uint64_t>(i)));
    }
    if (auto kept = growth.consider(batch); !kept) return tl::unexpected(kept.error());
  }
  std::set<std::string> whole;
  for (const auto& sequence : *start) {
    if (sequence.id.starts_with(kTrimmed)) whole.insert(sequence.id);
  }
  const auto shorter = trimmed(minimised(growth.entries()), whole, run);
  if (!shorter) return tl::unexpected(shorter.error());
  auto corpus = sequences_of(*shorter);
  for (std::size_t i = 0; i < corpus.size(); ++i)
    corpus[i].id = fmt::format("{}{}", kTrimmed, i + 1);
  return write_corpus(options.file, corpus);
}

}  // namespace nsvet::cli
