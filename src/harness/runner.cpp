#include "harness/runner.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <span>

#include "harness/environment.h"
#include "harness/pool.h"
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

model::CheckResult run_check(const RunPlan& plan, const Item& item) {
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

sys::Result<> run_checks(const RunPlan& plan, std::span<const Item> items, const OnEvent& on_event,
                         const Continue& go_on) {
  if (plan.workers > 1) {
    std::vector<std::string> ids;
    for (const Item& item : items) ids.push_back(item.listing.id);
    const auto run_one = [&](const std::string& id) {
      return run_check(
          plan, *std::ranges::find(
                    items, id, [](const Item& item) -> const auto& { return item.listing.id; }));
    };
    return run_pool(ids, plan.workers, run_one, on_event, go_on);
  }
  for (const Item& item : items) {
    if (!go_on()) return {};
    on_event(model::Start{item.listing.id});
    on_event(run_check(plan, item));
  }
  return {};
}

// One round of the benchmarks of one program, in one process as long as it lives. What it does not
// answer for is an error, and the rest is asked of a new process.
void run_benchmarks(const RunPlan& plan, std::span<const Item> items, const OnEvent& on_event,
                    const Continue& go_on) {
  std::vector<std::string> pending;
  for (const Item& item : items) pending.push_back(item.listing.id);
  while (!pending.empty() && go_on()) {
    std::string running = pending.front();
    const auto end =
        run_program({.path = items.front().program,
                     .arguments = {"--run", "-", "--clock", std::string(to_string(plan.clock)),
                                   "--samples", std::to_string(plan.samples)},
                     .user = plan.user,
                     .limit = plan.benchmark_limit,
                     .input = fmt::format("{}\n", fmt::join(pending, "\n")),
                     .realtime = plan.clock == model::Clock::insn,
                     .stop = [&] { return !go_on(); }},
                    [&](const model::Event& event) {
                      if (const auto* start = std::get_if<model::Start>(&event))
                        running = start->id;
                      if (const auto* samples = std::get_if<model::Samples>(&event)) {
                        if (std::erase(pending, samples->id) == 0) return;
                      }
                      on_event(event);
                    });
    if (pending.empty() || !go_on()) return;
    if (std::ranges::find(pending, running) == pending.end()) running = pending.front();
    model::Samples broken;
    broken.id = running;
    broken.clock = plan.clock;
    broken.error = end ? describe(*end, plan.benchmark_limit) : to_string(end.error());
    std::erase(pending, running);
    on_event(broken);
  }
}

}  // namespace

model::Result<std::vector<Item>> discover(const std::string& libexec,
                                          const std::vector<std::string>& folders) {
  std::vector<Item> items;
  for (const auto& kind : folders) {
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

bool selected(const RunPlan& plan, const Item& item) {
  const bool check = item.listing.kind == model::Listing::Kind::check;
  if (!(check ? plan.checks : plan.benchmarks)) return false;
  if (item.listing.full && !plan.full) return false;
  if (std::ranges::find(plan.skip, item.listing.id) != plan.skip.end()) return false;
  return model::selected(plan.only, item.listing.id);
}

model::Result<void> run_plan(const RunPlan& plan, const OnEvent& on_event, const Continue& go_on) {
  std::vector<std::string> folders;
  if (plan.checks) folders.emplace_back("probes");
  if (plan.benchmarks) folders.emplace_back("bench");
  auto items = discover(plan.libexec, folders);
  if (!items) return tl::unexpected(items.error());
  std::erase_if(*items, [&](const Item& item) { return !selected(plan, item); });
  if (items->empty())
    return model::bad_input("nothing to run: no id matches --only (see: nsvet list)");
  const auto is_check = [](const Item& i) { return i.listing.kind == model::Listing::Kind::check; };
  const auto first_benchmark = std::ranges::stable_partition(*items, is_check).begin();
  const std::span checks(items->begin(), first_benchmark);
  const std::span benchmarks(first_benchmark, items->end());
  const Surroundings before = surroundings();
  on_event(model::Begin{
      local_environment(), limits(),
      static_cast<std::int64_t>(checks.size() +
                                benchmarks.size() * static_cast<std::size_t>(plan.rounds))});
  if (auto done = run_checks(plan, checks, on_event, go_on); !done) {
    return model::cannot_run(to_string(done.error()));
  }
  if (!go_on()) return {};
  // Rounds are interleaved, so that a slow minute of the machine does not fall on one benchmark.
  for (int round = 0; round < plan.rounds; ++round) {
    for (auto first = benchmarks.begin(); first != benchmarks.end();) {
      const auto last = std::find_if(first, benchmarks.end(), [&](const Item& item) {
        return item.program != first->program;
      });
      run_benchmarks(plan, {first, last}, on_event, go_on);
      if (!go_on()) return {};
      first = last;
    }
  }
  on_event(model::Finish{residue(before, surroundings())});
  return {};
}

}  // namespace nsvet::harness
