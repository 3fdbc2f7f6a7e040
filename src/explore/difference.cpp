#include "explore/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace nsvet::explore {
namespace {

std::string_view next_word(std::string_view& text) {
  const auto begin = std::min(text.find_first_not_of(" \n|"), text.size());
  text.remove_prefix(begin);
  const auto word = text.substr(0, text.find_first_of(" \n|"));
  text.remove_prefix(word.size());
  return word;
}

Difference part(std::size_t step, std::string_view base, std::string_view now) {
  for (;;) {
    const auto a = next_word(base);
    const auto b = next_word(now);
    if (a != b || (a.empty() && b.empty())) {
      return {step, a.empty() ? "nothing" : std::string(a), b.empty() ? "nothing" : std::string(b)};
    }
  }
}

// Numbers say little of a cause: "m3" and "m7" are "m#".
std::string without_numbers(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit) plain += c;
    if (digit && !plain.ends_with('#')) plain += '#';
  }
  return plain;
}

std::string operation_text(const Sequence& sequence, std::size_t step) {
  if (step >= sequence.steps.size()) return "kernel log";
  const std::string text = to_text(sequence.steps[step]);
  return text.substr(text.find(' ') + 1);
}

}  // namespace

std::optional<Difference> first_difference(const model::Trace& base, const model::Trace& now) {
  if (base.trouble != now.trouble) return part(0, base.trouble, now.trouble);
  const auto steps = std::max(base.answers.size(), now.answers.size());
  for (std::size_t i = 0; i < steps; ++i) {
    const std::string_view a = i < base.answers.size() ? base.answers[i] : std::string_view();
    const std::string_view b = i < now.answers.size() ? now.answers[i] : std::string_view();
    if (a != b) return part(i, a, b);
  }
  return std::nullopt;
}

std::string subject(const Sequence& sequence, const Difference& difference) {
  return fmt::format("{}: {} -> {}", operation_text(sequence, difference.step), difference.base,
                     difference.now);
}

std::string symptom(const Sequence& sequence, const Difference& difference) {
  const std::string operation = operation_text(sequence, difference.step);
  const std::string name = difference.step < sequence.steps.size()
                               ? sequence.steps[difference.step].operation->name
                               : operation;
  return fmt::format("{}: {} -> {}", name, without_numbers(difference.base),
                     without_numbers(difference.now));
}

}  // namespace nsvet::explore
