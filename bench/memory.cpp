// What a namespace costs in the kernel's memory, by difference over many.
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "measure/benchmark.h"
#include "measure/holder.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

// Where the kernel's own memory shows in /proc/meminfo. Page tables and the like of the processes
// that hold the namespaces go away in the difference.
constexpr std::string_view kFields[] = {
    "Slab:", "Percpu:", "VmallocUsed:", "PageTables:", "KernelStack:"};

std::int64_t field(std::string_view meminfo, std::string_view name) {
  const auto at = meminfo.find(name);
  if (at == std::string_view::npos) return 0;
  const auto digits = meminfo.find_first_not_of(' ', at + name.size());
  std::int64_t kib = 0;
  std::from_chars(meminfo.data() + digits, meminfo.data() + meminfo.size(), kib);
  return kib * 1024;
}

sys::Result<std::int64_t> kernel_memory() {
  (void)sys::read_file("/proc/sys/vm/stat_refresh");  // Folds the per-CPU counters in.
  const auto meminfo = sys::read_file("/proc/meminfo");
  if (!meminfo) return tl::unexpected(meminfo.error());
  std::int64_t sum = 0;
  for (const auto name : kFields) sum += field(*meminfo, name);
  return sum;
}

sys::Result<std::int64_t> memory_of(const NsSet& set, int count, std::uint64_t flags) {
  for (int i = 0; i < 4; ++i) quiesce();
  const auto before = kernel_memory();
  if (!before) return before;
  Crowd crowd(set.flags);
  if (auto made = crowd.add(count, flags); !made) return tl::unexpected(made.error());
  for (int i = 0; i < 4; ++i) quiesce();
  return kernel_memory().map([&](std::int64_t after) { return after - *before; });
}

NSVET_BENCHMARK_EACH(memory, single_types,
                     {.id = "memory",
                      .title = "memory of a namespace ({})",
                      .timed = "slab, per-CPU, vmalloc, page-table and stack memory, by difference "
                               "over many processes in new {} and as many without",
                      .source = "proc_meminfo(5)",
                      .unit = model::Unit::bytes}) {
  const int count = (set.flags & CLONE_NEWNET) != 0 ? 16 : 128;
  m.take_few([&]() -> Sample {
    const auto with = memory_of(set, count, set.flags);
    if (!with) return {.failed = with.error().number};
    const auto without = memory_of(set, count, 0);
    return {.cost = std::max<std::int64_t>(0, (*with - without.value_or(0)) / count)};
  });
}

}  // namespace
}  // namespace nsvet::measure
