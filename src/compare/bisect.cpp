#include "compare/bisect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "compare/compare.h"

namespace nsvet::compare {
namespace {

const model::BenchmarkResult* cost_of(const model::Report& report, const std::string& id) {
  const auto found = std::ranges::find(report.benchmarks, id, &model::BenchmarkResult::id);
  return found == report.benchmarks.end() || found->rounds.empty() ? nullptr : &*found;
}

const model::CheckResult* check_of(const model::Report& report, const std::string& id) {
  const auto found = std::ranges::find(report.checks, id, &model::CheckResult::id);
  return found == report.checks.end() ? nullptr : &*found;
}

// The place nearest to the middle that has not been asked.
std::optional<std::size_t> next_place(std::size_t good, std::size_t bad,
                                      const std::vector<std::size_t>& untold) {
  const std::size_t middle = good + (bad - good) / 2;
  std::optional<std::size_t> best;
  const auto distance = [&](std::size_t i) { return i < middle ? middle - i : i - middle; };
  for (std::size_t i = good + 1; i < bad; ++i) {
    if (std::ranges::find(untold, i) != untold.end()) continue;
    if (!best || distance(i) < distance(*best)) best = i;
  }
  return best;
}

}  // namespace

model::Result<Subject> Subject::between(const model::Report& good, const model::Report& bad,
                                        Kind kind, std::string id) {
  Subject subject(kind, std::move(id));
  const auto missing = [&](const model::Report& report) {
    return model::bad_input(
        fmt::format("{} on {}: {}", subject.id_, release_of(report), subject.shown(report)));
  };
  const auto alike = [&] {
    return model::bad_input(fmt::format("{} is the same on {} and {}: {}", subject.id_,
                                        release_of(good), release_of(bad), subject.shown(good)));
  };
  if (kind == Kind::benchmark) {
    for (const auto* report : {&good, &bad}) {
      if (cost_of(*report, subject.id_) == nullptr) return missing(*report);
    }
    const auto compared = compare(good, bad, {});
    if (!compared) return tl::unexpected(compared.error());
    const auto differs = [&](const Finding& finding) { return finding.id == subject.id_; };
    if (std::ranges::none_of(compared->findings, differs)) return alike();
    subject.good_cost_ = *cost_of(good, subject.id_);
    subject.bad_cost_ = *cost_of(bad, subject.id_);
    return subject;
  }
  const auto* before = check_of(good, subject.id_);
  const auto* after = check_of(bad, subject.id_);
  if (before == nullptr) return missing(good);
  if (after == nullptr) return missing(bad);
  subject.good_ = *before;
  if (before->outcome == after->outcome) {
    for (const auto& [name, value] : before->facts) {
      const auto other = after->facts.find(name);
      if (other != after->facts.end() && other->second != value) subject.facts_.push_back(name);
    }
    if (subject.facts_.empty()) return alike();
  }
  return subject;
}

Side Subject::side_of(const model::Report& report) const {
  if (kind_ == Kind::benchmark) {
    const auto* cost = cost_of(report, id_);
    if (cost == nullptr) return Side::untold;
    return std::abs(cost->p50 - good_cost_.p50) <= std::abs(cost->p50 - bad_cost_.p50) ? Side::good
                                                                                       : Side::bad;
  }
  const auto* check = check_of(report, id_);
  if (check == nullptr || check->outcome == model::Outcome::error) return Side::untold;
  if (facts_.empty()) return check->outcome == good_.outcome ? Side::good : Side::bad;
  if (check->outcome != good_.outcome) return Side::untold;
  const bool same = std::ranges::all_of(facts_, [&](const std::string& name) {
    const auto fact = check->facts.find(name);
    return fact != check->facts.end() && fact->second == good_.facts.at(name);
  });
  return same ? Side::good : Side::bad;
}

std::string Subject::shown(const model::Report& report) const {
  if (report.end.state != model::EndState::complete) {
    return fmt::format("{}: {}", to_string(report.end.state), report.end.message);
  }
  if (kind_ == Kind::benchmark) {
    const auto* cost = cost_of(report, id_);
    return cost == nullptr ? "no figure" : fmt::format("{}", cost->p50);
  }
  const auto* check = check_of(report, id_);
  if (check == nullptr) return "not run";
  std::string text(to_string(check->outcome));
  for (const auto& name : facts_) {
    const auto fact = check->facts.find(name);
    if (fact == check->facts.end()) continue;
    text += fmt::format(
        ", {} {}", name,
        std::visit([](const auto& value) { return fmt::format("{}", value); }, fact->second));
  }
  return text;
}

model::Result<Bisection> bisect(std::size_t count,
                                const std::function<model::Result<Side>(std::size_t)>& ask) {
  if (count < 2) return model::bad_input("nothing to bisect: a good and a bad kernel are needed");
  Bisection place{0, count - 1, {}};
  while (const auto next = next_place(place.last_good, place.first_bad, place.untold)) {
    const auto side = ask(*next);
    if (!side) return tl::unexpected(side.error());
    switch (*side) {
      case Side::good:
        place.last_good = *next;
        break;
      case Side::bad:
        place.first_bad = *next;
        break;
      case Side::untold:
        place.untold.push_back(*next);
        break;
    }
  }
  std::erase_if(place.untold,
                [&](std::size_t i) { return i < place.last_good || i > place.first_bad; });
  std::ranges::sort(place.untold);
  return place;
}

}  // namespace nsvet::compare
