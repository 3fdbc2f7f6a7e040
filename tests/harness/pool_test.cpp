#include "harness/pool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <map>

#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::harness {
namespace {

struct Outcome {
  std::map<std::string, std::vector<model::CheckResult>> results;
  std::map<std::string, int> starts;
};

Outcome run(
    const std::vector<std::string>& ids, int workers, const RunOne& run_one,
    const std::function<bool()>& go_on = [] { return true; }) {
  EXPECT_TRUE(sys::become_subreaper());
  Outcome outcome;
  const auto done = run_pool(
      ids, workers, run_one,
      [&](const model::Event& event) {
        if (const auto* start = std::get_if<model::Start>(&event)) ++outcome.starts[start->id];
        if (const auto* result = std::get_if<model::CheckResult>(&event)) {
          outcome.results[result->id].push_back(*result);
        }
      },
      go_on);
  EXPECT_TRUE(done);
  EXPECT_TRUE(sys::children_of(::getpid())->empty()) << "processes are left behind";
  return outcome;
}

std::vector<std::string> numbered(int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

model::CheckResult pass(const std::string& id) {
  model::CheckResult result;
  result.id = id;
  result.outcome = model::Outcome::pass;
  return result;
}

TEST(RunPool, GivesEveryCheckOneStartAndOneResult) {
  const auto outcome = run(numbered(2000), 8, pass);
  EXPECT_EQ(outcome.starts.size(), 2000U);
  EXPECT_EQ(outcome.results.size(), 2000U);
  for (const auto& [id, results] : outcome.results) {
    EXPECT_EQ(results.size(), 1U) << id;
    EXPECT_EQ(results.front().outcome, model::Outcome::pass) << id;
    EXPECT_EQ(outcome.starts.at(id), 1) << id;
  }
}

TEST(RunPool, RunsSeveralAtATime) {
  // Two that only end when both are there.
  const auto pipes = std::array{sys::make_pipe(), sys::make_pipe()};
  const auto outcome = run({"0", "1"}, 2, [&](const std::string& id) {
    const std::size_t own = id == "0" ? 0 : 1;
    char byte = 0;
    EXPECT_EQ(::write(pipes[own]->write.get(), &byte, 1), 1);
    EXPECT_EQ(::read(pipes[1 - own]->read.get(), &byte, 1), 1);
    return pass(id);
  });
  EXPECT_EQ(outcome.results.size(), 2U);
}

TEST(RunPool, TellsWhichCheckTookItsWorkerDown) {
  const auto outcome = run(numbered(20), 2, [](const std::string& id) {
    if (id == "7") ::raise(SIGKILL);
    return pass(id);
  });
  EXPECT_EQ(outcome.results.size(), 20U);
  EXPECT_EQ(outcome.results.at("7").front().outcome, model::Outcome::error);
  EXPECT_EQ(outcome.results.at("8").front().outcome, model::Outcome::pass);
}

TEST(RunPool, AnswersForAllWhenEveryWorkerIsDead) {
  const auto outcome = run(numbered(5), 2, [](const std::string& id) {
    ::raise(SIGKILL);
    return pass(id);
  });
  EXPECT_EQ(outcome.results.size(), 5U);
  for (const auto& [id, results] : outcome.results) {
    EXPECT_EQ(results.front().outcome, model::Outcome::error) << id;
  }
}

TEST(RunPool, StartsNothingMoreWhenItIsStopped) {
  const auto outcome = run(numbered(5), 2, pass, [] { return false; });
  for (const auto& [id, results] : outcome.results) {
    EXPECT_EQ(results.front().outcome, model::Outcome::pass) << id;
  }
  EXPECT_EQ(outcome.starts.size(), outcome.results.size());
}

}  // namespace
}  // namespace nsvet::harness
