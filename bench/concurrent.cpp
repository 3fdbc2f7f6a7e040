// Several processes that make namespaces at a time: what one call takes (latency), and what the
// time of all is for each namespace (throughput). In a guest with one CPU they take turns; only
// where there are several do they contend.
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "measure/benchmark.h"
#include "model/statistics.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

constexpr std::size_t kEach = 8;  ///< Namespaces that each creator makes.
constexpr auto kPatience = std::chrono::minutes(1);

// What one creator tells.
struct Lap {
  std::int64_t begin;
  std::int64_t end;
  std::array<Sample, kEach> samples;
};

// Memory that the creators share, touched beforehand.
class Laps {
 public:
  explicit Laps(std::size_t count) : size_(count * sizeof(Lap)) {
    void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory != MAP_FAILED) laps_ = {static_cast<Lap*>(memory), count};
  }
  Laps(const Laps&) = delete;
  Laps& operator=(const Laps&) = delete;
  ~Laps() {
    if (!laps_.empty()) ::munmap(laps_.data(), size_);
  }
  std::span<Lap> all() const { return laps_; }

 private:
  std::size_t size_;
  std::span<Lap> laps_;
};

void create(Lap& lap, std::uint64_t flags) {
  lap.begin = now();
  for (auto& sample : lap.samples) {
    sample = in_child([&] { return timed([&] { return ::syscall(SYS_unshare, flags); }); });
  }
  lap.end = now();
}

// All begin when they are told to.
sys::Result<> race(std::span<Lap> laps, std::uint64_t flags) {
  auto ready = sys::make_pipe();
  if (!ready) return tl::unexpected(ready.error());
  auto go = sys::make_pipe();
  if (!go) return tl::unexpected(go.error());
  std::vector<sys::Child> creators;
  for (Lap& lap : laps) {
    auto creator = sys::Child::spawn([&] {
      char letter = 0;
      touch_pages();
      if (!sys::write_all(ready->write.get(), "r")) return 1;
      if (::read(go->read.get(), &letter, 1) != 1) return 1;
      create(lap, flags);
      return 0;
    });
    if (!creator) return tl::unexpected(creator.error());
    creators.push_back(std::move(*creator));
  }
  ready->write.reset();
  char letter = 0;
  for (std::size_t i = 0; i < laps.size(); ++i) {
    if (::read(ready->read.get(), &letter, 1) != 1) return sys::error(ECHILD, "starting creators");
  }
  if (auto told = sys::write_all(go->write.get(), std::string(laps.size(), 'g')); !told)
    return told;
  for (auto& creator : creators) {
    const auto status = creator.wait(kPatience);
    if (!status) return tl::unexpected(status.error());
    if (!status->success()) return sys::error(ECHILD, "a creator");
  }
  return {};
}

std::int64_t latency(std::span<const Lap> laps) {
  std::vector<std::int64_t> costs;
  for (const Lap& lap : laps) {
    for (const Sample& sample : lap.samples) costs.push_back(sample.cost);
  }
  return model::median(std::move(costs));
}

std::int64_t throughput(std::span<const Lap> laps) {
  const auto first = std::ranges::min(laps, {}, &Lap::begin).begin;
  const auto last = std::ranges::max(laps, {}, &Lap::end).end;
  return (last - first) / static_cast<std::int64_t>(laps.size() * kEach);
}

// The creators may run wherever there is a CPU.
std::size_t spread_over_cpus() {
  const long cpus = std::clamp<long>(::sysconf(_SC_NPROCESSORS_ONLN), 1, CPU_SETSIZE);
  cpu_set_t all;
  CPU_ZERO(&all);
  for (long cpu = 0; cpu < cpus; ++cpu) CPU_SET(static_cast<std::size_t>(cpu), &all);
  (void)::sched_setaffinity(0, sizeof all, &all);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&allowed));
}

void take(Measurement& m, const NsSet& set, std::size_t each_cpu,
          std::int64_t (*figure)(std::span<const Lap>)) {
  const Laps laps(spread_over_cpus() * each_cpu);
  if (laps.all().empty()) return m.fail({ENOMEM, {"mmap()"}});
  m.take_few([&]() -> Sample {
    if (const auto raced = race(laps.all(), set.flags); !raced) {
      return {.failed = raced.error().number};
    }
    for (const Lap& lap : laps.all()) {
      for (const Sample& sample : lap.samples) {
        if (sample.failed != 0) return sample;
      }
    }
    return {.cost = figure(laps.all())};
  });
}

bool register_all() {
  struct Figure {
    const char* name;
    const char* timed;
    std::int64_t (*of)(std::span<const Lap>);
  };
  constexpr Figure kFigures[] = {
      {"latency", "the median unshare({}) of all creators", latency},
      {"throughput",
       "from the begin of the first creator to the end of the last, for each namespace; the "
       "process that it is made in included",
       throughput}};
  for (const NsSet& set : single_types()) {
    for (const Figure& figure : kFigures) {
      for (const std::size_t each_cpu : {1U, 2U, 4U}) {
        register_benchmark(
            {.id = fmt::format("concurrent/{}/{}/per_cpu:{}", set.name, figure.name, each_cpu),
             .title = fmt::format("unshare({}) by {} processes for each CPU at a time",
                                  set.flags_text, each_cpu),
             .timed = fmt::format(fmt::runtime(figure.timed), set.flags_text),
             .source = "unshare(2)",
             .types = set.types,
             .profile = Profile::full},
            [&set, each_cpu, of = figure.of](Measurement& m) { take(m, set, each_cpu, of); });
      }
    }
  }
  return true;
}
const bool registered = register_all();

}  // namespace
}  // namespace nsvet::measure
