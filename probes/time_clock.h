// Time namespaces with offsets, and exact comparisons of their clocks.
#pragma once

#include <time.h>

#include <string>
#include <string_view>

#include "probe/check.h"

namespace nsvet::probe {

inline constexpr std::uint64_t kNewTime = model::info(NsType::time).clone_flag;

/// The offsets that these checks set: far above any delay between two readings, and different.
inline constexpr std::int64_t kMonotonicOffset = 100'000'123'456'789;  ///< ns
inline constexpr std::int64_t kBoottimeOffset = 250'000'987'654'321;   ///< ns

/// The metadata of a check of time namespaces.
CheckInfo time_rule(std::string id, std::string title, std::string rule,
                    std::string source = "time_namespaces(7)", std::string since = "5.6");

/// An actor that has unshared a time namespace without entering it.
Actor start_maker(const Check& t);
/// Writes the maker's timens_offsets.
sys::Result<> write_offsets(Actor& maker, std::string_view text);
/// Their content with single spaces: "monotonic 0 0 boottime 0 0".
std::string read_offsets(Actor& maker);

/// A maker whose namespace has the two offsets above, and a member of it.
struct Shifted {
  Actor maker;
  Actor inside;
};
Shifted make_shifted(const Check& t);

/// A reading of a clock in ns, by the C library (vDSO) or by the system call.
sys::Result<std::int64_t> read_clock(clockid_t clock, bool by_syscall);

/// Expects the actor's clock to be exactly `offset` ns ahead of the check's: not less than a
/// reading before, not more than one after it.
void expect_ahead(Check& t, std::string_view what, Actor& actor, clockid_t clock, bool by_syscall,
                  std::int64_t offset);

}  // namespace nsvet::probe
