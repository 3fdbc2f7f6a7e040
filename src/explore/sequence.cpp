#include "explore/sequence.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <span>

namespace nsvet::explore {
namespace {

std::vector<std::string_view> words_of_line(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t begin = line.find_first_not_of(' '); begin != std::string_view::npos;) {
    const auto end = std::min(line.find(' ', begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(' ', end);
  }
  return words;
}

const op* find_operation(std::string_view name) {
  static const auto kByName = [] {
    std::map<std::string_view, const op*> all;
    for (const op* operation : operations()) all[operation->name] = operation;
    return all;
  }();
  const auto found = kByName.find(name);
  return found == kByName.end() ? nullptr : found->second;
}

model::Result<Step> step_from_words(const std::vector<std::string_view>& words) {
  Step step;
  const auto& actor = words[0];
  const auto parsed = std::from_chars(actor.data(), actor.data() + actor.size(), step.actor);
  if (parsed.ec != std::errc() || step.actor < 0 || step.actor >= ACTORS || words.size() < 2) {
    return model::bad_input("expected an actor's number, an operation and its arguments");
  }
  step.operation = find_operation(words[1]);
  if (step.operation == nullptr) {
    return model::bad_input(fmt::format("no operation \"{:.40}\"", words[1]));
  }
  const auto count = static_cast<std::size_t>(param_count(*step.operation));
  if (words.size() != count + 2) {
    return model::bad_input(fmt::format("{} takes {} arguments", words[1], count));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const domain& from = *step.operation->params[i].domain;
    int index = 0;
    while (index < from.count && words[i + 2] != from.words[index].name) ++index;
    if (index == from.count) {
      return model::bad_input(fmt::format("no {} \"{:.40}\"", from.name, words[i + 2]));
    }
    step.words[i] = index;
  }
  return step;
}

}  // namespace

const std::vector<const op*>& operations() {
  static const auto kAll = [] {
    std::vector<const op*> all;
    for (const group& rows : std::span(kGroups, static_cast<std::size_t>(kGroupCount))) {
      for (int i = 0; i < *rows.count; ++i) all.push_back(rows.ops + i);
    }
    return all;
  }();
  return kAll;
}

int param_count(const op& operation) {
  int count = 0;
  while (count < kParams && operation.params[count].domain != nullptr) ++count;
  return count;
}

const word& word_of(const Step& step, int param) {
  const auto i = static_cast<std::size_t>(param);
  return step.operation->params[i].domain->words[step.words[i]];
}

std::string to_text(const Step& step) {
  std::string text = fmt::format("{} {}", step.actor, step.operation->name);
  for (int i = 0; i < param_count(*step.operation); ++i) {
    text += fmt::format(" {}", word_of(step, i).name);
  }
  return text;
}

std::string to_text(const Sequence& sequence) {
  std::string text = fmt::format("sequence {} {}\n", sequence.id, sequence.user ? "user" : "root");
  for (const Step& step : sequence.steps) text += to_text(step) + "\n";
  return text;
}

model::Result<std::vector<Sequence>> sequences_from_text(std::string_view text,
                                                         std::string_view name) {
  std::vector<Sequence> sequences;
  int number = 0;
  auto wrong = [&](std::string_view what) {
    return model::bad_input(fmt::format("{}:{}: {}", name, number, what));
  };
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto words = words_of_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words[0] == "sequence") {
      if (words.size() != 3 || (words[2] != "root" && words[2] != "user")) {
        return wrong("expected: sequence ID root|user");
      }
      sequences.push_back({std::string(words[1]), words[2] == "user", {}});
      continue;
    }
    if (sequences.empty()) return wrong("expected: sequence ID root|user");
    auto step = step_from_words(words);
    if (!step) return wrong(step.error().message);
    if (sequences.back().steps.size() == STEPS) return wrong(fmt::format("over {} steps", +STEPS));
    sequences.back().steps.push_back(*step);
  }
  return sequences;
}

std::vector<step> runnable(const Sequence& sequence) {
  std::vector<step> steps;
  for (const Step& from : sequence.steps) {
    step to{};
    to.actor = from.actor;
    to.run = from.operation->run;
    for (int i = 0; i < param_count(*from.operation); ++i) {
      to.v[i] = {word_of(from, i).n, word_of(from, i).name};
    }
    steps.push_back(to);
  }
  return steps;
}

}  // namespace nsvet::explore
