// Time namespaces: which clocks they shift, and for whom.
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"
#include "time_clock.h"

namespace nsvet::probe {
namespace {

struct Clock {
  clockid_t clock;
  const char* name;
  std::int64_t offset;  ///< Inside, in ns.
};
constexpr Clock kClocks[] = {
    {CLOCK_MONOTONIC, "monotonic", kMonotonicOffset},
    {CLOCK_MONOTONIC_RAW, "monotonic_raw", kMonotonicOffset},
    {CLOCK_MONOTONIC_COARSE, "monotonic_coarse", kMonotonicOffset},
    {CLOCK_BOOTTIME, "boottime", kBoottimeOffset},
    {CLOCK_BOOTTIME_ALARM, "boottime_alarm", kBoottimeOffset},
    {CLOCK_REALTIME, "realtime", 0},
    {CLOCK_REALTIME_COARSE, "realtime_coarse", 0},
    {CLOCK_TAI, "tai", 0},
};

void need_clock(const Clock& clock) {
  if (!read_clock(clock.clock, true)) {
    Check::skip(fmt::format("this machine has no clock {} (no RTC)", clock.name));
  }
}

void register_clock(const Clock& clock) {
  for (const bool by_syscall : {false, true}) {
    register_check(
        time_rule(fmt::format("time.clock.{}.{}", clock.name, by_syscall ? "syscall" : "vdso"),
                  fmt::format("clock {} inside, read by {}", clock.name,
                              by_syscall ? "system call" : "the vDSO"),
                  clock.offset != 0
                      ? "the clock is ahead by exactly the offset for members, and not at all for "
                        "the creator and others"
                      : "the clock is not virtualized: it is the same inside and outside"),
        [&clock, by_syscall](Check& t) {
          need_clock(clock);
          Shifted shifted = make_shifted(t);
          expect_ahead(t, "a member", shifted.inside, clock.clock, by_syscall, clock.offset);
          expect_ahead(t, "the creator", shifted.maker, clock.clock, by_syscall, 0);
          Actor child = shifted.inside.spawn();
          expect_ahead(t, "a member's child", child, clock.clock, by_syscall, clock.offset);
          Actor second = shifted.maker.spawn();
          expect_ahead(t, "the creator's next child", second, clock.clock, by_syscall,
                       clock.offset);
        });
  }
}

const bool registered = [] {
  for (const Clock& clock : kClocks) register_clock(clock);
  return true;
}();

NSVET_CHECK(cpu_clocks,
            time_rule("time.clock.cpu", "CPU clocks are not shifted",
                      "offsets concern CLOCK_MONOTONIC and CLOCK_BOOTTIME and what derives from "
                      "them; CPU time begins at 0 in a new process")) {
  Shifted shifted = make_shifted(t);
  for (const clockid_t clock : {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID}) {
    const auto used = setup(shifted.inside([clock] { return read_clock(clock, true); }));
    t.expect(fmt::format("CPU clock {} below both offsets", clock), used < kMonotonicOffset, true);
  }
}

NSVET_CHECK(resolution, time_rule("time.clock.resolution", "Offsets do not change resolutions",
                                  "clock_getres(2) gives the same inside and outside",
                                  "clock_getres(2), time_namespaces(7)")) {
  Shifted shifted = make_shifted(t);
  for (const Clock& clock : kClocks) {
    auto resolution = [id = clock.clock] {
      timespec value{};
      const long result = ::syscall(SYS_clock_getres, id, &value);
      return result == 0 ? fmt::format("{}.{:09}", value.tv_sec, value.tv_nsec)
                         : sys::errno_name(errno);
    };
    t.expect(clock.name, shifted.inside(resolution), resolution());
  }
}

NSVET_CHECK(not_settable,
            time_rule("time.clock.not_settable", "The shifted clocks still cannot be set",
                      "clock_settime(2) knows CLOCK_REALTIME only; offsets are the one way to "
                      "shift the others",
                      "clock_settime(2)")) {
  Shifted shifted = make_shifted(t);
  for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_BOOTTIME}) {
    t.expect(fmt::format("clock_settime({})", clock), shifted.inside([clock] {
      const timespec value{1, 0};
      return sys::errno_name(::clock_settime(clock, &value) == 0 ? 0 : errno);
    }),
             "EINVAL");
  }
  expect_ahead(t, "afterwards", shifted.inside, CLOCK_MONOTONIC, true, kMonotonicOffset);
}

// --- who is in it --------------------------------------------------------------------------------

sys::Result<sys::NsId> link(Actor& actor, std::string_view name) {
  return actor([text = Text(std::string(name))] { return sys::ns_id(text.str()); });
}

NSVET_CHECK(for_children,
            time_rule("time.unshare.for_children",
                      "unshare(CLONE_NEWTIME) leaves the caller where it is",
                      "the caller itself does not enter the new time namespace: its children do, "
                      "and time_for_children names it")) {
  Actor maker = t.spawn();
  require(maker([] { return sys::unshare(kNewTime); }));
  const auto own = setup(link(maker, "time"));
  const auto children = setup(link(maker, "time_for_children"));
  t.expect("the caller's namespace", own, setup(sys::ns_id(NsType::time)));
  t.expect_differ("time_for_children", children, own);
  Actor child = maker.spawn();
  t.expect("a child's namespace", setup(link(child, "time")), children);
  t.expect("and time_for_children", setup(link(child, "time_for_children")), children);
  t.expect("the caller's namespace after that", setup(link(maker, "time")), own);
}

NSVET_CHECK(unshare_again,
            time_rule("time.unshare.anew", "unshare(CLONE_NEWTIME) may be called again",
                      "a second unshare makes another namespace, with the offsets of the first, "
                      "which can be changed while it is empty")) {
  Actor maker = start_maker(t);
  require(write_offsets(maker, "monotonic 77 0"));
  const auto first = setup(link(maker, "time_for_children"));
  Actor member = maker.spawn();
  require(maker([] { return sys::unshare(kNewTime); }));
  t.expect_differ("time_for_children", setup(link(maker, "time_for_children")), first);
  t.expect("offsets", read_offsets(maker), "monotonic 77 0 boottime 0 0");
  t.expect_success("they can be changed", write_offsets(maker, "monotonic 78 0"));
  t.expect("the first namespace's", read_offsets(member), "monotonic 77 0 boottime 0 0");
}

NSVET_CHECK(clone_new,
            time_rule("time.clone3.enters", "clone3(CLONE_NEWTIME) puts the child inside",
                      "the child is the first member; offsets are the creator's and can no more "
                      "be changed",
                      "kernel/fork.c, time_namespaces(7)")) {
  Shifted shifted = make_shifted(t);
  Actor child = shifted.inside.spawn({.flags = kNewTime});
  t.expect_differ("its namespace", setup(link(child, "time")), setup(link(shifted.inside, "time")));
  t.expect("time_for_children", setup(link(child, "time_for_children")),
           setup(link(child, "time")));
  expect_ahead(t, "its clock", child, CLOCK_MONOTONIC, true, kMonotonicOffset);
  expect_ahead(t, "its clock by the vDSO", child, CLOCK_BOOTTIME, false, kBoottimeOffset);
  t.expect_errno("changing its offsets", write_offsets(child, "monotonic 1 0"), EACCES);
}

NSVET_CHECK(nested, time_rule("time.nested.offsets", "Offsets of a nested namespace are absolute",
                              "a nested namespace starts with its creator's offsets; new ones "
                              "count from the initial namespace, not from the creator's")) {
  Shifted shifted = make_shifted(t);
  shifted.inside([] { enter_new(kNewTime); });
  t.expect("inherited", read_offsets(shifted.inside),
           "monotonic 100000 123456789 boottime 250000 987654321");
  require(write_offsets(shifted.inside, "monotonic 50 0"));
  t.expect("after a write", read_offsets(shifted.inside),
           "monotonic 50 0 boottime 250000 987654321");
  Actor child = shifted.inside.spawn();
  expect_ahead(t, "its monotonic clock", child, CLOCK_MONOTONIC, true, 50'000'000'000);
  expect_ahead(t, "its boot clock", child, CLOCK_BOOTTIME, true, kBoottimeOffset);
  expect_ahead(t, "its creator's monotonic clock", shifted.inside, CLOCK_MONOTONIC, true,
               kMonotonicOffset);
}

NSVET_CHECK(joins, time_rule("time.setns.moves", "setns(2) moves the caller itself at once",
                             "the caller's clocks and those of its next children follow setns(2), "
                             "by the vDSO too; joining the old namespace takes it back",
                             "setns(2), time_namespaces(7)")) {
  Actor base = t.spawn({.flags = kNewTime});
  Shifted shifted = make_shifted(t);
  Actor joiner = base.spawn();
  auto move_to = [&](Actor& target) {
    const auto fd = setup(sys::open_ns("time", target.pid()));
    const int there = joiner.give(fd.get());
    return joiner([there] { return sys::setns(there, kNewTime); });
  };
  require(move_to(shifted.inside));
  t.expect("namespace", setup(link(joiner, "time")), setup(link(shifted.inside, "time")));
  t.expect("time_for_children", setup(link(joiner, "time_for_children")),
           setup(link(shifted.inside, "time")));
  for (const bool by_syscall : {false, true}) {
    expect_ahead(t, "monotonic", joiner, CLOCK_MONOTONIC, by_syscall, kMonotonicOffset);
    expect_ahead(t, "boottime", joiner, CLOCK_BOOTTIME, by_syscall, kBoottimeOffset);
  }
  Actor child = joiner.spawn();
  expect_ahead(t, "its child", child, CLOCK_MONOTONIC, false, kMonotonicOffset);
  t.expect_success("setns() back", move_to(base));
  for (const bool by_syscall : {false, true}) {
    expect_ahead(t, "after setns() back", joiner, CLOCK_MONOTONIC, by_syscall, 0);
  }
}

}  // namespace
}  // namespace nsvet::probe
