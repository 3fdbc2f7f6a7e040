#include "explore/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsvet::explore {
namespace {

std::string indented(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "        ";
  }
  return result;
}

std::string answer_of(const model::Trace& trace, std::size_t step) {
  return step < trace.answers.size() ? trace.answers[step] : "";
}

std::string side_by_side(const Finding& finding, const Subject& subject) {
  std::string text;
  const auto steps = std::max(finding.base.answers.size(), finding.now.answers.size());
  for (std::size_t i = 0; i < steps; ++i) {
    const auto base = answer_of(finding.base, i);
    const auto now = answer_of(finding.now, i);
    const auto what = i < finding.sequence.steps.size() ? to_text(finding.sequence.steps[i])
                                                        : std::string("kernel log");
    if (base == now) {
      text += fmt::format("    {} = {}\n", what, indented(base));
      continue;
    }
    text += fmt::format("    {}\n      {}: {}\n      {}: {}\n", what, subject.base, indented(base),
                        subject.now, indented(now));
  }
  return text;
}

double percent(int part, int of) { return of == 0 ? 0 : 100.0 * part / of; }

std::string rates_text(const Exploration& exploration) {
  std::string text = fmt::format("\n{:<22}{:>8}{:>8}{:>8}\n", "operation", "tried", "base", "new");
  for (const op* operation : operations()) {
    const auto found = exploration.rates.find(operation->name);
    const Rate rate = found == exploration.rates.end() ? Rate{} : found->second;
    const double worse = percent(std::min(rate.base, rate.now), rate.tried);
    const bool low = (operation->flags & FAILS) == 0 && worse < 100.0 / 3;
    text += fmt::format("{:<22}{:>8}{:>7.0f}%{:>7.0f}%{}\n", operation->name, rate.tried,
                        percent(rate.base, rate.tried), percent(rate.now, rate.tried),
                        (operation->flags & FAILS) != 0 ? "  meant to fail"
                        : low                           ? "  LOW"
                                                        : "");
  }
  return text;
}

}  // namespace

std::string to_text(const Exploration& exploration, const Subject& subject, bool rates) {
  int unexpected = 0;
  std::string body;
  int number = 0;
  for (const Finding& finding : exploration.findings) {
    unexpected += finding.known.empty() ? 1 : 0;
    body +=
        fmt::format("\n{}. {}   (seen {} times; {})\n{}", ++number, finding.subject, finding.seen,
                    finding.known.empty() ? "unexpected" : "expected: " + finding.known,
                    side_by_side(finding, subject));
  }
  return fmt::format("{} -> {}: {} sequences, {} differ: {} unexpected findings, {} expected\n",
                     subject.base, subject.now, exploration.sequences, exploration.different,
                     unexpected, static_cast<int>(exploration.findings.size()) - unexpected) +
         body + (rates ? rates_text(exploration) : "");
}

std::string to_text(const Sequence& sequence, const model::Trace& trace) {
  std::string text = fmt::format("sequence {} {}\n", sequence.id, sequence.user ? "user" : "root");
  for (std::size_t i = 0; i < sequence.steps.size(); ++i) {
    text += fmt::format("{} = {}\n", to_text(sequence.steps[i]), answer_of(trace, i));
  }
  if (!trace.trouble.empty()) text += trace.trouble + "\n";
  return text;
}

}  // namespace nsvet::explore
