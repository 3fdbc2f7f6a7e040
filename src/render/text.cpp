#include "render/text.h"

#include <fmt/format.h>

#include <array>
#include <map>

namespace nsvet::render {
namespace {

using compare::Comparison;
using compare::Finding;
using model::Outcome;

constexpr const char* kInsnNote =
    "Figures are executed instructions under emulation, interrupts in the window included:\n"
    "no cache or TLB misses, no lock contention, no hypervisor exits.\n";

class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  std::string red(const std::string& text) const { return paint("31", text); }
  std::string green(const std::string& text) const { return paint("32", text); }
  std::string dim(const std::string& text) const { return paint("2", text); }
  std::string bold(const std::string& text) const { return paint("1", text); }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return on_ ? fmt::format("\033[{}m{}\033[0m", code, text) : text;
  }
  bool on_;
};

std::string cut(const std::string& text, int width) {
  if (static_cast<int>(text.size()) <= width) return text;
  return text.substr(0, static_cast<std::size_t>(std::max(0, width - 3))) + "...";
}

std::string check_table(const model::Report& report) {
  std::map<std::string, std::array<int, 4>> rows;
  for (const auto& check : report.checks) {
    const std::string type = check.id.substr(0, check.id.find('.'));
    ++rows[type][static_cast<std::size_t>(check.outcome)];
    ++rows["all"][static_cast<std::size_t>(check.outcome)];
  }
  std::string out =
      fmt::format("{:<10}{:>7}{:>7}{:>7}{:>7}\n", "checks", "pass", "fail", "skip", "error");
  const auto all = rows.extract("all");
  for (const auto& [type, n] : rows) {
    out += fmt::format("{:<10}{:>7}{:>7}{:>7}{:>7}\n", printable(type), n[0], n[1], n[2], n[3]);
  }
  const auto& n = all.mapped();
  return out + fmt::format("{:<10}{:>7}{:>7}{:>7}{:>7}\n", "all", n[0], n[1], n[2], n[3]);
}

std::string benchmark_table(const model::Report& report) {
  std::string out =
      fmt::format("{:<20}{:>12}{:>12}{:>12}{:>10}  {}\n", "benchmark", "median", "min", "cold",
                  "spread", report.cell.clock == model::Clock::insn ? "instructions" : "ns");
  for (const auto& bench : report.benchmarks) {
    if (bench.samples.empty()) {
      out += fmt::format("{:<20}  {}\n", printable(bench.id),
                         cut(printable(bench.skipped + bench.error), 56));
      continue;
    }
    out += fmt::format(
        "{:<20}{:>12}{:>12}{:>12}{:>10}{}\n", printable(bench.id), grouped(bench.p50),
        grouped(bench.min), grouped(bench.cold), grouped(bench.spread),
        bench.failed_calls == 0 ? std::string() : fmt::format("  {} failed", bench.failed_calls));
  }
  return out;
}

std::string kind_name(Finding::Kind kind) {
  constexpr std::array<const char*, 6> kNames{"rule", "fact", "cost", "kernel", "end", "residue"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string change_of(const Finding& finding) {
  if (finding.kind != Finding::Kind::cost || finding.change == 0) {
    return fmt::format("{} -> {}", printable(finding.before), printable(finding.after));
  }
  return fmt::format("{} -> {}  ({:+.1f} %)", finding.before, finding.after, finding.change * 100);
}

std::string finding_lines(const Finding& finding, const Paint& paint, int width) {
  const std::string line = cut(fmt::format("  {:<8}{:<24} {}", kind_name(finding.kind),
                                           printable(finding.id), change_of(finding)),
                               width);
  std::string out = (finding.expected ? line : paint.red(line)) + "\n";
  std::string why = printable(finding.why);
  if (!finding.source.empty()) why += fmt::format(" [{}]", finding.source);
  if (!why.empty()) out += paint.dim(cut("          " + why, width)) + "\n";
  return out;
}

std::string one_comparison(const Comparison& c, const Paint& paint, int width) {
  const auto unexpected = c.unexpected();
  std::string out = paint.bold(fmt::format("{} -> {}, as {}", printable(c.base), printable(c.next),
                                           printable(c.user))) +
                    ": ";
  out += unexpected == 0 ? paint.green("nothing unexpected")
                         : paint.red(fmt::format("{} unexpected change{}", unexpected,
                                                 unexpected == 1 ? "" : "s"));
  out += fmt::format(", {} expected; {} checks as before\n", c.findings.size() - unexpected,
                     c.checks_same);
  bool expected_title = false;
  for (const auto& finding : c.findings) {
    if (finding.expected && !expected_title) {
      out += "  expected, because documented:\n";
      expected_title = true;
    }
    out += finding_lines(finding, paint, width);
  }
  return out;
}

// One column for each kernel after the base.
std::string cost_matrix(std::span<const Comparison> comparisons) {
  std::map<std::string, std::vector<std::string>> rows;
  std::string head = fmt::format("{:<20}{:>12}", "cost", "base");
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    head += fmt::format("{:>22}", cut(printable(comparisons[i].next), 20));
    for (const auto& row : comparisons[i].costs) {
      auto& cells = rows[row.id];
      if (cells.empty()) cells.push_back(grouped(row.before));
      cells.resize(i + 1);
      const double change = 100.0 * static_cast<double>(row.after - row.before) /
                            static_cast<double>(std::max<std::int64_t>(1, row.before));
      cells.push_back(row.differs ? fmt::format("{} ({:+.1f} %)", grouped(row.after), change)
                                  : fmt::format("{} (=)", grouped(row.after)));
    }
  }
  std::string out = head + "\n";
  for (const auto& [id, cells] : rows) {
    out += fmt::format("{:<20}{:>12}", printable(id), cells.front());
    for (std::size_t i = 1; i < cells.size(); ++i) out += fmt::format("{:>22}", cells[i]);
    out += '\n';
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte != 0x7f && (byte < 0x80 || byte > 0x9f)) kept += c;
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

std::string text(const model::Report& report, const TextOptions& options) {
  const Paint paint(options.colour);
  std::string out;
  if (!report.checks.empty()) out += check_table(report) + "\n";
  for (const auto& check : report.checks) {
    if (check.outcome != Outcome::fail && check.outcome != Outcome::error) continue;
    const std::string line = fmt::format("{} {}: {}", to_string(check.outcome), printable(check.id),
                                         printable(check.reason));
    out += paint.red(line) + "\n";
  }
  if (!report.benchmarks.empty()) out += benchmark_table(report);
  if (report.cell.clock == model::Clock::insn) out += kInsnNote;
  for (const auto& message : report.kernel_log) {
    out += paint.red(
               fmt::format("kernel {}: {}", printable(message.severity), printable(message.text))) +
           "\n";
  }
  for (const auto& line : report.residue)
    out += paint.red("left behind: " + printable(line)) + "\n";
  if (report.end.state != model::EndState::complete) {
    out += paint.red(fmt::format("{}: {} {}", to_string(report.end.state),
                                 printable(report.end.message), printable(report.end.running))) +
           "\n";
    for (const auto& line : report.end.console) out += "  | " + printable(line) + "\n";
  }
  return out;
}

std::string text(std::span<const Comparison> comparisons, const TextOptions& options) {
  const Paint paint(options.colour);
  std::string out;
  for (const auto& comparison : comparisons) {
    out += one_comparison(comparison, paint, options.width) + "\n";
  }
  if (!comparisons.empty() && !comparisons.front().costs.empty()) {
    out += fmt::format("base {}, as {}; (=) within noise\n", printable(comparisons.front().base),
                       printable(comparisons.front().user));
    out += cost_matrix(comparisons);
    if (comparisons.front().clock == model::Clock::insn) out += kInsnNote;
  }
  return out;
}

}  // namespace nsvet::render
