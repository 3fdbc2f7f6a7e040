#include "render/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

namespace nsvet::render {
namespace {

using compare::Finding;

// The length of the UTF-8 sequence at the front of `text`, 0 when it is none that may be printed.
std::size_t sequence_at(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  if (lead < 0x80) return lead >= ' ' && lead != 0x7f ? 1 : 0;
  const std::size_t length = lead >= 0xf0 ? 4 : (lead >= 0xe0 ? 3 : 2);
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, beyond Unicode; and U+0080 to U+009F, which are controls.
  const auto next = byte(1);
  if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) ||
      (lead == 0xf0 && next < 0x90) || (lead == 0xf4 && next > 0x8f) ||
      (lead == 0xc2 && next < 0xa0)) {
    return 0;
  }
  return length;
}

std::string number(const std::string& digits) {
  return digits.find_first_not_of("0123456789") == std::string::npos && digits.size() < 19
             ? grouped(std::stoll("0" + digits))
             : digits;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t length = sequence_at(text);
    kept += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return kept;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > (number < 0 ? 1 : 0);
       place -= 3) {
    digits.insert(static_cast<std::size_t>(place), " ");
  }
  return digits;
}

std::string percent(double change) {
  if (change >= 9.995) return fmt::format("x {:.1f}", change + 1);
  return fmt::format("{:+.{}f} %", change * 100, std::abs(change) < 0.001 ? 2 : 1);
}

std::string slope_of(const model::Growth& growth) {
  if (growth.fit.shape == model::Shape::constant) return {};
  return fmt::format("{:.1f}", growth.fit.slope);
}

std::string counted(std::size_t n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const auto space = text.find(' ');
    std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
      lines.emplace_back();
    }
    if (!lines.back().empty()) lines.back() += ' ';
    while (word.size() > width) {  // A word that no line can hold.
      lines.back() += word.substr(0, width);
      word.remove_prefix(width);
      lines.emplace_back();
    }
    lines.back() += word;
  }
  return lines;
}

std::string change_of(const Finding& finding) {
  const std::string before = printable(finding.before);
  const std::string after = printable(finding.after);
  if (finding.difference == 0) {
    return before == "nothing" ? after : fmt::format("{} -> {}", before, after);
  }
  const std::string each = finding.kind == Finding::Kind::growth ? " a step" : "";
  const std::string share = finding.change == 0 ? "" : "  " + percent(finding.change);
  return fmt::format("{} -> {}{}{}", number(before), number(after), each, share);
}

std::string beside(const compare::Comparison& comparison) {
  const auto following = comparison.following();
  return fmt::format(
      "{}{} expected, {} as before",
      following == 0 ? std::string() : fmt::format("{} that follow these, ", following),
      comparison.expected(), counted(comparison.checks_same, "check"));
}

std::string_view heading(compare::Section section) {
  switch (section) {
    case compare::Section::own:
      return {};
    case compare::Section::at_large:
      return "the kernel at large: calls that involve no namespace";
    case compare::Section::expected:
      return "expected, because documented";
  }
  return {};
}

std::string in_braces(std::span<const std::string> ids) {
  std::vector<std::pair<std::string, std::vector<std::string>>> families;
  for (const auto& id : ids) {
    const auto slash = id.find('/', id.starts_with("inside/") || id.starts_with("look/") ? 7 : 0);
    const std::string family = id.substr(0, slash);
    if (slash == std::string::npos) {
      families.push_back({id, {}});
      continue;
    }
    if (families.empty() || families.back().first != family) families.push_back({family, {}});
    families.back().second.push_back(id.substr(slash + 1));
  }
  std::vector<std::string> names;
  for (const auto& [family, members] : families) {
    names.push_back(members.empty() ? family
                    : members.size() == 1
                        ? fmt::format("{}/{}", family, members.front())
                        : fmt::format("{}/{{{}}}", family, fmt::join(members, ", ")));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string followers_of(const compare::Group& group) {
  if (group.followers.empty()) return {};
  return fmt::format("followed by {}: {}", group.followers.size(), in_braces(group.followers));
}

std::string rest_of(std::span<const Finding> findings) {
  std::vector<std::string> ids;
  std::vector<double> changes;
  for (const auto& finding : findings) {
    ids.push_back(finding.id);
    if (finding.change != 0) changes.push_back(finding.change);
  }
  std::ranges::sort(ids);
  std::string range;
  if (!changes.empty()) {
    const auto [least, most] = std::ranges::minmax(changes);
    range = fmt::format(", {} to {}", percent(least), percent(most));
  }
  return fmt::format("and {} more{}: {}", findings.size(), range, in_braces(ids));
}

std::string share_of(const compare::CostRow& row) {
  return row.change() == 0 ? "from 0" : percent(row.change());
}

std::string functions_of(const Finding& finding) {
  std::vector<std::string> parts;
  std::int64_t sum = 0;
  for (const auto& function : finding.functions) {
    sum += function.change();
    const bool many =
        function.name == compare::kOtherFunctions || function.name == compare::kKnownFunctions;
    parts.push_back(fmt::format(
        "{} {:+}",
        many ? function.name.substr(1, function.name.size() - 2) : printable(function.name),
        function.change()));
  }
  if (parts.empty()) return {};
  // Another boot is explained than those that are measured.
  const std::string together =
      std::llround(finding.difference) == sum ? std::string() : fmt::format("; together {:+}", sum);
  return fmt::format("in {}{}", fmt::join(parts, ", "), together);
}

std::string no_change_of(const compare::CostRow& row) {
  if (row.verdict == compare::Verdict::same) return "=";
  return row.detectable ? fmt::format("? (< {:.0f} %)", std::ceil(*row.detectable * 100)) : "?";
}

std::string_view clock_note(model::Clock clock) {
  return clock == model::Clock::insn
             ? "Figures are executed instructions under emulation, interrupts in the window "
               "included: no cache or TLB misses, no lock contention, no hypervisor exits."
             : "Figures are nanoseconds on this machine; a process of the benchmark is one "
               "observation. \"?\" is cannot tell: a change of up to that size could have gone "
               "unseen.";
}

}  // namespace nsvet::render
