#include "compare/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace nsvet::compare {
namespace {

using model::Clock;
using model::Outcome;
using model::Report;

// Below these a difference of instructions is no news, however exact it is.
constexpr double kInsnShare = 0.01;
constexpr std::int64_t kInsnFloor = 20;
constexpr double kWallShare = 0.05;

std::string release(const Report& report) {
  const auto found = report.environment.kernel.find("release");
  return found == report.environment.kernel.end() ? report.cell.kernel : found->second;
}

std::string text_of(const model::Fact& fact) {
  return std::visit([](const auto& value) { return fmt::format("{}", value); }, fact);
}

int way_of(const model::Fact& before, const model::Fact& after) {
  const auto* x = std::get_if<std::int64_t>(&before);
  const auto* y = std::get_if<std::int64_t>(&after);
  if (x == nullptr || y == nullptr) return 0;
  return *x < *y ? 1 : -1;
}

class Comparer {
 public:
  Comparer(const Report& base, const Report& next, const std::vector<KnownChange>& changes)
      : base_(base), next_(next), changes_(changes) {
    result_.base = release(base);
    result_.next = release(next);
    result_.user = next.cell.user;
    result_.clock = next.cell.clock;
  }

  Comparison run() && {
    checks();
    costs();
    kernel_log();
    if (next_.end.state != model::EndState::complete) {
      add({Finding::Kind::end,
           "end",
           std::string(to_string(base_.end.state)),
           std::string(to_string(next_.end.state)),
           0,
           false,
           next_.end.message,
           {}},
          "end:", 0);
    }
    for (const auto& line : next_.residue) {
      if (std::ranges::find(base_.residue, line) != base_.residue.end()) continue;
      add({Finding::Kind::residue, line, "nothing", "left behind", 0, false, {}, {}},
          "residue:", 0);
    }
    std::ranges::stable_sort(result_.findings, [](const Finding& a, const Finding& b) {
      if (a.expected != b.expected) return b.expected;
      if (a.kind != b.kind) return a.kind < b.kind;
      return std::abs(a.change) > std::abs(b.change);
    });
    return std::move(result_);
  }

 private:
  void add(Finding finding, const std::string& prefix, int direction) {
    const auto* known =
        explain(changes_, prefix + finding.id, direction, result_.base, result_.next);
    if (known != nullptr) {
      finding.expected = true;
      finding.why = known->why;
      finding.source = known->source;
    }
    result_.findings.push_back(std::move(finding));
  }

  void checks() {
    std::map<std::string, const model::CheckResult*> before;
    for (const auto& check : base_.checks) before[check.id] = &check;
    for (const auto& check : next_.checks) {
      const auto old = before.find(check.id);
      if (old == before.end()) {
        if (check.outcome == Outcome::fail) outcome_changed(check.id, "absent", check);
        continue;
      }
      if (old->second->outcome != check.outcome) {
        outcome_changed(check.id, std::string(to_string(old->second->outcome)), check);
      } else {
        ++result_.checks_same;
      }
      facts(*old->second, check);
      before.erase(old);
    }
    // What was not run because the kernel died is told once, as the end.
    if (next_.end.state != model::EndState::complete) return;
    for (const auto& [id, check] : before) {
      add({Finding::Kind::rule,
           id,
           std::string(to_string(check->outcome)),
           "absent",
           0,
           false,
           "not run",
           {}},
          "check:", 0);
    }
  }

  void outcome_changed(const std::string& id, std::string before, const model::CheckResult& check) {
    add({Finding::Kind::rule,
         id,
         std::move(before),
         std::string(to_string(check.outcome)),
         0,
         false,
         check.reason,
         {}},
        "check:", 0);
  }

  void facts(const model::CheckResult& before, const model::CheckResult& after) {
    for (const auto& [name, value] : after.facts) {
      const auto old = before.facts.find(name);
      if (old == before.facts.end() || old->second == value) continue;
      add({Finding::Kind::fact,
           after.id + "." + name,
           text_of(old->second),
           text_of(value),
           0,
           false,
           {},
           {}},
          "fact:", way_of(old->second, value));
    }
  }

  void costs() {
    std::map<std::string, const model::BenchmarkResult*> before;
    for (const auto& bench : base_.benchmarks) before[bench.id] = &bench;
    for (const auto& bench : next_.benchmarks) {
      const auto old = before.find(bench.id);
      if (old == before.end()) continue;
      const auto& was = *old->second;
      if (was.samples.empty() != bench.samples.empty()) {
        add({Finding::Kind::cost,
             bench.id,
             was.samples.empty() ? "no figure" : "measured",
             bench.samples.empty() ? "no figure" : "measured",
             0,
             false,
             bench.error + bench.skipped,
             {}},
            "bench:", 0);
        continue;
      }
      if (bench.samples.empty()) continue;
      CostRow row{bench.id, was.p50, bench.p50, floor_of(was, bench), false};
      const std::int64_t difference = row.after - row.before;
      row.differs = std::abs(difference) > row.floor;
      if (row.differs) {
        const double change = static_cast<double>(difference) /
                              static_cast<double>(std::max<std::int64_t>(1, row.before));
        add({Finding::Kind::cost,
             bench.id,
             std::to_string(row.before),
             std::to_string(row.after),
             change,
             false,
             {},
             {}},
            "bench:", difference > 0 ? 1 : -1);
      }
      result_.costs.push_back(std::move(row));
    }
  }

  // A change counts only beyond what the rounds or boots of either side differ among themselves.
  std::int64_t floor_of(const model::BenchmarkResult& a, const model::BenchmarkResult& b) const {
    const bool insn = result_.clock == Clock::insn;
    const auto share = static_cast<std::int64_t>(
        std::ceil((insn ? kInsnShare : kWallShare) * static_cast<double>(a.p50)));
    return std::max({share, a.spread, b.spread, insn ? kInsnFloor : std::int64_t{0}});
  }

  void kernel_log() {
    std::set<std::string> before;
    for (const auto& message : base_.kernel_log) before.insert(without_numbers(message.text));
    for (const auto& message : next_.kernel_log) {
      if (before.contains(without_numbers(message.text))) continue;
      add({Finding::Kind::kernel_log,
           message.severity,
           "nothing",
           message.text,
           0,
           false,
           message.running.empty() ? std::string() : "while " + message.running + " ran",
           {}},
          "log:", 0);
    }
  }

  static std::string without_numbers(const std::string& text) {
    std::string kept;
    for (const char c : text) {
      if (c < '0' || c > '9') kept += c;
    }
    return kept;
  }

  const Report& base_;
  const Report& next_;
  const std::vector<KnownChange>& changes_;
  Comparison result_;
};

// Empty when both figures were made in the same way.
std::string difference_of(const std::map<std::string, std::string>& a,
                          const std::map<std::string, std::string>& b) {
  std::string text;
  auto note = [&](const std::string& key) {
    const auto x = a.find(key);
    const auto y = b.find(key);
    const std::string left = x == a.end() ? "-" : x->second;
    const std::string right = y == b.end() ? "-" : y->second;
    if (left != right)
      text += fmt::format("{}{} ({} / {})", text.empty() ? "" : ", ", key, left, right);
  };
  for (const auto& [key, value] : a) note(key);
  for (const auto& [key, value] : b) {
    if (!a.contains(key)) note(key);
  }
  return text;
}

}  // namespace

std::size_t Comparison::unexpected() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(findings, [](const Finding& f) { return !f.expected; }));
}

model::Result<Comparison> compare(const Report& base, const Report& next,
                                  const std::vector<KnownChange>& changes) {
  if (base.cell.clock != next.cell.clock) {
    return model::bad_input(fmt::format("cannot compare: {} is on the {} clock, {} on the {} clock",
                                        release(base), to_string(base.cell.clock), release(next),
                                        to_string(next.cell.clock)));
  }
  if (base.cell.clock == Clock::insn) {
    auto why = difference_of(base.environment.emulator, next.environment.emulator);
    if (why.empty()) why = difference_of(base.environment.programs, next.environment.programs);
    if (!why.empty()) {
      return model::bad_input(
          fmt::format("cannot compare {} with {}: measured differently: {:.300}", release(base),
                      release(next), why));
    }
  }
  return Comparer(base, next, changes).run();
}

}  // namespace nsvet::compare
