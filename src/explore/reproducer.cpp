#include "explore/reproducer.h"

#include <fmt/format.h>

#include <set>
#include <span>

#include "explore/sources.h"

namespace nsvet::explore {
namespace {

constexpr std::string_view kTable = "// The table.";

// Everything behind "// The table." is how sequences are drawn; includes of ours are put in place.
std::string body_of(std::string_view name) {
  std::string body;
  std::string_view text = source_text(name);
  text = text.substr(0, text.find(kTable));
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    text.remove_prefix(line.size());
    if (!line.starts_with("#include \"")) body += line;
  }
  return body;
}

// Of the operations in a file, those that run; whatever else stands there may be needed by them.
std::string only(std::string text, const std::set<std::string>& wanted) {
  for (std::size_t at = 0; (at = text.find("\nOP(", at)) != std::string::npos;) {
    const auto begin = at + 4;
    const std::string name = text.substr(begin, text.find(')', begin) - begin);
    if (wanted.contains(name)) {
      at = begin;
      continue;
    }
    // A body of one line ends its line; others end with a brace in the first column.
    const auto line_end = text.find('\n', begin);
    const auto end = text[line_end - 1] == '}' ? line_end : text.find("\n}", begin) + 2;
    text.erase(at, end - at);
  }
  return text;
}

std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string reproducer(const Sequence& sequence, const std::string& comment) {
  std::string program = "/*\n" + comment + " */\n#define _GNU_SOURCE\n";
  program += body_of("step.h") + body_of("core.h") + body_of("core.c");
  std::set<const op*> used;
  for (const Step& step : sequence.steps) used.insert(step.operation);
  for (const group& rows : std::span(kGroups, static_cast<std::size_t>(kGroupCount))) {
    std::set<std::string> wanted;
    for (int i = 0; i < *rows.count; ++i) {
      if (used.contains(rows.ops + i)) wanted.insert(rows.ops[i].function);
    }
    if (!wanted.empty()) program += only(body_of(rows.file), wanted);
  }
  program += "\nstatic const struct step steps[] = {\n";
  std::string texts;
  for (const Step& step : sequence.steps) {
    program += fmt::format("    {{{}, op_{}, {{", step.actor, step.operation->function);
    for (int i = 0; i < param_count(*step.operation); ++i) {
      const word& word = word_of(step, i);
      program += fmt::format("{}{{{}, {}}}", i == 0 ? "" : ", ", word.n, literal(word.name));
    }
    program += "}},\n";
    texts += fmt::format("    {},\n", literal(to_text(step)));
  }
  program += "};\nstatic const char* const texts[] = {\n" + texts + "};\n";
  program += fmt::format(R"text(
int main(void) {{
  static struct answer answers[STEPS];
  int count = (int)(sizeof steps / sizeof *steps);
  if (prepare(3000000) < 0 || (count = run_steps(steps, count, {}, answers)) < 0) {{
    perror("no sandbox (run it as root)");
    return 1;
  }}
  for (int i = 0; i < count; i++) printf("%s = %s\n", texts[i], answers[i].text);
  return 0;
}}
)text",
                         sequence.user ? 1 : 0);
  return program;
}

}  // namespace nsvet::explore
