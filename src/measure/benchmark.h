// What a benchmark is written with. One sample is one timed call. A benchmark runs in a process of
// its own, so that it may enter namespaces and leave nothing behind for the next one.
//
//   NSVET_BENCHMARK(unshare_uts, {.id = "unshare/uts", ...}) {
//     m.take_in_child([] { return timed([] { return ::unshare(CLONE_NEWUTS); }); });
//   }
#pragma once

#include <fmt/format.h>
#include <sched.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "measure/clock.h"
#include "model/benchmark.h"
#include "model/ns_type.h"
#include "sys/call.h"
#include "sys/process.h"

namespace nsvet::measure {

using model::NsType;
using model::NsTypeInfo;

/// One timed call: its cost, or the errno with which it failed.
struct Sample {
  std::int64_t cost = 0;   ///< In the benchmark's unit.
  int failed = 0;          ///< errno; a failed call is never a latency.
  bool disturbed = false;  ///< A timer tick fell into it: it is taken again.
};

/// Times one call.
/// @param call returns a negative value, and sets errno, when it fails
template <class Call>
Sample timed(Call&& call) {
  const std::int64_t tick_before = tick();
  const std::int64_t begin = now();
  const auto result = call();
  const std::int64_t end = now();
  if (result < 0) return {.failed = errno};
  return {.cost = end - begin, .disturbed = tick() != tick_before};
}

/// What timed() takes of a call that gives a Result: -1, with errno, for an error.
template <class T>
long as_call(const sys::Result<T>& result) {
  if (result) return 0;
  errno = result.error().number;
  return -1;
}

/// Times one call that can be repeated, once its first-touch effects in this process are over.
template <class Call>
Sample timed_again(Call&& call) {
  for (int warm_up = 0; warm_up < 2; ++warm_up)
    if (call() < 0) return {.failed = errno};
  return timed(call);
}

/// What a benchmark costs to take, and so when it is taken.
enum class Profile {
  quick,  ///< Always.
  full,   ///< Only with --profile full.
};

struct BenchmarkInfo {
  std::string id;  ///< operation/variant; a point of a curve ends with /parameter:value
  std::string title;
  std::string timed;  ///< What lies between the two clock readings.
  std::string source;
  std::vector<NsType> types{};
  bool admin = true;  ///< Needs all capabilities; an ordinary user gets them in a user namespace.
  Profile profile = Profile::quick;
  /// The errno that says that this kernel has no such call, besides ENOSYS.
  int absent = 0;
  model::Unit unit = model::Unit::time;
};

/// Takes the samples of one benchmark, in its process.
class Measurement {
 public:
  Measurement(const BenchmarkInfo& info, int count);

  /// Before the samples: there will be more of them, for a figure that chance moves from call to
  /// call.
  void ask_more();
  /// Warms up, then takes the samples; before each the system is given time to become quiet.
  void take(const std::function<Sample()>& sample);
  /// Without waiting for quiet: for a call that leaves no work behind.
  void take_at_once(const std::function<Sample()>& sample);
  /// With fewer samples: for what takes long, and is made of many calls.
  void take_few(const std::function<Sample()>& sample);
  /// As take(), each in a fresh child that is dead and reaped afterwards, see in_child().
  void take_in_child(const std::function<Sample()>& sample);
  void take_in_forked_child(const std::function<Sample()>& sample);

  /// Says why there will be no figure: what the kernel, or our privilege, lacks.
  void skip(std::string reason) { samples_.skipped = std::move(reason); }
  /// Says that the preparation failed.
  void fail(const sys::Error& error);

  const model::Samples& samples() const { return samples_; }

 private:
  const BenchmarkInfo& info_;
  struct Plan {
    int warm_up;
    int count;
    std::size_t alike;  ///< So many in a row end the samples.
    bool wait;
  };
  void loop(const std::function<Sample()>& sample, const Plan& plan);
  int count_;
  int last_errno_ = 0;
  model::Samples samples_;
};

/// Runs `body` in a fresh child and returns its sample. The child is dead and reaped afterwards,
/// and so are its own children, if they end by themselves: zombies would make every next sample
/// dearer. It shares the caller's memory, and the caller waits: no page table is copied, no page
/// faulted in, and their noise is not in what is timed.
Sample in_child(const std::function<Sample()>& body);

/// The same with memory of its own: for setns(2) into time namespaces, which a process that shares
/// memory may not do, and into user namespaces, which would take the caller's dumpable attribute.
Sample in_forked_child(const std::function<Sample()>& body);

/// Goes on in new namespaces, as a child, but for a user namespace alone: the caller's process
/// waits for it and ends as it does. Ids 0 are mapped in a new user namespace; mounts are private
/// in a new mount namespace.
/// @param flags CLONE_NEW*; 0 does nothing
sys::Result<> enter_new(std::uint64_t flags);

using Body = std::function<void(Measurement&)>;

struct RegisteredBenchmark {
  BenchmarkInfo info;
  Body body;
};

std::vector<RegisteredBenchmark>& registry();
bool register_benchmark(BenchmarkInfo info, Body body);

/// Namespace types that are made together.
struct NsSet {
  std::string name;
  std::uint64_t flags = 0;
  std::string flags_text;
  std::vector<NsType> types;
};

/// Each type alone, then the sets that people use: container (mnt, uts, ipc, pid, net, cgroup),
/// rootless (the same with user), sandbox (user, mnt, pid) and all.
const std::vector<NsSet>& ns_sets();
/// Each type alone.
const std::vector<NsSet>& single_types();
const NsSet& single_type(NsType type);

/// One benchmark for each set: its name behind the id, "{}" its CLONE flags.
bool register_for_each(const std::vector<NsSet>& sets, const BenchmarkInfo& info,
                       const std::function<void(Measurement&, const NsSet&)>& body);

/// The `main` of the benchmark program; see its --help.
int benchmark_main(int argc, char** argv);

}  // namespace nsvet::measure

#define NSVET_BENCHMARK(name, ...)                                                                \
  static void name(nsvet::measure::Measurement& m);                                               \
  static const bool name##_registered = nsvet::measure::register_benchmark(__VA_ARGS__, &(name)); \
  static void name(nsvet::measure::Measurement& m)

#define NSVET_BENCHMARK_EACH(name, sets, ...)                                          \
  static void name(nsvet::measure::Measurement& m, const nsvet::measure::NsSet& set);  \
  static const bool name##_registered =                                                \
      nsvet::measure::register_for_each(nsvet::measure::sets(), __VA_ARGS__, &(name)); \
  static void name(nsvet::measure::Measurement& m, const nsvet::measure::NsSet& set)
