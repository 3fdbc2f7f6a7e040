#include "render/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <span>

#include "compare/groups.h"
#include "compare/repeats.h"
#include "compare/structures.h"
#include "model/growth.h"
#include "render/structures.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

using compare::Comparison;
using compare::Finding;
using compare::Group;
using compare::Repeats;
using compare::Verdict;
using model::Outcome;

class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  std::string red(const std::string& text) const { return paint("31", text); }
  std::string green(const std::string& text) const { return paint("32", text); }
  std::string dim(const std::string& text) const { return paint("2", text); }
  std::string bold(const std::string& text) const { return paint("1", text); }
  std::string of(Finding::Effect effect, const std::string& text) const {
    if (effect == Finding::Effect::worse) return red(text);
    return effect == Finding::Effect::better ? green(text) : text;
  }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return on_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
  }
  bool on_;
};

std::string paragraph(std::string_view text, std::size_t indent, int width, const Paint& paint) {
  std::string out;
  for (const auto& line : wrapped(printable(text), static_cast<std::size_t>(width) - indent)) {
    out += std::string(indent, ' ') + paint.dim(line) + '\n';
  }
  return out;
}

std::string check_table(const model::Report& report) {
  std::map<std::string, std::array<int, 4>> rows;
  std::array<int, 4> all{};
  for (const auto& check : report.checks) {
    ++rows[check.id.substr(0, check.id.find('.'))][static_cast<std::size_t>(check.outcome)];
    ++all[static_cast<std::size_t>(check.outcome)];
  }
  const auto line = [](const std::string& name, const std::array<int, 4>& n) {
    return fmt::format("{:<10}{:>7}{:>7}{:>7}{:>7}\n", name, n[0], n[1], n[2], n[3]);
  };
  std::string out =
      fmt::format("{:<10}{:>7}{:>7}{:>7}{:>7}\n", "checks", "pass", "fail", "skip", "error");
  for (const auto& [type, n] : rows) out += line(printable(type), n);
  return out + line("all", all);
}

template <class Rows>
std::size_t widest_id(const Rows& rows, std::size_t least) {
  for (const auto& row : rows) least = std::max(least, printable(row.id).size());
  return least;
}

std::string benchmark_table(const model::Report& report) {
  const std::size_t width = widest_id(report.benchmarks, 18);
  std::string out =
      fmt::format("{:<{}}{:>12}{:>12}{:>12}{:>10}  {}\n", "benchmark", width, "median", "min",
                  "cold", "spread", report.cell.clock == model::Clock::insn ? "insn" : "ns");
  for (const auto& bench : report.benchmarks) {
    if (bench.samples.empty()) {
      out += fmt::format("{:<{}}  {}\n", printable(bench.id), width,
                         printable(bench.skipped + bench.error));
      continue;
    }
    std::string more;
    if (bench.failed_calls != 0) more += fmt::format("  {} failed", bench.failed_calls);
    if (const auto* part = compare::structure_behind(bench.id, report.structures)) {
      more += fmt::format("  bytes, of which struct {} {}", printable(part->name), part->size);
    }
    out += fmt::format("{:<{}}{:>12}{:>12}{:>12}{:>10}{}\n", printable(bench.id), width,
                       grouped(bench.p50), grouped(bench.min), grouped(bench.cold),
                       grouped(bench.spread), more);
  }
  return out;
}

std::string growth_table(const std::vector<model::Growth>& growths) {
  std::size_t width = 18;
  for (const auto& growth : growths) width = std::max(width, printable(growth.curve).size());
  std::string out = fmt::format("{:<{}}{:>14}  {:<18}{:>12}\n", "growth", width, "from, to",
                                "shape", "each step");
  for (const auto& growth : growths) {
    out += fmt::format("{:<{}}{:>14}  {:<18}{:>12}\n", printable(growth.curve), width,
                       fmt::format("{}, {}", growth.from, growth.to),
                       model::to_string(growth.fit.shape), slope_of(growth));
  }
  return out;
}

std::string finding_lines(const Finding& finding, std::size_t indent, int width,
                          const Paint& paint) {
  const std::string change = change_of(finding);
  const std::string name = fmt::format("{:<8}{}", to_string(finding.kind), printable(finding.id));
  std::string out(indent, ' ');
  if (indent + name.size() + 2 + change.size() <= static_cast<std::size_t>(width)) {
    const std::size_t column = std::max<std::size_t>(name.size() + 2, 38 - indent);
    const bool room = indent + column + change.size() <= static_cast<std::size_t>(width);
    out += fmt::format("{:<{}}", name, room ? column : name.size() + 2) + change;
    out = finding.expected ? out : paint.of(finding.effect, out);
    out += '\n';
  } else {
    out = (finding.expected ? out + name : paint.of(finding.effect, out + name)) + '\n';
    out += paragraph(change, indent + 8, width, Paint(false));
  }
  return out;
}

// Of a group: the largest ones are told by line. Other formats have all.
std::span<const Finding> told(const Group& group) {
  constexpr std::size_t kMost = 4;
  const std::span findings = group.findings;
  return findings.size() > kMost + 1 ? findings.first(kMost) : findings;
}

std::string group_lines(const Group& group, int width, const Paint& paint) {
  std::string out;
  std::size_t indent = 2;
  if (!group.title.empty()) {
    out += paragraph(group.title, 2, width, Paint(false));
    if (!group.source.empty()) out += paragraph("[" + group.source + "]", 2, width, paint);
    indent = 4;
  }
  std::string said;
  for (const auto& finding : told(group)) {
    out += finding_lines(finding, indent, width, paint);
    if (!finding.functions.empty()) {
      out += paragraph(functions_of(finding), indent + 8, width, paint);
    }
    if (finding.reason.empty() || finding.reason == said) continue;
    said = finding.reason;
    out += paragraph(finding.reason, indent + 8, width, paint);
  }
  if (const auto rest = std::span(group.findings).subspan(told(group).size()); !rest.empty()) {
    out += paragraph(rest_of(rest), indent + 8, width, paint);
  }
  if (!group.followers.empty()) out += paragraph(followers_of(group), indent + 8, width, paint);
  return out;
}

std::string verdict(const Comparison& c, const Paint& paint) {
  const auto unexpected = c.unexpected();
  if (unexpected == 0) return paint.green("nothing unexpected");
  std::size_t worse = 0;
  std::size_t better = 0;
  for (const auto& finding : c.findings) {
    if (finding.expected || !finding.follows.empty()) continue;
    if (finding.effect == Finding::Effect::worse) ++worse;
    if (finding.effect == Finding::Effect::better) ++better;
  }
  return paint.red(counted(unexpected, "unexpected change")) +
         fmt::format(" ({} worse, {} better)", worse, better);
}

std::string one_comparison(const Comparison& c, const Repeats& repeats, const Paint& paint,
                           int width) {
  std::string head = fmt::format("{} -> {}, as {}", printable(c.base_name), printable(c.next_name),
                                 printable(c.user));
  if (!c.append.empty()) head += printable(fmt::format(", {}", fmt::join(c.append, " ")));
  std::string out = paint.bold(head) + ": " + verdict(c, paint) + "\n";
  out += fmt::format("  {}{}\n", beside(c),
                     c.fail_on_both.empty()
                         ? std::string()
                         : fmt::format(", {} of them failing", c.fail_on_both.size()));
  if (repeats.count > 0) {
    out += fmt::format("  {} of all these are as for {} and not listed again\n", repeats.count,
                       printable(repeats.user));
  }
  for (const auto& id : c.fail_on_both) out += paragraph("fails on both: " + id, 4, width, paint);
  for (const auto& note : c.notes) out += paragraph(note, 2, width, paint);
  auto section = compare::Section::own;
  for (const auto& group : grouped(repeats.rest)) {
    if (group.section != section) {
      section = group.section;
      out += "\n" + paint.bold(fmt::format("  {}", heading(section))) + "\n";
    } else if (!group.title.empty()) {
      out += '\n';
    }
    out += group_lines(group, width, paint);
  }
  if (!repeats.rest.structures.empty()) {
    out += "\n" + paint.bold("  kernel structures, in bytes (for information)") + "\n";
    out += structure_changes_text(repeats.rest.structures, width);
  }
  return out;
}

using CostKey = std::pair<compare::CostRow::Kind, std::string>;

// Costs to be tabled: on the insn clock those that are told by line; in time all, for what could
// not be told is worth knowing.
void add_worth_a_row(const Comparison& c, std::set<CostKey>& keys) {
  std::set<std::string> ids;
  for (const auto& group : grouped(c)) {
    for (const auto& finding : told(group)) ids.insert(finding.id);
  }
  for (const auto& row : c.costs) {
    if (c.clock == model::Clock::wall || ids.contains(row.id)) keys.insert({row.kind, row.id});
  }
}

// One column for each kernel after the base; as many tables as the width asks for.
class CostMatrix {
 public:
  CostMatrix(std::span<const Comparison> comparisons, const std::set<CostKey>& keys, int width)
      : comparisons_(comparisons), width_(static_cast<std::size_t>(width)) {
    for (const auto& c : comparisons) {
      for (const auto& row : c.costs) {
        if (!keys.contains({row.kind, row.id})) continue;
        name_width_ = std::max(name_width_, row.id.size());
        bases_.try_emplace({row.kind, row.id}, row.before);
      }
    }
    name_width_ = std::min<std::size_t>(name_width_, 36) + 1;
  }

  std::string text() const {
    const bool figures = name_width_ + kFigure + comparisons_.size() * kBoth <= width_;
    const std::size_t column = figures ? kBoth : kShare;
    const std::size_t at_once =
        std::max<std::size_t>(1, (width_ - std::min(width_, name_width_ + kFigure)) / column);
    std::string out;
    for (std::size_t i = 0; i < comparisons_.size(); i += at_once) {
      if (i > 0) out += '\n';
      out += part(comparisons_.subspan(i, std::min(at_once, comparisons_.size() - i)), figures,
                  column);
    }
    return out;
  }

 private:
  static constexpr std::size_t kFigure = 11;
  static constexpr std::size_t kShare = 12;
  static constexpr std::size_t kBoth = 21;

  std::string part(std::span<const Comparison> some, bool figures, std::size_t column) const {
    std::string out = fmt::format("{:<{}}{:>{}}", "cost", name_width_,
                                  printable(some.front().base_name), kFigure);
    for (const auto& c : some) out += fmt::format("{:>{}}", printable(c.next_name), column);
    out += '\n';
    for (const auto& [key, base] : bases_) {
      const auto kind = key.first;
      const std::string& id = key.second;
      const bool growth = kind == compare::CostRow::Kind::growth;
      out += fmt::format("{:<{}}{:>{}}", printable(id) + (growth ? " a step" : ""), name_width_,
                         value(base, growth), kFigure);
      for (const auto& c : some) {
        const auto row = std::ranges::find_if(
            c.costs, [&](const auto& r) { return r.kind == kind && r.id == id; });
        if (row == c.costs.end()) {
          out += fmt::format("{:>{}}", "-", column);
          continue;
        }
        const bool differs =
            row->verdict == Verdict::regression || row->verdict == Verdict::improvement;
        const std::string share = differs ? share_of(*row) : no_change_of(*row);
        out += fmt::format(
            "{:>{}}", figures ? fmt::format("{} {:>8}", value(row->after, growth), share) : share,
            column);
      }
      out += '\n';
    }
    return out;
  }

  static std::string value(double figure, bool growth) {
    return growth ? fmt::format("{:.1f}", figure) : grouped(std::llround(figure));
  }

  std::span<const Comparison> comparisons_;
  std::size_t width_;
  std::size_t name_width_ = 18;
  std::map<CostKey, double> bases_;
};

}  // namespace

std::string text(const model::Report& report, const Style& style) {
  const Paint paint(style.colour);
  std::string out;
  if (!report.checks.empty()) out += check_table(report) + "\n";
  for (const auto& check : report.checks) {
    if (check.outcome != Outcome::fail && check.outcome != Outcome::error) continue;
    out += paint.red(fmt::format("{:<6}{}", to_string(check.outcome), printable(check.id))) + "\n";
    out += paragraph(check.reason, 6, style.width, paint);
  }
  if (!report.benchmarks.empty()) {
    out += benchmark_table(report);
    const auto growths = model::growths_of(report.benchmarks);
    if (!growths.empty()) out += growth_table(growths);
    out += paragraph(clock_note(report.cell.clock), 0, style.width, paint);
  }
  for (const auto& message : report.kernel_log) {
    out += paint.red(
               fmt::format("kernel {}: {}", printable(message.severity), printable(message.text))) +
           "\n";
  }
  for (const auto& line : report.residue)
    out += paint.red("left behind: " + printable(line)) + "\n";
  if (report.end.state != model::EndState::complete) {
    const auto during =
        report.end.running.empty() ? "" : ", running " + printable(report.end.running);
    out += paint.red(fmt::format("{}: {}{}", to_string(report.end.state),
                                 printable(report.end.message), during)) +
           "\n";
    for (const auto& line : report.end.console) out += "  | " + printable(line) + "\n";
  }
  return out;
}

std::string text(const compare::ComparisonSet& set, const Style& style) {
  const Paint paint(style.colour);
  std::string out;
  const std::span all(set.comparisons);
  for (std::size_t i = 0; i < all.size();) {
    const Comparison& first = all[i];
    std::set<CostKey> keys;
    const std::size_t begin = i;
    for (; i < all.size() && all[i].user == first.user && all[i].append == first.append &&
           all[i].base == first.base;
         ++i) {
      const Repeats repeats = compare::repeats_of(set, i);
      out += one_comparison(all[i], repeats, paint, style.width) + "\n";
      add_worth_a_row(repeats.rest, keys);
    }
    if (keys.empty()) continue;
    out += fmt::format("as {}, against {}; \"=\" is within the noise; --format csv has all costs\n",
                       printable(first.user), printable(first.base_name));
    out += CostMatrix(all.subspan(begin, i - begin), keys, style.width).text();
    out += paragraph(clock_note(first.clock), 0, style.width, paint) + "\n";
  }
  for (const auto& cell : set.unmatched) {
    out += paragraph("not compared, for want of another such cell: " + cell, 0, style.width,
                     Paint(false));
  }
  return out;
}

}  // namespace nsvet::render
