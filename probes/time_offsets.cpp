// The file /proc/PID/timens_offsets: what may be written, by whom, and when.
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/credentials.h"
#include "sys/file.h"
#include "time_clock.h"

namespace nsvet::probe {
namespace {

struct Line {
  const char* id;
  const char* text;
  int error;            ///< 0: accepted.
  const char* offsets;  ///< Afterwards; before it is "monotonic 5 0 boottime 6 0".
};
constexpr const char* kUnchanged = "monotonic 5 0 boottime 6 0";
constexpr Line kLines[] = {
    {"name", "monotonic 7 8", 0, "monotonic 7 8 boottime 6 0"},
    {"boottime", "boottime 7 8\n", 0, "monotonic 5 0 boottime 7 8"},
    {"number", "1 7 8\n", 0, "monotonic 7 8 boottime 6 0"},
    {"number_boottime", "7 9 10\n", 0, "monotonic 5 0 boottime 9 10"},
    {"both", "boottime 1 2\nmonotonic 3 4\n", 0, "monotonic 3 4 boottime 1 2"},
    {"zero", "monotonic 0 0\nboottime 0 0\n", 0, "monotonic 0 0 boottime 0 0"},
    {"most_nanoseconds", "monotonic 1 999999999\n", 0, "monotonic 1 999999999 boottime 6 0"},
    {"centuries", "monotonic 4600000000 0\n", 0, "monotonic 4600000000 0 boottime 6 0"},
    {"realtime", "realtime 1 0\n", EINVAL, kUnchanged},
    {"realtime_number", "0 1 0\n", EINVAL, kUnchanged},
    {"cpu_number", "2 1 0\n", EINVAL, kUnchanged},
    {"raw_number", "4 1 0\n", EINVAL, kUnchanged},
    {"a_second_of_nanoseconds", "monotonic 0 1000000000\n", EINVAL, kUnchanged},
    {"no_nanoseconds", "monotonic 1\n", EINVAL, kUnchanged},
    {"words", "monotonic one 0\n", EINVAL, kUnchanged},
    {"too_far", "monotonic 4611686019 0\n", ERANGE, kUnchanged},
    {"before_zero", "monotonic -4000000000 0\n", ERANGE, kUnchanged},
    {"boottime_before_zero", "boottime -4000000000 0\n", ERANGE, kUnchanged},
    {"more_than_64_bits_of_ns", "monotonic 9223372037 0\n", ERANGE, kUnchanged},
    {"second_line_wrong", "monotonic 1 0\nrealtime 1 0\n", EINVAL, kUnchanged},
    {"second_line_too_far", "monotonic 1 0\nboottime 4611686019 0\n", ERANGE, kUnchanged},
};

void writes(Check& t, const Line& line) {
  Actor maker = start_maker(t);
  require(write_offsets(maker, "monotonic 5 0\nboottime 6 0\n"));
  t.expect("write()", outcome(write_offsets(maker, line.text)),
           line.error == 0 ? "success" : sys::errno_name(line.error));
  t.expect("offsets afterwards", read_offsets(maker), line.offsets);
  Actor child = maker.spawn();
  t.expect("as the first member reads them", read_offsets(child), line.offsets);
}

const bool registered = [] {
  for (const Line& line : kLines) {
    register_check(
        time_rule(fmt::format("time.offsets.line.{}", line.id),
                  fmt::format("timens_offsets {} {}", line.error == 0 ? "takes" : "refuses",
                              std::string(line.id)),
                  line.error == 0
                      ? "a line holds a clock by name or number, seconds, and nanoseconds below a "
                        "second; one write may hold both clocks"
                      : "other clocks and malformed lines are EINVAL, times below zero or beyond "
                        "half of what ktime holds are ERANGE; then nothing is changed"),
        [&line](Check& t) { writes(t, line); });
  }
  return true;
}();

NSVET_CHECK(frozen, time_rule("time.offsets.frozen",
                              "Offsets cannot be changed once the namespace has a member",
                              "timens_offsets may be written again and again before the first "
                              "process enters, and is EACCES afterwards, for ever")) {
  Actor maker = start_maker(t);
  t.expect_success("first write", write_offsets(maker, "monotonic 10 0"));
  t.expect_success("second write", write_offsets(maker, "monotonic 20 0"));
  Actor inside = maker.spawn();
  t.expect_errno("by the creator", write_offsets(maker, "monotonic 30 0"), EACCES);
  t.expect_errno("by the member", write_offsets(inside, "monotonic 30 0"), EACCES);
  inside.finish();
  t.expect_errno("when the member has ended", write_offsets(maker, "monotonic 30 0"), EACCES);
  t.expect("offsets", read_offsets(maker), "monotonic 20 0 boottime 0 0");
}

NSVET_CHECK(frozen_by_setns,
            time_rule("time.offsets.frozen_by_setns", "setns(2) freezes the offsets too",
                      "the first process to enter, by fork(2) or setns(2), freezes them",
                      "kernel/time/namespace.c timens_install()")) {
  Actor maker = start_maker(t);
  Actor base = t.spawn();
  const auto fd = setup(sys::open_ns("time_for_children", maker.pid()));
  const int there = base.give(fd.get());
  t.expect_success("setns()", base([there] { return sys::setns(there, kNewTime); }));
  t.expect_errno("write after that", write_offsets(maker, "monotonic 30 0"), EACCES);
}

NSVET_CHECK(of_initial,
            time_rule("time.offsets.without_namespace",
                      "A process that has unshared nothing has no offsets to set",
                      "timens_offsets of a process whose children stay in its own namespace can "
                      "be read, and is EACCES for writing")) {
  Actor inside = t.spawn({.flags = kNewTime});
  Actor child = inside.spawn();
  t.expect("offsets", read_offsets(child), "monotonic 0 0 boottime 0 0");
  t.expect_errno("write", write_offsets(child, "monotonic 1 0"), EACCES);
}

NSVET_CHECK(privilege, time_rule("time.offsets.privilege", "Setting offsets needs CAP_SYS_TIME",
                                 "writing timens_offsets without CAP_SYS_TIME in the user "
                                 "namespace that owns the time namespace is EPERM")) {
  Actor maker = start_maker(t);
  setup(maker([] { return sys::drop_capabilities(); }));
  t.expect_errno("without capabilities", write_offsets(maker, "monotonic 1 0"), EPERM);
  t.expect("offsets", read_offsets(maker), "monotonic 0 0 boottime 0 0");
  if (!missing(Need::userns).empty()) return;
  Actor foreign = start_maker(t);
  require(foreign([] { return sys::unshare(CLONE_NEWUSER); }));
  t.expect_errno("with those of a newer user namespace", write_offsets(foreign, "monotonic 1 0"),
                 EPERM);
  Actor owner = t.spawn();
  require(owner([] { return sys::unshare(CLONE_NEWUSER | kNewTime); }));
  t.expect_success("as owner", write_offsets(owner, "monotonic 1 0"));
}

NSVET_CHECK(by_others,
            time_rule("time.offsets.other_process",
                      "timens_offsets of another process is that of its children's namespace",
                      "the file is about the time_for_children of the process whose directory it "
                      "is in, whoever reads or writes it")) {
  Actor maker = start_maker(t);
  const auto file = fmt::format("/proc/{}/timens_offsets", maker.pid());
  t.expect_success("write by the parent", sys::write_file(file, "boottime 41 0"));
  t.expect("read by the process", read_offsets(maker), "monotonic 0 0 boottime 41 0");
  Actor inside = maker.spawn();
  expect_ahead(t, "a member", inside, CLOCK_BOOTTIME, true, 41'000'000'000);
  expect_ahead(t, "the process", maker, CLOCK_BOOTTIME, true, 0);
}

}  // namespace
}  // namespace nsvet::probe
