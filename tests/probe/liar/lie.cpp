#include "lie.h"

#include <fmt/format.h>
#include <sys/syscall.h>

#include <algorithm>
#include <optional>

#include "model/ns_type.h"
#include "names.h"

namespace nsvet::liar {
namespace {

using Verb = Lie::Verb;

// A wrong text ends the parse from wherever it is seen.
struct Wrong {
  std::string why;
};

class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  /// Takes what stands before any of these characters, or all.
  std::string_view until(std::string_view ends) {
    const auto size = std::min(rest_.find_first_of(ends), rest_.size());
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void want(std::string_view word) {
    if (!take(word)) throw Wrong{fmt::format("\"{}\" expected before \"{}\"", word, rest_)};
  }
  std::string_view all() { return until(""); }
  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::int64_t value_of(std::string_view text) {
  const auto value = constant(text);
  if (!value) throw Wrong{fmt::format("no number or name \"{}\"", text)};
  return *value;
}

unsigned argument_of(std::string_view text) {
  const auto value = value_of(text);
  if (value < 0 || value > 5) throw Wrong{fmt::format("no argument {}", value)};
  return static_cast<unsigned>(value);
}

std::string type_of(std::string_view text) {
  if (!model::ns_type_from_name(text)) throw Wrong{fmt::format("no namespace type \"{}\"", text)};
  return std::string(text);
}

Condition parse_condition(std::string_view text) {
  using Test = Condition::Test;
  if (text == "init") return {.test = Test::init};
  if (text.starts_with('#')) {
    return {.test = Test::nth, .value = static_cast<std::uint64_t>(value_of(text.substr(1)))};
  }
  Cursor cursor(text);
  const auto left = cursor.until("=!&~");
  if (left == "in" && cursor.take("=")) {
    return {.test = Test::inside, .text = type_of(cursor.all())};
  }
  if (left == "out" && cursor.take("=")) {
    return {.test = Test::outside, .text = type_of(cursor.all())};
  }
  Condition condition{.argument = argument_of(left)};
  if (cursor.take("~")) {
    condition.test = Test::contains;
    condition.text = cursor.all();
    return condition;
  }
  if (cursor.take("!=")) {
    condition.test = Test::differs;
  } else if (cursor.take("&")) {
    condition.test = Test::bits;
  } else {
    cursor.want("==");
  }
  condition.value = static_cast<std::uint64_t>(value_of(cursor.all()));
  return condition;
}

void parse_conditions(Cursor& cursor, Lie& lie) {
  if (!cursor.take("[")) return;
  do {
    lie.conditions.push_back(parse_condition(cursor.until(",]")));
  } while (cursor.take(","));
  cursor.want("]");
}

void parse_call(Cursor& cursor, Lie& lie) {
  const auto name = cursor.until("[:=");
  const auto number = call_number(name);
  if (!number) throw Wrong{fmt::format("no system call \"{}\"", name)};
  lie.calls.push_back(*number);
  parse_conditions(cursor, lie);
}

// "=V", "=+V", "|=V", "&=V"
void parse_change(Cursor& cursor, Lie& lie) {
  if (cursor.take("|=")) {
    lie.change = Lie::Change::set_bits;
  } else if (cursor.take("&=")) {
    lie.change = Lie::Change::keep_bits;
  } else if (cursor.take("=+")) {
    lie.change = Lie::Change::add;
  } else {
    cursor.want("=");
  }
  lie.to = value_of(cursor.all());
}

// "FROM=TO", where FROM may be "*"
void parse_mapping(Cursor& cursor, Lie& lie) {
  const auto from = cursor.until("=");
  lie.any = from == "*";
  if (!lie.any) lie.from = value_of(from);
  parse_change(cursor, lie);
}

// "ARG>OFFSET...:OFFSET:WIDTH=VALUE", "...:WIDTH:OLD=NEW"
void parse_poke(Cursor& cursor, Lie& lie) {
  parse_call(cursor, lie);
  cursor.want(":");
  lie.place.push_back(argument_of(cursor.until(">:")));
  while (cursor.take(">"))
    lie.place.push_back(static_cast<std::uint64_t>(value_of(cursor.until(">:"))));
  cursor.want(":");
  lie.place.push_back(static_cast<std::uint64_t>(value_of(cursor.until(":"))));
  cursor.want(":");
  const auto width = value_of(cursor.until("=|&:"));
  if (width != 1 && width != 2 && width != 4 && width != 8) {
    throw Wrong{fmt::format("no width {}: 1, 2, 4 or 8 bytes", width)};
  }
  lie.width = static_cast<unsigned>(width);
  if (cursor.take(":")) {
    parse_mapping(cursor, lie);
  } else {
    lie.any = true;
    parse_change(cursor, lie);
  }
}

void parse_flags(Cursor& cursor, Lie& lie) {
  if (cursor.rest().find(':') == std::string_view::npos) {
    lie.calls = {SYS_clone, SYS_clone3, SYS_unshare};
  } else {
    parse_call(cursor, lie);
    cursor.want(":");
  }
  lie.to = value_of(cursor.all());
}

std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    switch (text[++i]) {
      case 's':
        plain += ' ';
        break;
      case 'n':
        plain += '\n';
        break;
      case 't':
        plain += '\t';
        break;
      default:
        plain += text[i];
    }
  }
  return plain;
}

void parse_verb(std::string_view verb, Cursor& cursor, Lie& lie) {
  if (verb == "skip") {
    lie.forced = true;
    parse_call(cursor, lie);
    if (cursor.take("=")) lie.to = value_of(cursor.all());
  } else if (verb == "arg") {
    lie.verb = Verb::argument;
    parse_call(cursor, lie);
    cursor.want(":");
    lie.place.push_back(argument_of(cursor.until("=|&")));
    parse_change(cursor, lie);
  } else if (verb == "in" || verb == "out") {
    lie.verb = verb == "in" ? Verb::before : Verb::after;
    parse_poke(cursor, lie);
  } else if (verb == "strip" || verb == "add") {
    lie.verb = verb == "strip" ? Verb::strip : Verb::add;
    parse_flags(cursor, lie);
  } else if (verb == "hold") {
    lie.verb = Verb::hold;
    parse_call(cursor, lie);
    cursor.want(":");
    lie.text = type_of(cursor.all());
  } else if (verb == "errno") {
    lie.verb = Verb::error;
    parse_call(cursor, lie);
    cursor.want(":");
    parse_mapping(cursor, lie);
  } else if (verb == "result") {
    lie.verb = Verb::result;
    parse_call(cursor, lie);
    if (cursor.take(":")) {
      parse_mapping(cursor, lie);
    } else {
      lie.any = true;
      parse_change(cursor, lie);
    }
  } else if (verb == "read") {
    lie.verb = Verb::read;
    lie.calls = {SYS_read, SYS_pread64, SYS_readlink, SYS_readlinkat, SYS_recvfrom, SYS_getcwd};
    const auto all = cursor.all();
    const auto arrow = all.find("=>");
    if (arrow == std::string_view::npos) throw Wrong{"\"=>\" expected"};
    lie.pattern = std::regex(std::string(all.substr(0, arrow)));
    lie.text = unescaped(all.substr(arrow + 2));
  } else if (verb == "link") {
    lie.verb = Verb::link;
    lie.calls = {SYS_stat,  SYS_lstat,    SYS_fstat,     SYS_newfstatat,
                 SYS_statx, SYS_readlink, SYS_readlinkat};
    lie.text = type_of(cursor.all());
  } else if (verb == "signal") {
    lie.verb = Verb::signal;
    if (cursor.take("drop=")) {
      lie.from = value_of(cursor.all());
    } else {
      parse_mapping(cursor, lie);
    }
  } else if (verb == "siginfo") {
    lie.verb = Verb::siginfo;
    lie.any = !cursor.rest().starts_with("SIG");
    if (!lie.any) {
      lie.from = value_of(cursor.until(":"));
      cursor.want(":");
    }
    lie.text = cursor.until("=|&");
    parse_change(cursor, lie);
  } else if (verb == "record" || verb == "told") {
    lie.verb = verb == "record" ? Verb::record : Verb::told;
    lie.text = cursor.all();
  } else {
    throw Wrong{fmt::format("no lie \"{}:\"", verb)};
  }
}

Lie parse(std::string_view text) {
  Lie lie;
  Cursor cursor(text);
  if (text == "attach") {
    lie.verb = Verb::attach;
    return lie;
  }
  const auto head = cursor.until("[:=");
  if (cursor.rest().starts_with("[") || cursor.rest().starts_with(":")) {
    if (!call_number(head) || cursor.rest().starts_with(":") || head == "read") {
      // A verb; "read" is one too when a pattern follows its conditions.
      Cursor ahead = cursor;
      Lie trial;
      parse_conditions(ahead, trial);
      if (ahead.take(":")) {
        lie.conditions = trial.conditions;
        parse_verb(head, ahead, lie);
        return lie;
      }
    }
  }
  cursor = Cursor(text);
  parse_call(cursor, lie);
  if (cursor.take("=")) lie.to = -value_of(cursor.all());
  if (!cursor.empty()) throw Wrong{fmt::format("\"{}\" is too much", cursor.rest())};
  return lie;
}

}  // namespace

bool Lie::traced() const {
  if (verb != Verb::answer || forced) return true;
  return std::ranges::any_of(conditions, [](const Condition& condition) {
    return condition.test > Condition::Test::bits;
  });
}

tl::expected<Lie, std::string> parse_lie(std::string_view text) {
  try {
    Lie lie = parse(text);
    lie.source = text;
    // The n-th call is the n-th of those for which the rest holds.
    std::ranges::stable_partition(lie.conditions, [](const Condition& condition) {
      return condition.test != Condition::Test::nth;
    });
    return lie;
  } catch (const Wrong& wrong) {
    return tl::unexpected(wrong.why);
  } catch (const std::regex_error& wrong) {
    return tl::unexpected(std::string("no regular expression: ") + wrong.what());
  }
}

std::uint64_t changed(const Lie& lie, std::uint64_t value) {
  const auto operand = static_cast<std::uint64_t>(lie.to);
  switch (lie.change) {
    case Lie::Change::add:
      return value + operand;
    case Lie::Change::set_bits:
      return value | operand;
    case Lie::Change::keep_bits:
      return value & operand;
    case Lie::Change::set:
      break;
  }
  return operand;
}

}  // namespace nsvet::liar
