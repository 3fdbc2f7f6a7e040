#include "vm/console.h"

#include <gtest/gtest.h>

namespace nsvet::vm {
namespace {

TEST(Severity, KnowsWhatAKernelSays) {
  EXPECT_EQ(severity_of("[    1.2] Kernel panic - not syncing: x"), "panic");
  EXPECT_EQ(severity_of("[    1.2][   T1] BUG: kernel NULL pointer"), "bug");
  EXPECT_EQ(severity_of("[    1.2] WARNING: CPU: 0 PID: 1 at x"), "warning");
  EXPECT_EQ(severity_of("[    1.2] WARNING: possible recursive locking"), "lockdep");
  EXPECT_EQ(severity_of("[    1.2] rcu: INFO: rcu_sched self-detected stall"), "stall");
  EXPECT_EQ(severity_of("[    1.2] watchdog: BUG: soft lockup - CPU#0"), "stall");
  EXPECT_FALSE(severity_of("[    0.1] DEBUG: nothing"));
  EXPECT_FALSE(severity_of("[    0.1] Command line: panic=-1"));
}

TEST(ConsoleWatch, PutsLinesTogetherAndNamesWhatRan) {
  ConsoleWatch watch;
  watch.take("[ 1.0] Kernel pa", "uts.x");
  EXPECT_FALSE(watch.panicked());
  watch.take("nic - not syncing\r\n", "uts.x");
  EXPECT_TRUE(watch.panicked());
  ASSERT_EQ(watch.messages().size(), 1U);
  EXPECT_EQ(watch.messages()[0].text, "Kernel panic - not syncing");
  EXPECT_EQ(watch.messages()[0].running, "uts.x");
}

TEST(ConsoleWatch, KnowsAnOopsFromAWarning) {
  ConsoleWatch watch;
  watch.take("[ 1.0] WARNING: CPU: 0 PID: 1 at x\n", "uts.x");
  EXPECT_FALSE(watch.oopsed());
  watch.take("[ 1.0] Oops: Oops: 0002 [#1] SMP NOPTI\n", "uts.x");
  EXPECT_TRUE(watch.oopsed());
  EXPECT_FALSE(watch.panicked());
}

TEST(ConsoleWatch, IsBounded) {
  ConsoleWatch watch;
  for (int i = 0; i < 1000; ++i) watch.take("WARNING: again\n" + std::string(5000, 'x'), "");
  EXPECT_LE(watch.messages().size(), 100U);
  EXPECT_LE(watch.tail().size(), 40U);
}

}  // namespace
}  // namespace nsvet::vm
