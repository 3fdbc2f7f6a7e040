#include "render/markdown.h"

#include <fmt/format.h>

#include <array>

#include "compare/groups.h"
#include "compare/repeats.h"
#include "model/growth.h"
#include "render/structures.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

using compare::Group;
using compare::Section;

// So that nothing in a report is taken for markup, HTML or a mention.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*_{}[]<>()#+!|~@&").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  std::string out = "`";
  for (const char c : printable(text)) {
    if (c == '|') out += '\\';
    if (c != '`') out += c;
  }
  return out + '`';
}

std::string rows_of(const Group& group) {
  std::string out = "| what | where | change | |\n|---|---|---|---|\n";
  for (const auto& f : group.findings) {
    out +=
        fmt::format("| {} | {} | {} | {} |\n", to_string(f.kind), code(f.id), plain(change_of(f)),
                    plain(f.functions.empty() ? f.reason : functions_of(f)));
  }
  return out + "\n";
}

std::string groups_of(std::span<const Group> groups, Section section) {
  std::string out;
  Group single{};  // Findings that share nothing go into one table.
  for (const auto& group : groups) {
    if (group.section != section) continue;
    if (group.title.empty() && group.followers.empty()) {
      single.findings.push_back(group.findings.front());
      continue;
    }
    if (!group.title.empty()) {
      out += fmt::format("**{}**", plain(group.title));
      if (!group.source.empty()) out += fmt::format(" \\[{}\\]", plain(group.source));
      out += "\n\n";
    }
    out += rows_of(group);
    if (!group.followers.empty()) out += code(followers_of(group)) + "\n\n";
  }
  return (single.findings.empty() ? std::string() : rows_of(single)) + out;
}

std::string costs_of(const compare::Comparison& c) {
  std::string out = "| operation | before | after | change |\n|---|--:|--:|--:|\n";
  for (const auto& row : c.costs) {
    const bool differs =
        row.verdict == compare::Verdict::regression || row.verdict == compare::Verdict::improvement;
    const bool growth = row.kind == compare::CostRow::Kind::growth;
    out += fmt::format("| {}{} | {:.{}f} | {:.{}f} | {} |\n", code(row.id), growth ? " a step" : "",
                       row.before, growth ? 1 : 0, row.after, growth ? 1 : 0,
                       differs ? share_of(row) : no_change_of(row));
  }
  return out + "\n";
}

std::string structures_of(const std::vector<compare::StructureChange>& changes) {
  if (changes.empty()) return {};
  std::string out = "| structure | bytes | members |\n|---|---|---|\n";
  for (const auto& change : changes) {
    out += fmt::format("| {} | {} | {} |\n", code(change.name), plain(size_change_of(change)),
                       plain(member_changes_of(change)));
  }
  return out + "\n";
}

std::string folded(std::string_view title, const std::string& body) {
  if (body.empty()) return {};
  return fmt::format("<details><summary>{}</summary>\n\n{}</details>\n\n", title, body);
}

std::string growths_of(const model::Report& report) {
  std::string rows;
  for (const auto& growth : model::growths_of(report.benchmarks)) {
    rows += fmt::format("| {} | {} to {} | {} | {} |\n", code(growth.curve), growth.from, growth.to,
                        to_string(growth.fit.shape), slope_of(growth));
  }
  if (rows.empty()) return {};
  return folded("Growth",
                "| curve | over | shape | each step |\n|---|---|---|--:|\n" + rows + "\n");
}

}  // namespace

std::string markdown(std::span<const model::Report> reports) {
  std::string out;
  for (const auto& report : reports) {
    std::array<std::size_t, 4> n{};
    std::string failed;
    for (const auto& check : report.checks) {
      ++n[static_cast<std::size_t>(check.outcome)];
      if (check.outcome == model::Outcome::fail || check.outcome == model::Outcome::error) {
        failed += fmt::format("| {} | {} | {} |\n", to_string(check.outcome), code(check.id),
                              plain(check.reason));
      }
    }
    out += fmt::format("## {} as {}\n\n{} pass, {} fail, {} skip, {} error\n\n",
                       code(compare::release_of(report)), plain(report.cell.user), n[0], n[1], n[2],
                       n[3]);
    if (report.end.state != model::EndState::complete) {
      out += fmt::format("**{}**: {}\n\n", to_string(report.end.state), plain(report.end.message));
    }
    if (!failed.empty()) out += "| | check | reason |\n|---|---|---|\n" + failed + "\n";
    for (const auto& message : report.kernel_log) {
      out += fmt::format("- kernel {}: {}\n", plain(message.severity), plain(message.text));
    }
    std::string costs;
    for (const auto& bench : report.benchmarks) {
      if (bench.rounds.empty()) continue;
      costs += fmt::format("| {} | {} | {} | {} |\n", code(bench.id), bench.p50, bench.min,
                           bench.spread);
    }
    if (!costs.empty()) {
      out += folded(
          "Costs",
          fmt::format("| operation | median, {} | min | spread |\n"
                      "|---|--:|--:|--:|\n{}\n",
                      report.cell.clock == model::Clock::insn ? "instructions" : "ns", costs));
    }
    out += growths_of(report);
  }
  return out;
}

std::string markdown(const compare::ComparisonSet& set) {
  std::string out;
  for (std::size_t i = 0; i < set.comparisons.size(); ++i) {
    const auto& c = set.comparisons[i];
    const auto repeats = compare::repeats_of(set, i);
    const auto unexpected = c.unexpected();
    out +=
        fmt::format("## {} → {} as {}: {}\n\n", code(c.base_name), code(c.next_name), plain(c.user),
                    unexpected == 0 ? std::string("nothing unexpected")
                                    : counted(unexpected, "unexpected change"));
    out += beside(c) + ".\n\n";
    if (repeats.count > 0) {
      out += fmt::format("{} of all these are as for {} and not listed again.\n\n", repeats.count,
                         plain(repeats.user));
    }
    for (const auto& note : c.notes) out += plain(note) + "\n\n";
    const auto groups = grouped(repeats.rest);
    out += groups_of(groups, Section::own);
    for (const auto section : {Section::at_large, Section::expected}) {
      out += folded(heading(section), groups_of(groups, section));
    }
    out += folded("kernel structures (for information)", structures_of(repeats.rest.structures));
    if (!c.costs.empty()) {
      out += folded("All costs", costs_of(c) + std::string(clock_note(c.clock)) + "\n\n");
    }
  }
  for (const auto& cell : set.unmatched) out += fmt::format("Not compared: {}\n\n", plain(cell));
  return out;
}

}  // namespace nsvet::render
