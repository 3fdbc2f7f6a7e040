#include "compare/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "compare/follow.h"
#include "compare/function_causes.h"

namespace nsvet::compare {
namespace {

using model::Clock;
using model::EndState;
using model::Outcome;
using model::Report;
using Effect = Finding::Effect;
using Kind = Finding::Kind;

std::string text_of(const model::Fact& fact) {
  return std::visit([](const auto& value) { return fmt::format("{}", value); }, fact);
}

int sign(double x) { return x > 0 ? 1 : (x < 0 ? -1 : 0); }

int way_of(const model::Fact& before, const model::Fact& after) {
  const auto* x = std::get_if<std::int64_t>(&before);
  const auto* y = std::get_if<std::int64_t>(&after);
  if (x == nullptr || y == nullptr) return 0;
  return *x < *y ? 1 : -1;
}

// A rule that is kept is better than one that cannot be asked, and that than a broken one.
int rank_of(Outcome outcome) {
  return outcome == Outcome::pass ? 2 : (outcome == Outcome::skip ? 1 : 0);
}

Effect effect_of(int way) {
  return way < 0 ? Effect::worse : (way > 0 ? Effect::better : Effect::other);
}

// The same message on two kernels differs in addresses, PIDs and times.
std::string without_numbers(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (c < '0' || c > '9') kept += c;
  }
  return kept;
}

// Limits that the kernel derives from the memory that its own image leaves free.
bool of_memory(std::string_view name) {
  return name.ends_with("_namespaces") || name.ends_with("threads-max");
}

constexpr double kMemoryShare = 0.1;

bool close(std::int64_t a, std::int64_t b) {
  const auto x = static_cast<double>(a);
  const auto y = static_cast<double>(b);
  return std::abs(x - y) <= kMemoryShare * std::max(std::abs(x), std::abs(y));
}

// What another source, and another compiler, may change in a call that does the same;
// docs/comparing.md says why.
constexpr double kFewInstructions = 20;
constexpr double kSourceShare = 0.01;
constexpr double kCompilerShare = 0.03;

// So many functions say where a cost lies; all are in the reports.
constexpr std::size_t kFunctions = 5;

using Benchmarks = std::map<std::string, const model::BenchmarkResult*>;

Benchmarks by_id(const Report& report) {
  Benchmarks all;
  for (const auto& bench : report.benchmarks) all[bench.id] = &bench;
  return all;
}

// Of memory: what part of it is the structure itself. The rest hangs off it.
std::string part_of_memory(const std::string& id, const Report& base, const Report& next) {
  const auto* before = structure_behind(id, base.structures);
  const auto* after = structure_behind(id, next.structures);
  if (before == nullptr || after == nullptr) return {};
  return fmt::format("of which struct {}: {} -> {}", after->name, before->size, after->size);
}

class Comparer {
 public:
  Comparer(const Report& base, const Report& next, const std::vector<KnownChange>& changes)
      : base_(base), next_(next), crossed_(changes, release_of(base), release_of(next)) {
    result_.base = result_.base_name = release_of(base);
    result_.next = result_.next_name = release_of(next);
    result_.user = next.cell.user;
    result_.append = next.cell.append;
    result_.clock = next.cell.clock;
  }

  Comparison run() && {
    end();
    compilers();
    checks();
    costs();
    if (result_.clock == Clock::insn) follow();
    kernel_log();
    residue();
    limits();
    result_.structures = structure_changes(base_.structures, next_.structures);
    std::ranges::stable_sort(result_.findings, [](const Finding& a, const Finding& b) {
      if (a.expected != b.expected) return b.expected;
      if (a.kind != b.kind) return a.kind < b.kind;
      return std::abs(a.change) > std::abs(b.change);
    });
    return std::move(result_);
  }

 private:
  // `prefix` is what known changes call this kind; `way` is up, down or neither for them.
  void add(Finding finding, std::string_view prefix, int way) {
    const auto* known = crossed_.explain({.subject = fmt::format("{}:{}", prefix, finding.id),
                                          .after = finding.after,
                                          .direction = way,
                                          .change = finding.change,
                                          .difference = finding.difference});
    if (known != nullptr) {
      finding.expected = !known->defect || finding.effect != Finding::Effect::worse;
      finding.why = known->why;
      finding.source = known->source;
    }
    result_.findings.push_back(std::move(finding));
  }

  static std::string of_kernel(const Report& report, const std::string& what) {
    const auto found = report.environment.kernel.find(what);
    return found == report.environment.kernel.end() ? std::string() : found->second;
  }

  // Another compiler moves the cost of everything by some per cent.
  void compilers() {
    const auto before = of_kernel(base_, "compiler");
    const auto after = of_kernel(next_, "compiler");
    if (before.empty() || after.empty() || before == after) return;
    other_compiler_ = true;
    result_.notes.push_back(fmt::format(
        "built by other compilers, which changes costs everywhere: {} -> {}", before, after));
  }

  bool negligible(std::int64_t difference, std::int64_t figure) const {
    const double share = other_compiler_ ? kCompilerShare : kSourceShare;
    return std::abs(static_cast<double>(difference)) <=
           std::max(kFewInstructions, share * static_cast<double>(figure));
  }

  void end() {
    if (base_.end.state != EndState::complete) {
      result_.notes.push_back(
          fmt::format("the run on {} did not complete ({}): what it lacks is not compared",
                      result_.base, to_string(base_.end.state)));
    }
    if (next_.end.state == EndState::complete) return;
    std::string reason = next_.end.message;
    if (!next_.end.running.empty()) reason += " while " + next_.end.running + " ran";
    add({.kind = Kind::end,
         .id = "end",
         .before = std::string(to_string(base_.end.state)),
         .after = std::string(to_string(next_.end.state)),
         .effect = Effect::worse,
         .reason = std::move(reason)},
        "end", -1);
  }

  void checks() {
    std::map<std::string, const model::CheckResult*> before;
    for (const auto& check : base_.checks) before[check.id] = &check;
    std::vector<std::string> without_module;
    for (const auto& check : next_.checks) {
      const auto old = before.find(check.id);
      if (old == before.end()) {
        if (check.outcome == Outcome::fail) outcome("absent", -1, check);
        continue;
      }
      const Outcome was = old->second->outcome;
      if (lacks_module(*old->second, check)) {
        without_module.push_back(check.id);
      } else if (was != check.outcome) {
        outcome(std::string(to_string(was)), sign(rank_of(check.outcome) - rank_of(was)), check);
      } else {
        ++result_.checks_same;
        if (was == Outcome::fail) result_.fail_on_both.push_back(check.id);
      }
      facts(*old->second, check);
      before.erase(old);
    }
    if (!without_module.empty()) {
      result_.notes.push_back(fmt::format(
          "modules were found for one of the two kernels only; not compared for lack of them: {}",
          fmt::join(without_module, ", ")));
    }
    // What was not run because the kernel died is told once, as the end.
    if (next_.end.state != EndState::complete) return;
    for (const auto& [id, check] : before) {
      add({.kind = Kind::rule,
           .id = id,
           .before = std::string(to_string(check->outcome)),
           .after = "absent",
           .reason = "it was not run"},
          "check", 0);
    }
  }

  // Whether a module was at hand is no property of the kernel.
  bool lacks_module(const model::CheckResult& before, const model::CheckResult& after) const {
    return of_kernel(base_, "modules") != of_kernel(next_, "modules") &&
           (before.reason == model::kNoModule) != (after.reason == model::kNoModule);
  }

  void outcome(std::string before, int way, const model::CheckResult& check) {
    add({.kind = Kind::rule,
         .id = check.id,
         .before = std::move(before),
         .after = std::string(to_string(check.outcome)),
         .effect = effect_of(way),
         .reason = check.reason},
        "check", way);
  }

  void facts(const model::CheckResult& before, const model::CheckResult& after) {
    for (const auto& [name, value] : after.facts) {
      const auto old = before.facts.find(name);
      if (old == before.facts.end() || old->second == value) continue;
      add({.kind = Kind::fact,
           .id = after.id + "." + name,
           .before = text_of(old->second),
           .after = text_of(value)},
          "fact", way_of(old->second, value));
    }
  }

  void costs() {
    result_.costs = cost_rows(base_, next_);
    const auto before = by_id(base_);
    const auto after = by_id(next_);
    for (const auto& row : result_.costs) {
      if (row.verdict != Verdict::regression && row.verdict != Verdict::improvement) continue;
      const bool growth = row.kind == CostRow::Kind::growth;
      const int way = sign(row.after - row.before);
      Finding finding{.kind = growth ? Kind::growth : Kind::cost,
                      .id = row.id,
                      .before = fmt::format("{:.{}f}", row.before, growth ? 1 : 0),
                      .after = fmt::format("{:.{}f}", row.after, growth ? 1 : 0),
                      .effect = effect_of(-way),
                      .change = row.change(),
                      .difference = row.after - row.before,
                      .reason = row.note.empty() ? part_of_memory(row.id, base_, next_) : row.note};
      if (!growth) look_into(*before.at(row.id), *after.at(row.id), finding);
      if (other_compiler_ && !finding.expected && finding.change != 0 &&
          std::abs(finding.change) <= kCompilerShare) {
        finding.expected = true;
        finding.why = "no more than another compiler makes of the same source";
        finding.source = "docs/comparing.md";
      }
      add(std::move(finding), growth ? "growth" : "bench", way);
    }
    for (const auto& bench : next_.benchmarks) {
      const auto old = before.find(bench.id);
      if (old != before.end()) figures(*old->second, bench);
    }
  }

  // In which functions the cost lies. What known changes of functions leave of it may be too little
  // to be told from what compilers do.
  void look_into(const model::BenchmarkResult& before, const model::BenchmarkResult& after,
                 Finding& finding) const {
    if (!before.profile || !after.profile) return;
    const auto causes = function_causes(*before.profile, *after.profile, crossed_);
    finding.functions =
        function_changes(fold(*before.profile, causes), fold(*after.profile, causes), kFunctions);
    if (causes.empty()) return;
    auto rest = after.profile->figure - before.profile->figure;
    for (const auto& cause : causes) rest -= cause.instructions;
    if (!negligible(rest, before.profile->figure)) return;
    finding.expected = true;
    finding.why = causes.front().change->why;
    finding.source = causes.front().change->source;
  }

  // What follows expected changes alone is expected.
  void follow() {
    std::map<std::string, const CostRow*> rows;
    for (const auto& row : result_.costs) {
      if (row.kind == CostRow::Kind::cost) rows.emplace(row.id, &row);
    }
    std::map<std::string, const Finding*> told;
    for (const auto& finding : result_.findings) {
      if (finding.kind == Kind::cost) told.emplace(finding.id, &finding);
    }
    for (auto& finding : result_.findings) {
      if (finding.kind != Kind::cost || finding.difference == 0 || finding.expected) continue;
      finding.follows = followed_by(finding.id, rows);
    }
    // The one that is followed may follow another.
    bool again = true;
    while (again) {
      again = false;
      for (auto& finding : result_.findings) {
        if (finding.expected || finding.follows.empty()) continue;
        const auto expected = [&](const std::string& id) { return told.at(id)->expected; };
        if (!std::ranges::all_of(finding.follows, expected)) continue;
        const Finding& first = *told.at(finding.follows.front());
        finding.expected = again = true;
        finding.why = first.why;
        finding.source = first.source;
      }
    }
  }

  // Whether there is a figure at all, and whether calls failed while it was made.
  void figures(const model::BenchmarkResult& before, const model::BenchmarkResult& after) {
    const bool had = !before.rounds.empty();
    const bool has = !after.rounds.empty();
    const auto name = [](bool there) { return there ? "measured" : "no figure"; };
    if (had != has) {
      add({.kind = Kind::cost,
           .id = after.id,
           .before = name(had),
           .after = name(has),
           .effect = has ? Effect::better : Effect::worse,
           .reason = has ? before.error + before.skipped : after.error + after.skipped},
          "bench", 0);
    } else if (before.failed_calls == 0 && after.failed_calls > 0) {
      add({.kind = Kind::cost,
           .id = after.id,
           .before = "no failed calls",
           .after = fmt::format("{} failed calls", after.failed_calls),
           .effect = Effect::worse},
          "bench", 0);
    }
  }

  void kernel_log() {
    std::set<std::string> known;
    for (const auto& message : base_.kernel_log) known.insert(without_numbers(message.text));
    for (const auto& message : next_.kernel_log) {
      if (!known.insert(without_numbers(message.text)).second) continue;
      add({.kind = Kind::kernel_log,
           .id = message.severity,
           .before = "nothing",
           .after = message.text,
           .effect = Effect::worse,
           .reason = message.running.empty() ? "" : "while " + message.running + " ran"},
          "log", -1);
    }
  }

  void residue() {
    for (const auto& line : next_.residue) {
      if (std::ranges::find(base_.residue, line) != base_.residue.end()) continue;
      add({.kind = Kind::residue,
           .id = line,
           .before = "nothing",
           .after = "left behind",
           .effect = Effect::worse},
          "residue", -1);
    }
  }

  void limits() {
    for (const auto& [name, value] : next_.limits) {
      const auto old = base_.limits.find(name);
      if (old == base_.limits.end() || old->second == value) continue;
      if (of_memory(name) && close(old->second, value)) continue;
      add({.kind = Kind::limit,
           .id = name,
           .before = std::to_string(old->second),
           .after = std::to_string(value)},
          "limit", value > old->second ? 1 : -1);
    }
  }

  const Report& base_;
  const Report& next_;
  const Crossed crossed_;
  Comparison result_;
  bool other_compiler_ = false;
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
  return static_cast<std::size_t>(std::ranges::count_if(
      findings, [](const Finding& f) { return !f.expected && f.follows.empty(); }));
}

std::size_t Comparison::following() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      findings, [](const Finding& f) { return !f.expected && !f.follows.empty(); }));
}

std::size_t Comparison::expected() const {
  return static_cast<std::size_t>(std::ranges::count_if(findings, &Finding::expected));
}

model::Result<Comparison> compare(const Report& base, const Report& next,
                                  const std::vector<KnownChange>& changes) {
  if (base.cell.clock != next.cell.clock) {
    return model::bad_input(fmt::format("cannot compare: {} is on the {} clock, {} on the {} clock",
                                        release_of(base), to_string(base.cell.clock),
                                        release_of(next), to_string(next.cell.clock)));
  }
  if (base.cell.clock == Clock::insn) {
    auto why = difference_of(base.environment.emulator, next.environment.emulator);
    if (why.empty()) why = difference_of(base.environment.programs, next.environment.programs);
    if (!why.empty()) {
      return model::bad_input(
          fmt::format("cannot compare {} with {}: measured differently: {:.300}", release_of(base),
                      release_of(next), why));
    }
  }
  return Comparer(base, next, changes).run();
}

}  // namespace nsvet::compare
