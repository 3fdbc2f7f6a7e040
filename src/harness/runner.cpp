#include "harness/runner.h"

#include <algorithm>
#include <optional>

#include "harness/environment.h"
#include "harness/residue.h"
#include "model/glob.h"
#include "sys/file.h"

namespace nsvet::harness {
namespace {

using model::Outcome;

std::string describe(const ProgramEnd& end, std::chrono::milliseconds limit) {
  if (end.timed_out) return fmt::format("did not end within {} s", limit.count() / 1000);
  if (!end.garbage.empty()) return fmt::format("its program wrote no event: {:.100}", end.garbage);
  std::string why = "its program ended without a result: " + to_string(end.status);
  if (!end.output.empty()) why += fmt::format(" ({:.200})", end.output);
  return why;
}

model::Result<std::vector<model::Listing>> list_program(const std::string& path) {
  std::vector<model::Listing> rows;
  const auto end = run_program({.path = path, .arguments = {"--list"}}, [&](const auto& event) {
    if (const auto* row = std::get_if<model::Listing>(&event)) rows.push_back(*row);
  });
  if (!end) return model::cannot_run(to_string(end.error()));
  if (!end->status.success()) {
    return model::cannot_run(
        fmt::format("{}: {}", path, describe(*end, std::chrono::milliseconds(60000))));
  }
  return rows;
}

model::Event run_check(const RunPlan& plan, const Item& item) {
  std::optional<model::CheckResult> result;
  const auto end = run_program({.path = item.program,
                                .arguments = {"--run", item.listing.id},
                                .user = plan.user,
                                .limit = plan.check_limit},
                               [&](const auto& event) {
                                 const auto* r = std::get_if<model::CheckResult>(&event);
                                 if (r != nullptr && r->id == item.listing.id) result = *r;
                               });
  if (result && end && end->garbage.empty()) return *result;
  model::CheckResult broken;
  broken.id = item.listing.id;
  broken.outcome = Outcome::error;
  broken.reason = end ? describe(*end, plan.check_limit) : to_string(end.error());
  return broken;
}

model::Event run_benchmark(const RunPlan& plan, const Item& item) {
  std::optional<model::Samples> samples;
  const auto end = run_program(
      {.path = item.program,
       .arguments = {"--run", item.listing.id, "--clock", std::string(to_string(plan.clock)),
                     "--samples", std::to_string(plan.samples)},
       .user = plan.user,
       .limit = plan.benchmark_limit},
      [&](const auto& event) {
        const auto* s = std::get_if<model::Samples>(&event);
        if (s != nullptr && s->id == item.listing.id) samples = *s;
      });
  if (samples && end && end->garbage.empty()) return *samples;
  model::Samples broken;
  broken.id = item.listing.id;
  broken.clock = plan.clock;
  broken.error = end ? describe(*end, plan.benchmark_limit) : to_string(end.error());
  return broken;
}

}  // namespace

model::Result<std::vector<Item>> discover(const std::string& libexec) {
  std::vector<Item> items;
  for (const std::string kind : {"probes", "bench"}) {
    const std::string folder = libexec + "/" + kind;
    const auto names = sys::list_directory(folder);
    if (!names) {
      return model::cannot_run(fmt::format("{}: no programs there ({}): install nsvet, or build it",
                                           folder, sys::errno_name(names.error().number)));
    }
    for (const auto& name : *names) {
      auto rows = list_program(folder + "/" + name);
      if (!rows) return tl::unexpected(rows.error());
      for (auto& row : *rows) items.push_back({std::move(row), folder + "/" + name});
    }
  }
  std::ranges::sort(items, {}, [](const Item& item) { return item.listing.id; });
  const auto twice =
      std::ranges::adjacent_find(items, {}, [](const Item& item) { return item.listing.id; });
  if (twice != items.end()) {
    return model::cannot_run(fmt::format("{} is registered twice", twice->listing.id));
  }
  return items;
}

model::Result<void> run_plan(const RunPlan& plan, const OnEvent& on_event, const Continue& go_on) {
  auto items = discover(plan.libexec);
  if (!items) return tl::unexpected(items.error());
  std::erase_if(*items, [&](const Item& item) {
    const bool check = item.listing.kind == model::Listing::Kind::check;
    return !(check ? plan.checks : plan.benchmarks) || !model::selected(plan.only, item.listing.id);
  });
  if (items->empty())
    return model::bad_input("nothing to run: no id matches --only (see: nsvet list)");
  const auto is_check = [](const Item& i) { return i.listing.kind == model::Listing::Kind::check; };
  const auto checks = std::ranges::count_if(*items, is_check);
  const auto benchmarks = static_cast<std::ptrdiff_t>(items->size()) - checks;
  const Surroundings before = surroundings();
  on_event(model::Begin{local_environment(), limits(), checks + benchmarks * plan.rounds});
  auto run = [&](const Item& item, auto&& how) {
    if (!go_on()) return false;
    on_event(model::Start{item.listing.id});
    on_event(how(plan, item));
    return true;
  };
  for (const Item& item : *items) {
    if (is_check(item) && !run(item, run_check)) return {};
  }
  // Rounds are interleaved, so that a slow minute of the machine does not fall on one benchmark.
  for (int round = 0; round < plan.rounds; ++round) {
    for (const Item& item : *items) {
      if (!is_check(item) && !run(item, run_benchmark)) return {};
    }
  }
  on_event(model::Finish{residue(before, surroundings())});
  return {};
}

}  // namespace nsvet::harness
