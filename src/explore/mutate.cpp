#include "explore/mutate.h"

#include <algorithm>
#include <optional>

#include "explore/drawing.h"

namespace nsvet::explore {
namespace {

constexpr std::size_t kMostChanges = 4;
constexpr std::size_t kLongest = 40;  ///< What is inserted needs room, too.

/// Nothing: one that is to be drawn.
using Steps = std::vector<std::optional<Step>>;

std::size_t place(Random& random, const Steps& steps) {
  return static_cast<std::size_t>(random.below(steps.size()));
}

void alter(Step& step, Random& random) {
  const int count = param_count(*step.operation);
  if (count == 0 || random.chance(25)) {
    step.actor = random.below(ACTORS);
    return;
  }
  const auto which = static_cast<std::size_t>(random.below(static_cast<std::size_t>(count)));
  const domain& from = *step.operation->params[which].domain;
  step.words[which] = random.below(static_cast<std::size_t>(from.count));
}

void splice(Steps& steps, const std::vector<Step>& other, Random& random) {
  steps.resize(static_cast<std::size_t>(random.below(steps.size() + 1)));
  const auto from = random.below(other.size() + 1);
  steps.insert(steps.end(), other.begin() + from, other.end());
}

void change(Steps& steps, const std::vector<Step>& other, Random& random) {
  enum { insert, leave_out, swap, argument, rest, kinds };
  const int kind = steps.empty() ? insert : random.below(kinds);
  if (kind == insert) {
    steps.insert(steps.begin() + random.below(steps.size() + 1), std::nullopt);
  } else if (kind == leave_out) {
    steps.erase(steps.begin() + random.below(steps.size()));
  } else if (kind == swap) {
    const auto one = place(random, steps);
    std::swap(steps[one], steps[place(random, steps)]);
  } else if (kind == argument) {
    auto& step = steps[place(random, steps)];
    if (step) alter(*step, random);
  } else {
    splice(steps, other, random);
  }
}

}  // namespace

std::vector<Step> mutated(const Sequence& parent, const Sequence& other, Random& random,
                          const std::vector<std::string>& focus) {
  Steps steps(parent.steps.begin(), parent.steps.end());
  for (int count = 1 + random.below(kMostChanges); count > 0; --count) {
    change(steps, other.steps, random);
  }
  steps.resize(std::min(steps.size(), kLongest));
  Drawing drawing(random, focus);
  for (const auto& step : steps) {
    if (step) {
      drawing.repeat(*step);
    } else {
      drawing.draw();
    }
  }
  if (drawing.steps().empty()) drawing.draw();
  drawing.epilogue();
  return drawing.steps();
}

}  // namespace nsvet::explore
