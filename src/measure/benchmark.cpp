#include "measure/benchmark.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace nsvet::measure {
namespace {

// The child's answer. Mapped once and touched, so that no sample pays for its first page fault.
Sample& shared_sample() {
  static Sample* const page = [] {
    void* memory = ::mmap(nullptr, sizeof(Sample), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? nullptr : new (memory) Sample;
  }();
  static Sample nowhere;
  return page != nullptr ? *page : nowhere;
}

}  // namespace

Sample Measurement::in_child(const std::function<Sample()>& body,
                             const sys::CloneOptions& options) const {
  Sample& sample = shared_sample();
  sample = {.failed = ECHILD};  // What stays when the child dies before it answers.
  auto child = sys::Child::spawn(
      [&] {
        sample = body();
        return 0;
      },
      options);
  if (!child) return {.failed = child.error().number};
  int status = 0;
  const pid_t pid = child->release();
  while (::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
  }
  return sample;
}

std::vector<RegisteredBenchmark>& registry() {
  static std::vector<RegisteredBenchmark> benchmarks;
  return benchmarks;
}

bool register_benchmark(BenchmarkInfo info, SampleBody body) {
  registry().push_back({std::move(info), std::move(body)});
  return true;
}

bool register_for_each_type(
    const BenchmarkInfo& info,
    const std::function<Sample(const Measurement&, const NsTypeInfo&)>& body) {
  for (const NsTypeInfo& type : model::kNsTypes) {
    BenchmarkInfo each = info;
    each.id = fmt::format("{}/{}", info.id, type.name);
    each.title = fmt::format(fmt::runtime(info.title), type.flag_name);
    each.timed = fmt::format(fmt::runtime(info.timed), type.flag_name);
    each.types.push_back(type.type);
    register_benchmark(std::move(each),
                       [&type, body](const Measurement& m) { return body(m, type); });
  }
  return true;
}

}  // namespace nsvet::measure
