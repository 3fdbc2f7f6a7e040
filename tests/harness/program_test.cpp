#include "harness/program.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace nsvet::harness {
namespace {

using namespace std::chrono_literals;

struct Outcome {
  ProgramEnd end;
  int events = 0;
};

Outcome run(const std::string& how, std::chrono::milliseconds limit = 60s) {
  EXPECT_TRUE(sys::become_subreaper());
  Outcome outcome;
  auto end = run_program({.path = FIXTURE, .arguments = {"--run", how}, .limit = limit},
                         [&](const model::Event&) { ++outcome.events; });
  EXPECT_TRUE(end);
  if (end) outcome.end = *end;
  EXPECT_TRUE(sys::children_of(::getpid())->empty()) << "processes are left behind";
  return outcome;
}

TEST(RunProgram, DeliversEvents) {
  const auto outcome = run("pass");
  EXPECT_EQ(outcome.events, 1);
  EXPECT_TRUE(outcome.end.status.success());
  EXPECT_TRUE(outcome.end.garbage.empty());
}

TEST(RunProgram, SaysNothingForASilentProgram) { EXPECT_EQ(run("silent").events, 0); }

TEST(RunProgram, KeepsTheFirstLineThatIsNoEvent) {
  EXPECT_EQ(run("garbage").end.garbage, "this is no event");
}

TEST(RunProgram, TakesACutOffLineForGarbage) {
  EXPECT_EQ(run("half").end.garbage, "{\"check\": {\"id\":");
}

TEST(RunProgram, TellsACrash) { EXPECT_TRUE(run("crash").end.status.killed(SIGSEGV)); }

TEST(RunProgram, EndsAHangAtItsDeadline) {
  const auto outcome = run("hang", 100ms);
  EXPECT_TRUE(outcome.end.timed_out);
  EXPECT_TRUE(outcome.end.status.killed(SIGKILL));
}

TEST(RunProgram, KillsOrphansInOtherSessions) { EXPECT_TRUE(run("brood").end.status.success()); }

TEST(RunProgram, IsNotBlockedByOutput) {
  const auto outcome = run("loud");
  EXPECT_TRUE(outcome.end.status.success());
  EXPECT_LE(outcome.end.output.size(), 4096U);
}

TEST(RunProgram, SaysWhyAProgramCannotBeStarted) {
  const auto end = run_program({.path = "/nonexistent"}, [](const model::Event&) {});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().number, ENOENT);
}

}  // namespace
}  // namespace nsvet::harness
