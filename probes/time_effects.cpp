// What follows the shifted clocks: sleeps, timers, /proc. And what does not.
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "probe/program.h"
#include "sys/file.h"
#include "time_clock.h"

namespace nsvet::probe {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// Long enough that a wait for it would be noticed, far less than the offsets.
constexpr std::int64_t kPast = 1000 * kSecond;

timespec to_timespec(std::int64_t ns) { return {ns / kSecond, ns % kSecond}; }

struct Shift {
  clockid_t clock;
  const char* name;
};
constexpr Shift kShifts[] = {{CLOCK_MONOTONIC, "monotonic"}, {CLOCK_BOOTTIME, "boottime"}};

// A wait until a time of the caller's own clock: one that has passed must end at once (outside it
// is far in the future), one that is near must not end too early.
struct Wait {
  const char* id;
  const char* title;
  const char* source;
  /// Waits until the absolute time. @return "" or what went wrong
  std::string (*until)(clockid_t clock, std::int64_t deadline);
};

std::string by_nanosleep(clockid_t clock, std::int64_t deadline) {
  const timespec when = to_timespec(deadline);
  const int number = ::clock_nanosleep(clock, TIMER_ABSTIME, &when, nullptr);
  return number == 0 ? "" : sys::errno_name(number);
}

std::string by_timerfd(clockid_t clock, std::int64_t deadline) {
  const sys::Fd timer(::timerfd_create(clock, TFD_CLOEXEC));
  const itimerspec when{{0, 0}, to_timespec(deadline)};
  if (!timer || ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0) {
    return sys::errno_name(errno);
  }
  std::uint64_t times = 0;
  if (::read(timer.get(), &times, sizeof times) != sizeof times) return sys::errno_name(errno);
  return times == 1 ? "" : fmt::format("{} expirations", times);
}

std::string by_timer(clockid_t clock, std::int64_t deadline) {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &one, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  timer_t timer{};
  const itimerspec when{{0, 0}, to_timespec(deadline)};
  if (::timer_create(clock, &event, &timer) != 0 ||
      ::timer_settime(timer, TIMER_ABSTIME, &when, nullptr) != 0) {
    return sys::errno_name(errno);
  }
  siginfo_t info{};
  if (::sigwaitinfo(&one, &info) != SIGUSR1) return sys::errno_name(errno);
  ::timer_delete(timer);
  return info.si_code == SI_TIMER ? "" : fmt::format("si_code {}", info.si_code);
}

// futex(2) knows CLOCK_MONOTONIC only.
std::string by_futex(clockid_t /*clock*/, std::int64_t deadline) {
  std::uint32_t word = 0;
  const timespec when = to_timespec(deadline);
  const long result = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &when, nullptr,
                                FUTEX_BITSET_MATCH_ANY);
  if (result == 0) return "woken";
  return errno == ETIMEDOUT ? "" : sys::errno_name(errno);
}

constexpr Wait kWaits[] = {
    {"sleep", "clock_nanosleep(TIMER_ABSTIME)", "clock_nanosleep(2)", by_nanosleep},
    {"timerfd", "timerfd_settime(TFD_TIMER_ABSTIME)", "timerfd_create(2)", by_timerfd},
    {"timer", "timer_settime(TIMER_ABSTIME)", "timer_settime(2)", by_timer},
    {"futex", "futex(FUTEX_WAIT_BITSET)", "futex(2)", by_futex},
};

void waits(Check& t, const Wait& wait, const Shift& shift) {
  Shifted shifted = make_shifted(t);
  t.expect("until a time that has passed inside", shifted.inside([wait, shift] {
    return wait.until(shift.clock, setup(read_clock(shift.clock, true)) - kPast);
  }),
           "");
  t.expect("until a near time: not too early", shifted.inside([wait, shift] {
    const auto deadline = setup(read_clock(shift.clock, true)) + 2'000'000;
    auto wrong = wait.until(shift.clock, deadline);
    if (!wrong.empty()) return wrong;
    return std::string(setup(read_clock(shift.clock, true)) >= deadline ? "" : "too early");
  }),
           "");
}

const bool registered = [] {
  for (const Wait& wait : kWaits) {
    for (const Shift& shift : kShifts) {
      if (wait.until == by_futex && shift.clock != CLOCK_MONOTONIC) continue;
      register_check(
          time_rule(fmt::format("time.{}.{}", wait.id, shift.name),
                    fmt::format("{} with the {} clock takes times of the namespace", wait.title,
                                shift.name),
                    "absolute times of the shifted clocks are those of the caller's time "
                    "namespace",
                    std::string("time_namespaces(7), ") + wait.source),
          [&wait, &shift](Check& t) { waits(t, wait, shift); });
    }
  }
  return true;
}();

NSVET_CHECK(timerfd_left,
            time_rule("time.timerfd.remaining", "What is left of a timer is not shifted",
                      "timerfd_gettime(2) gives the time left, for absolute and relative timers",
                      "timerfd_create(2)")) {
  Shifted shifted = make_shifted(t);
  for (const bool absolute : {true, false}) {
    const auto left = setup(shifted.inside([absolute]() -> sys::Result<std::int64_t> {
      const sys::Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
      const auto base = absolute ? setup(read_clock(CLOCK_MONOTONIC, true)) : 0;
      const itimerspec when{{0, 0}, to_timespec(base + kPast)};
      itimerspec rest{};
      if (::timerfd_settime(timer.get(), absolute ? TFD_TIMER_ABSTIME : 0, &when, nullptr) != 0 ||
          ::timerfd_gettime(timer.get(), &rest) != 0) {
        return sys::last_error("timerfd_settime()");
      }
      return rest.it_value.tv_sec * kSecond + rest.it_value.tv_nsec;
    }));
    t.expect(absolute ? "absolute: not more than set" : "relative: not more than set",
             left <= kPast, true);
    t.expect(absolute ? "absolute: hardly less" : "relative: hardly less",
             left > kPast - 600 * kSecond, true);
  }
}

NSVET_CHECK(timerfd_given,
            time_rule("time.timerfd.of_setter", "A timer keeps its time in another namespace",
                      "an absolute timer set inside ends at the same instant for whoever reads it; "
                      "outside the same number is another instant",
                      "time_namespaces(7)")) {
  Shifted shifted = make_shifted(t);
  const sys::Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const int there = shifted.inside.give(timer.get());
  const auto deadline =
      setup(shifted.inside([] { return read_clock(CLOCK_MONOTONIC, true); })) - kPast;
  auto set = [deadline](int fd) {
    const itimerspec when{{0, 0}, to_timespec(deadline)};
    return ::timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, nullptr);
  };
  t.expect("set outside", set(timer.get()), 0);
  pollfd ready{timer.get(), POLLIN, 0};
  t.expect("ready outside", ::poll(&ready, 1, 0), 0);
  t.expect("set inside", shifted.inside([set, there] { return set(there); }), 0);
  t.expect("ready outside after that", ::poll(&ready, 1, static_cast<int>(kPatience.count())), 1);
}

NSVET_CHECK(relative, time_rule("time.relative", "Relative waits are not shifted",
                                "nanosleep(2), relative timers and the timeout of poll(2) last as "
                                "long inside as outside",
                                "time_namespaces(7)")) {
  Shifted shifted = make_shifted(t);
  struct Step {
    const char* what;
    void (*wait)();
  };
  static constexpr Step kSteps[] = {
      {"poll()", [] { ::poll(nullptr, 0, 2); }},
      {"nanosleep()",
       [] {
         const timespec span{0, 2'000'000};
         ::nanosleep(&span, nullptr);
       }},
      {"clock_nanosleep()",
       [] {
         const timespec span{0, 2'000'000};
         ::clock_nanosleep(CLOCK_BOOTTIME, 0, &span, nullptr);
       }},
  };
  for (const Step& step : kSteps) {
    t.expect(fmt::format("{}: not too short", step.what), shifted.inside([step] {
      const auto before = setup(read_clock(CLOCK_MONOTONIC, true));
      step.wait();
      return setup(read_clock(CLOCK_MONOTONIC, true)) - before >= 2'000'000;
    }),
             true);
  }
}

// --- what others tell of the clocks
// ----------------------------------------------------------------

// Whether a value inside lies between those before and after outside, each moved by `offset`.
template <class Read>
void expect_between(Check& t, std::string_view what, Actor& actor, Read read, double offset,
                    double grain) {
  const double before = read();
  const double there = actor(read);
  const double after = read();
  const bool within = before + offset - grain <= there && there <= after + offset + grain;
  t.expect(fmt::format("{}: seconds ahead", what), within ? offset : there - before, offset);
}

// Nothing else tells whether a kernel is meant to do this: it came without a trace of its own.
void need_shifted_proc() {
  if (older_than("5.11")) {
    Check::skip("kernels before 5.11 do not shift this file");
  }
}

constexpr double kBoottimeSeconds = static_cast<double>(kBoottimeOffset) / 1e9;

NSVET_CHECK(uptime, time_rule("time.proc.uptime", "/proc/uptime follows the boot clock",
                              "/proc/uptime shows CLOCK_BOOTTIME of the reader's time namespace",
                              "proc_uptime(5), time_namespaces(7)")) {
  Shifted shifted = make_shifted(t);
  auto read = [] { return std::stod(setup(sys::read_file("/proc/uptime"))); };
  expect_between(t, "a member", shifted.inside, read, kBoottimeSeconds, 0.02);
  expect_between(t, "the creator", shifted.maker, read, 0.0, 0.02);
}

NSVET_CHECK(system_info, time_rule("time.sysinfo.uptime", "sysinfo(2) follows the boot clock",
                                   "uptime of sysinfo(2) is CLOCK_BOOTTIME of the caller's time "
                                   "namespace",
                                   "sysinfo(2), time_namespaces(7)")) {
  Shifted shifted = make_shifted(t);
  auto read = [] {
    struct sysinfo info {};
    ::sysinfo(&info);
    return static_cast<double>(info.uptime);
  };
  expect_between(t, "a member", shifted.inside, read, 250'000.0, 1.0);
  expect_between(t, "the creator", shifted.maker, read, 0.0, 0.0);
}

NSVET_CHECK(boot_time, time_rule("time.proc.btime", "The time of boot moves against the offset",
                                 "btime of /proc/stat is CLOCK_REALTIME less CLOCK_BOOTTIME of the "
                                 "reader's time namespace",
                                 "proc_stat(5), time_namespaces(7)", "5.11")) {
  need_shifted_proc();
  Shifted shifted = make_shifted(t);
  auto read = [] {
    const auto text = setup(sys::read_file("/proc/stat"));
    return std::stod(text.substr(text.find("\nbtime ") + 7));
  };
  expect_between(t, "a member", shifted.inside, read, -250'000.0, 1.0);
  expect_between(t, "the creator", shifted.maker, read, 0.0, 0.0);
}

NSVET_CHECK(start_time, time_rule("time.proc.start_time",
                                  "Start times of processes follow the reader's boot clock",
                                  "starttime of /proc/PID/stat is in ticks of CLOCK_BOOTTIME of "
                                  "the reader's time namespace",
                                  "proc_pid_stat(5), time_namespaces(7)", "5.11")) {
  need_shifted_proc();
  Shifted shifted = make_shifted(t);
  const pid_t pid = ::getpid();
  auto read = [pid] {
    const auto text = setup(sys::read_file(fmt::format("/proc/{}/stat", pid)));
    std::string_view rest = std::string_view(text).substr(text.rfind(')') + 2);
    for (int field = 3; field < 22; ++field) rest.remove_prefix(rest.find(' ') + 1);
    return std::stod(std::string(rest.substr(0, rest.find(' ')))) /
           static_cast<double>(::sysconf(_SC_CLK_TCK));
  };
  expect_between(t, "a member", shifted.inside, read, kBoottimeSeconds, 0.02);
  expect_between(t, "the creator", shifted.maker, read, 0.0, 0.0);
}

// --- threads and exec
// --------------------------------------------------------------------------------

NSVET_CHECK(multithreaded,
            time_rule("time.setns.multithreaded", "A process with threads cannot join",
                      "setns(2) to a time namespace by a multithreaded process is EUSERS; the "
                      "clocks stay",
                      "setns(2), kernel/time/namespace.c timens_install()")) {
  Shifted shifted = make_shifted(t);
  Actor joiner = t.spawn();
  const auto fd = setup(sys::open_ns("time_for_children", shifted.maker.pid()));
  const int there = joiner.give(fd.get());
  auto join = [there] { return sys::setns(there, kNewTime); };
  t.expect("with a second thread", joiner([join] {
             std::string seen;
             std::thread other([&] { seen = outcome(join()); });
             other.join();
             return seen;
           }),
           "EUSERS");
  expect_ahead(t, "afterwards", joiner, CLOCK_MONOTONIC, false, 0);
  t.expect_success("when it is alone again", joiner(join));
  expect_ahead(t, "after that", joiner, CLOCK_MONOTONIC, false, kMonotonicOffset);
}

std::string thread_outcome() {
  pthread_t thread{};
  const int number = ::pthread_create(
      &thread, nullptr, [](void* nothing) { return nothing; }, nullptr);
  if (number == 0) ::pthread_join(thread, nullptr);
  return sys::errno_name(number);
}

// Whether a process that unshares and then calls execve(2) is in the new time namespace.
sys::Result<bool> exec_joins() {
  const auto before = sys::ns_id("time");
  if (!before) return tl::unexpected(before.error());
  const auto program = execute_self([] { return sys::unshare(kNewTime); });
  if (!program) return tl::unexpected(program.error());
  const auto own = sys::ns_id("time", program->process.pid());
  if (!own) return tl::unexpected(own.error());
  const auto children = sys::ns_id("time_for_children", program->process.pid());
  if (!children) return tl::unexpected(children.error());
  if (*children == *before) return sys::error(EINVAL, "unshare(CLONE_NEWTIME) made none");
  return *own == *children;
}

NSVET_CHECK(exec_and_threads,
            time_rule("time.exec.joins", "Either execve(2) joins, or threads are refused",
                      "since 6.3 execve(2) enters the namespace for children, and threads and "
                      "vfork(2) children are allowed after unshare(2); before, both were not so",
                      "commit 2b5f9dad32ed (fs/exec: switch timens when a task gets a new mm)")) {
  Actor maker = t.spawn();
  const bool joins = require(maker([] { return exec_joins(); }));
  t.fact("joins", joins);
  require(maker([] { return sys::unshare(kNewTime); }));
  t.expect("pthread_create() after unshare()", maker([] { return thread_outcome(); }),
           joins ? "0" : "EINVAL");
  t.expect("vfork() after unshare()", maker([] {
             const pid_t child = ::vfork();
             if (child == 0) ::_exit(0);
             const int number = child < 0 ? errno : 0;
             if (child > 0) ::waitpid(child, nullptr, 0);
             return sys::errno_name(number);
           }),
           joins ? "0" : "EINVAL");
  Actor child = maker.spawn();
  t.expect("pthread_create() in a member", child([] { return thread_outcome(); }), "0");
}

NSVET_CHECK(unshare_by_thread,
            time_rule("time.unshare.multithreaded",
                      "A process with threads may unshare a time namespace",
                      "unshare(CLONE_NEWTIME) changes the namespace for the children of the "
                      "calling thread only",
                      "kernel/fork.c ksys_unshare()")) {
  Actor caller = t.spawn();
  const auto before = setup(caller([] { return sys::ns_id("time_for_children"); }));
  const auto made = caller([] {
    sys::Result<sys::NsId> own;
    std::thread([&] {
      own = sys::unshare(kNewTime).and_then([] {
        return sys::ns_id("time_for_children", static_cast<pid_t>(::syscall(SYS_gettid)));
      });
    }).join();
    return own;
  });
  if (t.expect_success("unshare() in a thread", made)) {
    t.expect_differ("time_for_children of the thread", *made, before);
  }
  t.expect("time_for_children of the main thread",
           setup(caller([] { return sys::ns_id("time_for_children"); })), before);
}

}  // namespace
}  // namespace nsvet::probe
