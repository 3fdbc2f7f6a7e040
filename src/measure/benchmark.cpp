#include "measure/benchmark.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

// A forked child's answer. Mapped once and touched, so that no sample pays for its first page
// fault.
Sample& shared_sample() {
  static Sample* const page = [] {
    void* memory = ::mmap(nullptr, sizeof(Sample), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? nullptr : new (memory) Sample;
  }();
  static Sample nowhere;
  return page != nullptr ? *page : nowhere;
}

void reap_all() {
  while (::waitpid(-1, nullptr, __WALL) > 0) {
  }
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

struct Answer {
  const std::function<Sample()>& body;
  Sample sample;
};

int answer(void* argument) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  auto& to = *static_cast<Answer*>(argument);
  to.sample = to.body();
  reap_all();
  return 0;
}

[[noreturn]] void end_like(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

NsSet joined(std::string name, std::initializer_list<NsType> types) {
  NsSet set{std::move(name), 0, {}, {}};
  for (const NsType type : types) {
    set.flags |= model::info(type).clone_flag;
    set.types.push_back(type);
  }
  set.flags_text = sys::clone_flags_text(set.flags);
  return set;
}

}  // namespace

Sample in_child(const std::function<Sample()>& body) {
  alignas(16) static std::array<char, std::size_t{256} * 1024> stack;
  Answer to{body, {.failed = ECHILD}};  // What stays when the child dies before it answers.
  const pid_t pid =
      ::clone(answer, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &to);
  if (pid < 0) return {.failed = errno};
  reap(pid);
  return to.sample;
}

Sample in_forked_child(const std::function<Sample()>& body) {
  Sample& sample = shared_sample();
  sample = {.failed = ECHILD};
  auto child = sys::Child::spawn([&] {
    touch_pages();
    sample = body();
    reap_all();
    return 0;
  });
  if (!child) return {.failed = child.error().number};
  reap(child->release());
  return sample;
}

sys::Result<> enter_new(std::uint64_t flags) {
  if (flags == 0) return {};
  if (flags == CLONE_NEWUSER) {  // Needs no process of its own.
    auto entered = sys::enter_own_user_namespace();
    if (entered) sys::die_with_parent(::getppid());
    return entered;
  }
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  auto go = sys::make_pipe();
  if (!go) return tl::unexpected(go.error());
  auto cloned = sys::clone3({.flags = flags});
  if (!cloned) return tl::unexpected(cloned.error());
  if (cloned->pid > 0) {
    const auto mapped =
        (flags & CLONE_NEWUSER) != 0 ? sys::map_root(cloned->pid, uid, gid) : sys::Result<>();
    if (mapped) (void)sys::write_all(go->write.get(), "g");
    go->write.reset();
    end_like(cloned->pid);
  }
  ::setpgid(0, 0);
  sys::die_with_parent((flags & CLONE_NEWPID) != 0 ? 0 : ::getppid());
  go->write.reset();
  char letter = 0;
  if (::read(go->read.get(), &letter, 1) != 1) return sys::error(EPERM, "writing the id maps");
  if ((flags & CLONE_NEWNS) != 0) return sys::mount("", "/", "", MS_REC | MS_PRIVATE);
  return {};
}

Measurement::Measurement(const BenchmarkInfo& info, int count) : info_(info), count_(count) {
  samples_.id = info.id;
  samples_.clock = chosen_clock();
  samples_.unit = info.unit;
  samples_.warm.reserve(static_cast<std::size_t>(count));
}

void Measurement::take_in_child(const std::function<Sample()>& sample) {
  take([&] { return in_child(sample); });
}

void Measurement::take_in_forked_child(const std::function<Sample()>& sample) {
  take([&] { return in_forked_child(sample); });
}

void Measurement::fail(const sys::Error& error) {
  if (error.number == ENOSYS || error.number == EAFNOSUPPORT ||
      (info_.absent != 0 && error.number == info_.absent)) {
    samples_.skipped = fmt::format("this kernel has no such call: {}", to_string(error));
  } else {
    samples_.error = to_string(error);
  }
}

std::vector<RegisteredBenchmark>& registry() {
  static std::vector<RegisteredBenchmark> benchmarks;
  return benchmarks;
}

bool register_benchmark(BenchmarkInfo info, Body body) {
  registry().push_back({std::move(info), std::move(body)});
  return true;
}

const std::vector<NsSet>& single_types() {
  static const std::vector<NsSet> sets = [] {
    std::vector<NsSet> each;
    for (const NsTypeInfo& type : model::kNsTypes) {
      each.push_back(joined(std::string(type.name), {type.type}));
    }
    return each;
  }();
  return sets;
}

const NsSet& single_type(NsType type) { return single_types()[static_cast<std::size_t>(type)]; }

const std::vector<NsSet>& ns_sets() {
  static const std::vector<NsSet> sets = [] {
    auto every = single_types();
    using enum NsType;
    every.push_back(joined("container", {mnt, uts, ipc, pid, net, cgroup}));
    every.push_back(joined("rootless", {mnt, uts, ipc, pid, net, cgroup, user}));
    every.push_back(joined("sandbox", {user, mnt, pid}));
    every.push_back(joined("all", {cgroup, ipc, mnt, net, pid, time, user, uts}));
    return every;
  }();
  return sets;
}

bool register_for_each(const std::vector<NsSet>& sets, const BenchmarkInfo& info,
                       const std::function<void(Measurement&, const NsSet&)>& body) {
  for (const NsSet& set : sets) {
    BenchmarkInfo each = info;
    each.id = fmt::format("{}/{}", info.id, set.name);
    each.title = fmt::format(fmt::runtime(info.title), set.flags_text);
    each.timed = fmt::format(fmt::runtime(info.timed), set.flags_text);
    each.types.insert(each.types.end(), set.types.begin(), set.types.end());
    register_benchmark(std::move(each), [&set, body](Measurement& m) { body(m, set); });
  }
  return true;
}

}  // namespace nsvet::measure
