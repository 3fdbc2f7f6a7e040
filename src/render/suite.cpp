#include "render/suite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "render/words.h"

namespace nsvet::render {
namespace {

using compare::Finding;
using model::Outcome;

TestCase case_of(const model::CheckResult& check) {
  TestCase test{.id = printable(check.id),
                .outcome = check.outcome,
                .message = printable(check.reason),
                .seconds = static_cast<double>(check.duration_ns) / 1e9};
  for (const auto& evidence : check.evidence) {
    if (evidence.holds) continue;
    test.details.push_back(printable(fmt::format("{}: expected {}, observed {}", evidence.what,
                                                 evidence.expected, evidence.observed)));
  }
  return test;
}

TestCase case_of(const model::BenchmarkResult& bench) {
  TestCase test{.id = printable(bench.id)};
  if (bench.rounds.empty()) {
    test.outcome = bench.error.empty() ? Outcome::skip : Outcome::error;
    test.message = printable(bench.error.empty() ? bench.skipped : bench.error);
  } else {
    test.details.push_back(fmt::format("{} {}, spread {}", bench.p50,
                                       unit_name(bench.unit, bench.clock), bench.spread));
  }
  return test;
}

TestCase case_of(const Finding& finding) {
  TestCase test{.id = fmt::format("{} {}", to_string(finding.kind), printable(finding.id)),
                .outcome = finding.expected ? Outcome::pass : Outcome::fail,
                .message = finding.expected ? "" : change_of(finding)};
  if (finding.expected) test.details.push_back(change_of(finding));
  if (!finding.why.empty()) {
    test.details.push_back(
        printable(fmt::format("{}: {} [{}]", finding.expected ? "expected" : "a known defect",
                              finding.why, finding.source)));
  }
  if (!finding.reason.empty()) test.details.push_back(printable(finding.reason));
  return test;
}

}  // namespace

std::size_t Suite::count(Outcome outcome) const {
  return static_cast<std::size_t>(std::ranges::count(cases, outcome, &TestCase::outcome));
}

Suite suite_of(const model::Report& report) {
  Suite suite{.name = printable(fmt::format("{} {}{}{}", compare::release_of(report),
                                            report.cell.user, report.cell.append.empty() ? "" : " ",
                                            fmt::join(report.cell.append, " "))),
              .date = printable(report.date)};
  suite.properties = {{"kernel", printable(report.cell.kernel)},
                      {"user", printable(report.cell.user)},
                      {"clock", std::string(to_string(report.cell.clock))}};
  for (const auto& check : report.checks) suite.cases.push_back(case_of(check));
  for (const auto& bench : report.benchmarks) suite.cases.push_back(case_of(bench));
  for (const auto& message : report.kernel_log) {
    suite.cases.push_back({"kernel " + printable(message.severity),
                           Outcome::fail,
                           printable(message.text),
                           {printable("while " + message.running)}});
  }
  for (const auto& line : report.residue) {
    suite.cases.push_back({"residue", Outcome::fail, "left behind: " + printable(line)});
  }
  if (report.end.state != model::EndState::complete) {
    TestCase end{"end", Outcome::error,
                 printable(fmt::format("{}: {}", to_string(report.end.state), report.end.message))};
    for (const auto& line : report.end.console) end.details.push_back(printable(line));
    suite.cases.push_back(std::move(end));
  }
  return suite;
}

Suite suite_of(const compare::Comparison& comparison) {
  Suite suite{.name = printable(fmt::format("{} to {} {}", comparison.base_name,
                                            comparison.next_name, comparison.user))};
  suite.properties = {{"base", printable(comparison.base)},
                      {"new", printable(comparison.next)},
                      {"user", printable(comparison.user)},
                      {"clock", std::string(to_string(comparison.clock))}};
  for (const auto& finding : comparison.findings) suite.cases.push_back(case_of(finding));
  for (const auto& row : comparison.costs) {
    const auto kind = row.kind == compare::CostRow::Kind::growth ? "growth" : "cost";
    TestCase test{.id = fmt::format("{} {}", kind, printable(row.id))};
    if (row.verdict == compare::Verdict::cannot_tell) {
      test.outcome = Outcome::skip;
      test.message = "cannot tell " + no_change_of(row);
    } else if (row.verdict != compare::Verdict::same) {
      continue;  // It is among the findings.
    }
    suite.cases.push_back(std::move(test));
  }
  return suite;
}

}  // namespace nsvet::render
