#include "time_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string offset_line(std::string_view clock, std::int64_t offset) {
  return fmt::format("{} {} {}\n", clock, offset / kSecond, offset % kSecond);
}

}  // namespace

CheckInfo time_rule(std::string id, std::string title, std::string rule, std::string source,
                    std::string since) {
  return {.id = std::move(id),
          .title = std::move(title),
          .rule = std::move(rule),
          .source = std::move(source),
          .types = {NsType::time},
          .needs = {Need::admin},
          .since = std::move(since)};
}

Actor start_maker(const Check& t) {
  Actor maker = t.spawn();
  maker([] { enter_new(kNewTime); });
  return maker;
}

sys::Result<> write_offsets(Actor& maker, std::string_view text) {
  return maker([line = Text(std::string(text))] {
    return sys::write_file("/proc/self/timens_offsets", line.str());
  });
}

std::string read_offsets(Actor& maker) {
  const auto text = setup(maker([] { return sys::read_file("/proc/self/timens_offsets"); }));
  std::string single;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n';
    if (!space || (!single.empty() && single.back() != ' ')) single += space ? ' ' : c;
  }
  if (single.ends_with(' ')) single.pop_back();
  return single;
}

Shifted make_shifted(const Check& t) {
  Actor maker = start_maker(t);
  require(write_offsets(maker, offset_line("monotonic", kMonotonicOffset) +
                                   offset_line("boottime", kBoottimeOffset)));
  Actor inside = maker.spawn();
  return {std::move(maker), std::move(inside)};
}

sys::Result<std::int64_t> read_clock(clockid_t clock, bool by_syscall) {
  timespec now{};
  const long result =
      by_syscall ? ::syscall(SYS_clock_gettime, clock, &now) : ::clock_gettime(clock, &now);
  if (result != 0) return sys::last_error("clock_gettime({})", clock);
  return now.tv_sec * kSecond + now.tv_nsec;
}

void expect_ahead(Check& t, std::string_view what, Actor& actor, clockid_t clock, bool by_syscall,
                  std::int64_t offset) {
  const auto before = setup(read_clock(clock, by_syscall));
  const auto there = setup(actor([clock, by_syscall] { return read_clock(clock, by_syscall); }));
  const auto after = setup(read_clock(clock, by_syscall));
  const bool exact = before + offset <= there && there <= after + offset;
  t.expect(fmt::format("{}: ns ahead", what), exact ? offset : there - before, offset);
}

}  // namespace nsvet::probe
