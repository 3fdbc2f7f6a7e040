// What a namespace costs in the kernel's memory, by difference over many.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "measure/benchmark.h"
#include "measure/holder.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

// Where the kernel's own memory shows in /proc/meminfo, besides slabs.
constexpr std::string_view kFields[] = {"Percpu:", "VmallocUsed:", "PageTables:", "KernelStack:"};

std::int64_t number_at(std::string_view text, std::size_t at) {
  at = text.find_first_not_of(' ', at);
  std::int64_t value = 0;
  if (at != std::string_view::npos) {
    std::from_chars(text.data() + at, text.data() + text.size(), value);
  }
  return value;
}

std::int64_t field(std::string_view meminfo, std::string_view name) {
  const auto at = meminfo.find(name);
  return at == std::string_view::npos ? 0 : number_at(meminfo, at + name.size()) * 1024;
}

// What objects take less what their slabs take: slabs are counted by the page, and are as full as
// chance has it. slabinfo(5): name active_objs num_objs objsize objperslab pagesperslab
// : tunables ... : slabdata active_slabs num_slabs sharedavail
std::int64_t objects_less_slabs(std::string_view slabinfo) {
  std::int64_t sum = 0;
  while (!slabinfo.empty()) {
    const auto line = slabinfo.substr(0, slabinfo.find('\n'));
    slabinfo.remove_prefix(std::min(slabinfo.size(), line.size() + 1));
    const auto data = line.find("slabdata");
    if (data == std::string_view::npos || line.starts_with('#')) continue;
    std::array<std::int64_t, 5> objects{};
    auto at = line.find(' ');
    for (auto& value : objects) {
      value = number_at(line, at);
      at = line.find(' ', line.find_first_not_of(' ', at));
    }
    auto slabs = line.find_first_not_of(' ', data + std::string_view("slabdata").size() + 1);
    slabs = line.find_first_not_of(' ', line.find(' ', slabs));
    sum += objects[0] * objects[2] - number_at(line, slabs) * objects[4] * 4096;
  }
  return sum;
}

// Tells what the kernel has allocated. Only root may see objects; otherwise slabs are counted.
// What it reads stays open: an open file is an object of a slab itself.
class KernelMemory {
 public:
  KernelMemory()
      : refresh_(opened("/proc/sys/vm/stat_refresh")),
        meminfo_(opened("/proc/meminfo")),
        slabinfo_(opened("/proc/slabinfo")) {
    const std::string folder = "/sys/kernel/slab/";
    for (const auto& name : sys::list_directory(folder).value_or(std::vector<std::string>{})) {
      if (sys::read_link(folder + name)) continue;  // Another name of a cache that is here as well.
      if (auto fd = sys::open(folder + name + "/shrink", O_WRONLY)) {
        shrinkers_.push_back(std::move(*fd));
      }
    }
  }

  bool tells_objects() const { return static_cast<bool>(slabinfo_); }

  /// Once it stands still: what came before may be freed for seconds, a grace period at a time.
  sys::Result<std::int64_t> settled() const {
    auto last = bytes();
    for (int i = 0; last && i < kPatience; ++i) {
      auto now = bytes();
      if (!now || *now == *last) return now;
      last = now;
    }
    return last;
  }

 private:
  static constexpr int kPatience = 100;

  sys::Result<std::int64_t> bytes() const {
    for (int i = 0; i < 3; ++i) rest();
    // Objects that a CPU keeps at hand count as used until its slabs are given back.
    for (const auto& fd : shrinkers_) (void)::pwrite(fd.get(), "1", 1, 0);
    static std::array<char, 65536> buffer;
    (void)sys::read_again(refresh_.get(), buffer);  // Folds the per-CPU counters in.
    const auto meminfo = sys::read_again(meminfo_.get(), buffer);
    if (meminfo.empty()) return sys::error(EIO, "read(/proc/meminfo)");
    std::int64_t sum = field(meminfo, "Slab:");
    for (const auto name : kFields) sum += field(meminfo, name);
    return sum + objects_less_slabs(sys::read_again(slabinfo_.get(), buffer));
  }

  static sys::Fd opened(const std::string& path) {
    auto fd = sys::open(path, O_RDONLY);
    return fd ? std::move(*fd) : sys::Fd();
  }

  sys::Fd refresh_;
  sys::Fd meminfo_;
  sys::Fd slabinfo_;  ///< Root's alone.
  std::vector<sys::Fd> shrinkers_;
};

// Processes that are there already unshare: nothing else is allocated in between.
sys::Result<std::int64_t> memory_of(const KernelMemory& memory, int count, std::uint64_t flags) {
  Crowd crowd;
  if (auto made = crowd.add_waiting(count); !made) return tl::unexpected(made.error());
  const auto before = memory.settled();
  if (!before) return before;
  if (auto made = crowd.unshare(flags); !made) return tl::unexpected(made.error());
  return memory.settled().map([&](std::int64_t after) { return (after - *before) / count; });
}

NSVET_BENCHMARK_EACH(memory, single_types,
                     {.id = "memory",
                      .title = "memory of a namespace ({})",
                      .timed = "slab objects, per-CPU, vmalloc, page-table and stack memory, by "
                               "difference over many processes that unshare {}",
                      .source = "proc_meminfo(5)",
                      .unit = model::Unit::bytes}) {
  const int count = (set.flags & CLONE_NEWNET) != 0 ? 16 : 64;
  const KernelMemory memory;
  if (chosen_clock() == model::Clock::insn && !memory.tells_objects()) {
    return m.skip("a guest's slabs are too large to be counted whole: needs /proc/slabinfo");
  }
  m.take_few([&]() -> Sample {
    const auto each = memory_of(memory, count, set.flags);
    if (!each) return {.failed = each.error().number};
    return {.cost = std::max<std::int64_t>(0, *each)};
  });
}

}  // namespace
}  // namespace nsvet::measure
