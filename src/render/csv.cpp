#include "render/csv.h"

#include <fmt/format.h>

#include <initializer_list>

#include "render/structures.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

std::string row(std::initializer_list<std::string> cells) {
  std::string out;
  for (const auto& cell : cells) {
    if (&cell != cells.begin()) out += ',';
    const std::string text = printable(cell);
    if (text.find_first_of(",\"") == std::string::npos) {
      out += text;
      continue;
    }
    out += '"';
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    out += '"';
  }
  return out + "\r\n";
}

std::string optional(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : std::string();
}

std::string share_of(const compare::StructureChange& change) {
  if (!change.before || *change.before == 0 || !change.after) return {};
  return fmt::format("{:.4f}",
                     static_cast<double>(change.growth()) / static_cast<double>(*change.before));
}

}  // namespace

std::string csv(std::span<const model::Report> reports) {
  std::string out = row({"kernel", "user", "clock", "kind", "id", "outcome", "cold", "min", "p50",
                         "p90", "p99", "max", "spread", "count", "reason"});
  for (const auto& report : reports) {
    const std::string& kernel = compare::release_of(report);
    const std::string clock(to_string(report.cell.clock));
    for (const auto& check : report.checks) {
      out += row({kernel, report.cell.user, clock, "check", check.id,
                  std::string(to_string(check.outcome)), "", "", "", "", "", "", "", "",
                  check.reason});
    }
    for (const auto& bench : report.benchmarks) {
      if (bench.rounds.empty()) {
        out += row({kernel, report.cell.user, clock, "benchmark", bench.id,
                    bench.error.empty() ? "skip" : "error", "", "", "", "", "", "", "", "",
                    bench.error + bench.skipped});
        continue;
      }
      out += row({kernel, report.cell.user, clock, "benchmark", bench.id, "",
                  std::to_string(bench.cold), std::to_string(bench.min), std::to_string(bench.p50),
                  optional(bench.p90), optional(bench.p99), std::to_string(bench.max),
                  std::to_string(bench.spread), std::to_string(bench.count), ""});
    }
  }
  return out;
}

std::string csv(const compare::ComparisonSet& set) {
  std::string out = row({"base", "new", "user", "clock", "kind", "id", "before", "after", "change",
                         "effect", "expected", "why", "source", "reason"});
  for (const auto& c : set.comparisons) {
    const std::string clock(to_string(c.clock));
    for (const auto& f : c.findings) {
      out += row({c.base, c.next, c.user, clock, std::string(to_string(f.kind)), f.id, f.before,
                  f.after, f.difference == 0 ? std::string() : fmt::format("{:.4f}", f.change),
                  std::string(to_string(f.effect)), f.expected ? "yes" : "no", f.why, f.source,
                  f.reason});
    }
    for (const auto& r : c.costs) {
      if (r.verdict != compare::Verdict::same && r.verdict != compare::Verdict::cannot_tell) {
        continue;
      }
      out += row({c.base, c.next, c.user, clock,
                  r.kind == compare::CostRow::Kind::growth ? "growth" : "cost", r.id,
                  fmt::format("{:.0f}", r.before), fmt::format("{:.0f}", r.after),
                  fmt::format("{:.4f}", r.change()), std::string(to_string(r.verdict)), "", "", "",
                  ""});
    }
    for (const auto& change : c.structures) {
      out += row({c.base, c.next, c.user, clock, "structure", change.name, optional(change.before),
                  optional(change.after), share_of(change), "other", "", "", "",
                  member_changes_of(change)});
    }
  }
  return out;
}

}  // namespace nsvet::render
