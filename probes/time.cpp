// Time namespaces: offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME.
#include <time.h>

#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr long kOffset = 100000;  // Seconds: far above any delay between two readings.

sys::Result<long> seconds_of(clockid_t clock) {
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) return sys::last_error("clock_gettime({})", clock);
  return now.tv_sec;
}

// How far a clock inside is ahead of the same clock outside, in units of kOffset.
long ahead(Actor& inside, clockid_t clock) {
  const long there = setup(inside([clock] { return seconds_of(clock); }));
  return (there - setup(seconds_of(clock)) + kOffset / 2) / kOffset;
}

NSVET_CHECK(offsets,
            {.id = "time.offsets.apply",
             .title = "Offsets shift CLOCK_MONOTONIC and CLOCK_BOOTTIME inside only",
             .rule = "timens_offsets shift CLOCK_MONOTONIC and CLOCK_BOOTTIME for members; "
                     "CLOCK_REALTIME is not virtualized",
             .source = "time_namespaces(7)",
             .types = {NsType::time},
             .needs = {Need::admin},
             .since = "5.6"}) {
  Actor maker = t.spawn();
  maker([] { enter_new(model::info(NsType::time).clone_flag); });
  require(maker([] {
    return sys::write_file("/proc/self/timens_offsets",
                           fmt::format("monotonic {} 0\nboottime {} 0\n", kOffset, 2 * kOffset));
  }));
  Actor inside = maker.spawn();
  t.expect("CLOCK_MONOTONIC ahead", ahead(inside, CLOCK_MONOTONIC), 1);
  t.expect("CLOCK_BOOTTIME ahead", ahead(inside, CLOCK_BOOTTIME), 2);
  t.expect("CLOCK_REALTIME ahead", ahead(inside, CLOCK_REALTIME), 0);
  t.expect("CLOCK_MONOTONIC of the creator ahead", ahead(maker, CLOCK_MONOTONIC), 0);
  Actor nested = inside.spawn({.flags = model::info(NsType::time).clone_flag});
  t.expect("CLOCK_MONOTONIC ahead in a nested namespace", ahead(nested, CLOCK_MONOTONIC), 1);
}

NSVET_CHECK(frozen, {.id = "time.offsets.frozen",
                     .title = "Offsets cannot be changed once the namespace has a member",
                     .rule = "writing timens_offsets fails with EACCES after the first process has "
                             "entered, and with EINVAL for other clocks",
                     .source = "time_namespaces(7)",
                     .types = {NsType::time},
                     .needs = {Need::admin},
                     .since = "5.6"}) {
  Actor maker = t.spawn();
  maker([] { enter_new(model::info(NsType::time).clone_flag); });
  auto write = [&](const char* text) {
    return maker(
        [line = Text(text)] { return sys::write_file("/proc/self/timens_offsets", line.str()); });
  };
  t.expect_errno("offset of CLOCK_REALTIME", write("0 1 0"), EINVAL);
  t.expect_errno("a billion nanoseconds", write("monotonic 0 1000000000"), EINVAL);
  t.expect_success("first write", write("monotonic 10 0"));
  t.expect_success("second write before the first member", write("monotonic 20 0"));
  Actor inside = maker.spawn();
  t.expect_errno("write after the first member", write("monotonic 30 0"), EACCES);
}

NSVET_CHECK(for_children,
            {.id = "time.unshare.for_children",
             .title = "unshare(CLONE_NEWTIME) leaves the caller where it is",
             .rule = "the calling process itself does not enter the new time namespace",
             .source = "time_namespaces(7)",
             .types = {NsType::time},
             .needs = {Need::admin},
             .since = "5.6"}) {
  Actor maker = t.spawn();
  require(maker([] { return sys::unshare(model::info(NsType::time).clone_flag); }));
  const auto own = setup(maker([] { return sys::ns_id(NsType::time); }));
  const auto children = setup(maker([] { return sys::ns_id("time_for_children"); }));
  t.expect("the caller's namespace", own, setup(sys::ns_id(NsType::time)));
  t.expect_differ("time_for_children", children, own);
  Actor child = maker.spawn();
  t.expect("a child's namespace", setup(child([] { return sys::ns_id(NsType::time); })), children);
}

}  // namespace
}  // namespace nsvet::probe
