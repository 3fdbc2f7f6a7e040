#include "explore/generate.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/drawing.h"
#include "explore/mutate.h"

namespace nsvet::explore {
namespace {

// Two operations that matter to each other must meet: pairs grow as the square.
constexpr std::size_t kShortest = 8;
constexpr std::size_t kLongest = 26;

constexpr int kMutations = 50;  ///< Percent.

std::vector<Step> afresh(Random& random, const std::vector<std::string>& focus) {
  Drawing drawing(random, focus);
  drawing.cast();
  const auto length = drawing.steps().size() + kShortest +
                      static_cast<std::size_t>(random.below(kLongest - kShortest));
  while (drawing.steps().size() < length) drawing.draw();
  drawing.epilogue();
  return drawing.steps();
}

std::vector<const Sequence*> in_focus(const Source& source) {
  std::vector<const Sequence*> all;
  for (const Sequence& sequence : source.corpus) {
    if (std::ranges::any_of(sequence.steps, [&](const Step& step) {
          return touches(*step.operation, source.focus);
        })) {
      all.push_back(&sequence);
    }
  }
  return all;
}

}  // namespace

Sequence generate(const Source& source, std::uint64_t number) {
  Random random(source.seed, number);
  Sequence sequence{fmt::format("{}.{}", source.seed, number), random.chance(50), {}};
  const auto parents = in_focus(source);
  if (!parents.empty() && random.chance(kMutations)) {
    const Sequence& parent = *random.pick(parents);
    // What it reached it may reach only so.
    if (random.chance(80)) sequence.user = parent.user;
    sequence.steps = mutated(parent, *random.pick(parents), random, source.focus);
  } else {
    sequence.steps = afresh(random, source.focus);
  }
  return sequence;
}

}  // namespace nsvet::explore
