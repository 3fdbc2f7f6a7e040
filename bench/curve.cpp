// How costs grow: points of curves, whose ids end with /parameter:value.
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "measure/benchmark.h"
#include "measure/holder.h"

namespace nsvet::measure {
namespace {

struct Point {
  int value;
  Profile profile;
};

// The points of one curve; more of them in the full profile.
template <class Take>
void register_curve(const BenchmarkInfo& info, const std::string& parameter,
                    const std::vector<Point>& points, Take take) {
  for (const Point& point : points) {
    BenchmarkInfo each = info;
    each.id = fmt::format("{}/{}:{}", info.id, parameter, point.value);
    each.title = fmt::format("{}, {} {}", info.title, point.value, parameter);
    each.profile = point.profile;
    register_benchmark(std::move(each),
                       [take, value = point.value](Measurement& m) { take(m, value); });
  }
}

constexpr auto kQuick = Profile::quick;
constexpr auto kFull = Profile::full;

// Whoever is some levels down already cannot go all the way: 32 are the most.
bool descended(Measurement& m, std::uint64_t flags, int levels) {
  for (int level = 0; level < levels; ++level) {
    const auto in = enter_new(flags);
    if (in) continue;
    if (in.error().number == ENOSPC || in.error().number == EUSERS) {
      m.skip("too many levels for where we are: " + to_string(in.error()));
    } else {
      m.fail(in.error());
    }
    return false;
  }
  return true;
}

Sample timed_fork() {
  return timed([] {
    const long pid = ::syscall(SYS_fork);
    if (pid == 0) ::_exit(0);
    return pid;
  });
}

bool register_depths() {
  const std::vector<Point> depths{{1, kQuick}, {2, kFull},  {4, kFull},   {8, kQuick},
                                  {16, kFull}, {24, kFull}, {30, kQuick}, {32, kFull}};
  register_curve({.id = "fork",
                  .title = "fork() inside nested PID namespaces",
                  .timed = "one fork(2) until it has returned in the parent",
                  .source = "pid_namespaces(7)",
                  .types = {NsType::pid}},
                 "pid_depth", depths, [](Measurement& m, int depth) {
                   if (!descended(m, CLONE_NEWPID, depth)) return;
                   m.take_in_child(timed_fork);
                 });
  for (const NsSet& set : single_types()) {
    if (set.types.front() == NsType::mnt || set.types.front() == NsType::net) continue;
    // A namespace deeper down is charged to the owners of all levels above.
    register_curve(
        {.id = "unshare/" + set.name,
         .title = fmt::format("unshare({}) inside nested user namespaces", set.flags_text),
         .timed = fmt::format("one unshare({})", set.flags_text),
         .source = "user_namespaces(7)",
         .types = {NsType::user, set.types.front()}},
        "user_depth", {{1, kFull}, {8, kQuick}, {16, kFull}, {29, kQuick}, {31, kFull}},
        [&set](Measurement& m, int depth) {
          if (!descended(m, CLONE_NEWUSER, depth)) return;
          m.take_in_child([&] { return timed([&] { return ::syscall(SYS_unshare, set.flags); }); });
        });
  }
  register_curve(
      {.id = "unshare/pid",
       .title = "unshare(CLONE_NEWPID) inside nested PID namespaces",
       .timed = "one unshare(CLONE_NEWPID)",
       .source = "pid_namespaces(7)",
       .types = {NsType::pid}},
      "pid_depth", {{1, kFull}, {8, kQuick}, {16, kFull}, {30, kQuick}, {31, kFull}},
      [](Measurement& m, int depth) {
        if (!descended(m, CLONE_NEWPID, depth)) return;
        m.take_in_child([] { return timed([] { return ::syscall(SYS_unshare, CLONE_NEWPID); }); });
      });
  return true;
}

sys::Result<> add_mounts(int count) {
  if (auto mounted = sys::mount("tmpfs", "/tmp", "tmpfs", 0); !mounted) return mounted;
  for (int i = 0; i < count; ++i) {
    const auto folder = fmt::format("/tmp/{}", i);
    if (auto made = sys::make_directory(folder); !made) return made;
    if (auto bound = sys::mount("/tmp/0", folder, "", MS_BIND); !bound) return bound;
  }
  return {};
}

bool register_mounts() {
  const std::vector<Point> counts{{1, kFull},    {10, kQuick},  {100, kQuick},
                                  {300, kQuick}, {1000, kFull}, {5000, kFull}};
  register_curve(
      {.id = "unshare/mnt",
       .title = "unshare(CLONE_NEWNS)",
       .timed = "one unshare(CLONE_NEWNS) that copies this many mounts more",
       .source = "mount_namespaces(7)",
       .types = {NsType::mnt}},
      "mounts", counts, [](Measurement& m, int count) {
        if (auto in = enter_new(CLONE_NEWNS); !in) return m.fail(in.error());
        if (auto made = add_mounts(count); !made) return m.fail(made.error());
        m.take_in_child([] { return timed([] { return ::syscall(SYS_unshare, CLONE_NEWNS); }); });
      });
  register_curve(
      {.id = "end/mnt",
       .title = "end of the last process of a mount namespace",
       .timed = "kill(2) and waitpid(2) of a process that alone has this many mounts more",
       .source = "mount_namespaces(7)",
       .types = {NsType::mnt}},
      "mounts", {{10, kQuick}, {100, kQuick}, {300, kFull}, {1000, kFull}},
      [](Measurement& m, int count) {
        if (auto in = enter_new(CLONE_NEWNS); !in) return m.fail(in.error());
        if (auto made = add_mounts(count); !made) return m.fail(made.error());
        m.take([] {
          auto holder = hold(CLONE_NEWNS);
          if (!holder) return Sample{.failed = holder.error().number};
          quiesce();
          const pid_t pid = holder->child.release();
          return timed([pid] {
            ::kill(pid, SIGKILL);
            return ::waitpid(pid, nullptr, __WALL);
          });
        });
      });
  return true;
}

bool register_live() {
  for (const NsSet& set : single_types()) {
    const bool net = set.types.front() == NsType::net;
    const std::vector<Point> points =
        net ? std::vector<Point>{{10, kQuick}, {50, kQuick}, {200, kFull}, {1000, kFull}}
            : std::vector<Point>{{10, kQuick}, {100, kQuick}, {1000, kFull}, {10000, kFull}};
    register_curve(
        {.id = "unshare/" + set.name,
         .title = fmt::format("unshare({}) while many such namespaces live", set.flags_text),
         .timed = fmt::format("one unshare({})", set.flags_text),
         .source = "namespaces(7)",
         .types = set.types},
        "live", points, [&set](Measurement& m, int count) {
          Crowd crowd;
          if (auto made = crowd.add(count, set.flags); !made) {
            // Only the largest crowds meet limits of processes, namespaces and memory.
            const int number = made.error().number;
            const bool limit = number == EAGAIN || number == ENOSPC || number == ENOMEM;
            if (!limit || count < 1000) return m.fail(made.error());
            return m.skip("so many cannot be made: " + to_string(made.error()));
          }
          m.take_in_child([&] { return timed([&] { return ::syscall(SYS_unshare, set.flags); }); });
        });
  }
  return true;
}

// The end of init takes all with it.
bool register_killed() {
  register_curve({.id = "end/pid",
                  .title = "end of a PID namespace with its processes",
                  .timed = "kill(2) and waitpid(2) of the init of so many processes",
                  .source = "pid_namespaces(7)",
                  .types = {NsType::pid}},
                 "processes",
                 {{1, kQuick}, {10, kQuick}, {30, kQuick}, {100, kFull}, {1000, kFull}},
                 [](Measurement& m, int count) {
                   m.take([count]() -> Sample {
                     auto ready = sys::make_pipe();
                     if (!ready) return {.failed = ready.error().number};
                     auto init = sys::Child::spawn(
                         [&] {
                           Crowd crowd;
                           if (!crowd.add(count, 0)) return 1;
                           (void)sys::write_all(ready->write.get(), "r");
                           for (;;) ::pause();
                         },
                         {.flags = CLONE_NEWPID});
                     if (!init) return {.failed = init.error().number};
                     char letter = 0;
                     ready->write.reset();
                     if (::read(ready->read.get(), &letter, 1) != 1) return {.failed = ECHILD};
                     quiesce();
                     const pid_t pid = init->release();
                     return timed([pid] {
                       ::kill(pid, SIGKILL);
                       return ::waitpid(pid, nullptr, __WALL);
                     });
                   });
                 });
  return true;
}

constexpr long kSpareMib = 64;  ///< For the rest of the machine.

long free_mib() { return ::sysconf(_SC_AVPHYS_PAGES) / ((1 << 20) / ::sysconf(_SC_PAGESIZE)); }

// fork copies the page tables of what the caller has touched.
bool register_memory() {
  for (const NsType type : {NsType::uts, NsType::pid}) {
    const NsSet& set = single_type(type);
    register_curve(
        {.id = "clone3/" + set.name,
         .title = fmt::format("clone3({}) of a caller with touched memory", set.flags_text),
         .timed = fmt::format("one clone3({}) until it has returned in the parent", set.flags_text),
         .source = "clone(2)",
         .types = set.types},
        "mib", {{1, kQuick}, {16, kQuick}, {64, kFull}, {256, kFull}, {1024, kFull}},
        [&set](Measurement& m, int mib) {
          const std::size_t size = static_cast<std::size_t>(mib) << 20;
          if (free_mib() < mib + kSpareMib) {
            return m.skip(fmt::format("needs {} MiB of free memory", mib + kSpareMib));
          }
          void* memory =
              ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          if (memory == MAP_FAILED) return m.fail({errno, {"mmap()"}});
          ::madvise(memory, size, MADV_NOHUGEPAGE);
          for (std::size_t at = 0; at < size; at += 4096) static_cast<char*>(memory)[at] = 1;
          m.take([&] {
            clone_args args{};
            args.flags = set.flags;
            args.exit_signal = SIGCHLD;
            const Sample sample = timed([&] {
              const long pid = ::syscall(SYS_clone3, &args, sizeof args);
              if (pid == 0) ::_exit(0);
              return pid;
            });
            ::waitpid(-1, nullptr, __WALL);
            return sample;
          });
        });
  }
  return true;
}

const bool registered = register_depths() && register_mounts() && register_live() &&
                        register_killed() && register_memory();

}  // namespace
}  // namespace nsvet::measure
