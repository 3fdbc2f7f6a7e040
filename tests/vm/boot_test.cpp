// Real guests whose init does well, and badly. Needs QEMU and a cached kernel.
#include "vm/boot.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "sys/file.h"
#include "vm/accelerator.h"
#include "vm/cache.h"
#include "vm/initramfs.h"

namespace nsvet::vm {
namespace {

using model::EndState;
using std::chrono::seconds;

class Boot : public testing::Test {
 protected:
  void SetUp() override {
    const auto cached = cached_kernels();
    if (!cached || cached->empty()) {
      GTEST_SKIP() << "no kernel in the cache (nsvet kernels fetch debian:6.12)";
    }
    if (!qemu_version()) GTEST_SKIP() << "no qemu-system-x86_64";
    kernel_ = cached->front().image;
  }

  Machine machine(const std::string& behaviour) {
    const auto init = sys::read_file(FIXTURE_INIT);
    const auto archive =
        make_initramfs({{"init", init.value(), 0755}, {"behaviour", behaviour, 0644}});
    initramfs_ = sys::Fd(::memfd_create("initramfs", 0));
    EXPECT_TRUE(sys::write_all(initramfs_.get(), archive.value()));
    return {.kernel = kernel_,
            .initramfs = fmt::format("/proc/self/fd/{}", initramfs_.get()),
            .append = {},
            .perturbation = {}};
  }

  BootResult run(const std::string& behaviour, const BootLimits& limits = {}) {
    auto result = boot(
        machine(behaviour),
        {.on_event = [](const model::Event&, std::chrono::nanoseconds) {}, .stop = {}}, limits);
    EXPECT_TRUE(result) << result.error().message;
    return *result;
  }

  std::string kernel_;
  sys::Fd initramfs_;
};

TEST_F(Boot, OneThatFinishesIsComplete) {
  const auto result = run("finish");
  EXPECT_EQ(result.end.state, EndState::complete);
  EXPECT_TRUE(result.end.console.empty());
}

TEST_F(Boot, GarbageBetweenEventsIsPassedOver) {
  EXPECT_EQ(run("garbage").end.state, EndState::complete);
}

TEST_F(Boot, APowerOffBeforeTheEndRecordIsToldWithWhatRan) {
  const auto result = run("power off");
  EXPECT_EQ(result.end.state, EndState::reboot);
  EXPECT_EQ(result.end.running, "uts.some.check");
}

TEST_F(Boot, APanicIsToldWithItsConsole) {
  const auto result = run("exit");
  EXPECT_EQ(result.end.state, EndState::panic);
  EXPECT_EQ(result.end.running, "uts.some.check");
  EXPECT_THAT(result.end.console, testing::Contains(testing::HasSubstr("Kernel panic")));
  EXPECT_THAT(result.kernel_log, testing::Contains(testing::Field(&model::KernelMessage::severity,
                                                                  testing::Eq("panic"))));
}

TEST_F(Boot, AHangIsToldWithWhatRan) {
  const auto result = run("hang", {.first_event = seconds(300), .silence = seconds(1)});
  EXPECT_EQ(result.end.state, EndState::hang);
  EXPECT_EQ(result.end.running, "uts.some.check");
}

TEST_F(Boot, AnInitThatSaysNothingHasNotBooted) {
  EXPECT_EQ(run("silent", {.first_event = seconds(10)}).end.state, EndState::boot_failed);
}

TEST_F(Boot, IsStoppedWhenAsked) {
  bool alive = false;
  const auto result =
      boot(machine("hang"),
           {.on_event = [&](const model::Event&, std::chrono::nanoseconds) { alive = true; },
            .stop = [&] { return alive; }});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end.state, EndState::interrupted);
}

TEST_F(Boot, KvmCountsOnlyWhenItBoots) {
  const auto works = kvm_boots(machine("finish"), seconds(10));
  if (!works) {
    EXPECT_THAT(works.error().message, testing::HasSubstr("KVM"));
  }
  // Whatever it found, a guest under icount still boots beside it.
  EXPECT_EQ(run("finish").end.state, EndState::complete);
}

}  // namespace
}  // namespace nsvet::vm
