#include "guest/plan.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace nsvet::guest {

std::string plan_to_json(const harness::RunPlan& plan) {
  return nlohmann::json{{"user", plan.user == harness::User::root ? "root" : "nobody"},
                        {"clock", to_string(plan.clock)},
                        {"only", plan.only},
                        {"skip", plan.skip},
                        {"checks", plan.checks},
                        {"benchmarks", plan.benchmarks},
                        {"full", plan.full},
                        {"rounds", plan.rounds},
                        {"samples", plan.samples}}
      .dump();
}

model::Result<harness::RunPlan> plan_from_json(std::string_view text) {
  try {
    const auto value = nlohmann::json::parse(text);
    harness::RunPlan plan;
    plan.user = value.at("user") == "root" ? harness::User::root : harness::User::nobody;
    plan.clock = value.at("clock") == "insn" ? model::Clock::insn : model::Clock::wall;
    plan.only = value.at("only").get<std::vector<std::string>>();
    plan.skip = value.at("skip").get<std::vector<std::string>>();
    plan.checks = value.at("checks");
    plan.benchmarks = value.at("benchmarks");
    plan.full = value.at("full");
    plan.rounds = value.at("rounds");
    plan.samples = value.at("samples");
    return plan;
  } catch (const std::exception& wrong) {
    return model::bad_input(fmt::format("/plan.json: {}", wrong.what()));
  }
}

}  // namespace nsvet::guest
