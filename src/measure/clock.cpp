#include "measure/clock.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "measure/align.h"
#include "sys/file.h"

// The linker's marks: where the program's text and constants lie.
extern "C" const char __executable_start;  // NOLINT(bugprone-reserved-identifier)
extern "C" const char etext;

namespace nsvet::measure {
namespace {

constexpr std::size_t kPage = 4096;

model::Clock clock_in_use = model::Clock::wall;

std::int64_t nanoseconds(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

std::int64_t number(std::string_view text) {
  std::int64_t value = 0;
  const auto begin = text.find_first_not_of(' ');
  if (begin != std::string_view::npos) {
    std::from_chars(text.data() + begin, text.data() + text.size(), value);
  }
  return value;
}

// Documentation/scheduler/sched-stats.rst: the 7th number of a cpu line is the time that tasks ran.
std::int64_t run_time(int fd) {
  static std::array<char, 65536> buffer;
  const auto schedstat = sys::read_again(fd, buffer);
  auto at = schedstat.find("cpu0 ");
  for (int field = 0; field < 7 && at != std::string_view::npos; ++field) {
    at = schedstat.find(' ', at + 1);
  }
  return at == std::string_view::npos ? 0 : number(schedstat.substr(at));
}

void sleep_for(long nanoseconds) {
  const timespec pause{.tv_sec = 0, .tv_nsec = nanoseconds};
  ::nanosleep(&pause, nullptr);
}

[[gnu::always_inline]] inline std::int64_t reading() {
  if (clock_in_use == model::Clock::insn) return static_cast<std::int64_t>(__rdtsc());
  return nanoseconds(CLOCK_MONOTONIC_RAW);
}

}  // namespace

void choose_clock(model::Clock clock) { clock_in_use = clock; }
model::Clock chosen_clock() { return clock_in_use; }

// In a section of its own, by which `nsvet explain` finds the two readings in the program.
[[gnu::section("nsvet_clock")]] std::int64_t now() { return reading(); }

// In a section of its own as well, which holds nothing else.
[[gnu::section("nsvet_mark"), gnu::noinline]] void mark(std::size_t place) {
  for (std::size_t i = 0; i < place; ++i) __asm__ volatile("lfence");
}

std::int64_t tick() {
  return clock_in_use == model::Clock::insn ? nanoseconds(CLOCK_REALTIME_COARSE) : 0;
}

// A longer sleep takes more than one shot of the guest's timer, and each wakes the emulator.
void rest() { sleep_for(clock_in_use == model::Clock::insn ? 25'000'000 : 2'000'000); }

void rest_until_late() {
  constexpr long kLate = 950'000'000;
  if (clock_in_use != model::Clock::insn) return;
  timespec until{};
  ::clock_gettime(CLOCK_MONOTONIC, &until);
  if (until.tv_nsec >= kLate) ++until.tv_sec;
  until.tv_nsec = kLate;
  ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

void quiesce() {
  rest();
  if (clock_in_use == model::Clock::insn) align();
}

void touch_pages() {
  for (const char* page = &__executable_start; page < &etext; page += kPage) {
    (void)*static_cast<const volatile char*>(page);
  }
  std::array<volatile char, 4 * kPage> stack;
  for (std::size_t i = 0; i < stack.size(); i += kPage) stack[i] = 0;
}

std::optional<BusyClock> BusyClock::open(bool slow) {
  auto fd = sys::open("/proc/schedstat", O_RDONLY);
  if (!fd || run_time(fd->get()) <= 0) return std::nullopt;
  return BusyClock(std::move(*fd), slow);
}

// Network namespaces go by several grace periods, one after the other.
void BusyClock::settle() const { sleep_for(slow_ ? 250'000'000 : 100'000'000); }

// The kernel counts a task's time when the task sleeps: that is just after settle() has begun, and
// what we do between its end and the reading of the time is the same in each window. No call is
// timed between these readings: they are not those of now().
BusyClock::Mark BusyClock::mark() const {
  align();
  settle();
  const auto told = run_time(fd_.get());
  return {reading(), told};
}

std::int64_t BusyClock::since(const Mark& mark) const {
  settle();
  return run_time(fd_.get()) - mark.told;
}

std::int64_t BusyClock::others_since(const Mark& mark) const {
  const std::int64_t own = reading() - mark.time;
  return since(mark) - own;
}

}  // namespace nsvet::measure
