// Making namespaces: unshare(2), clone(2), clone3(2), and a vfork-like clone.
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "measure/benchmark.h"
#include "sys/file.h"
#include "sys/mountinfo.h"

namespace nsvet::measure {
namespace {

// The child ends at once; it runs when its parent, of the same real-time priority, waits for it.
long clone3_call(clone_args& args) {
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) ::_exit(0);
  return pid;
}

long clone_call(std::uint64_t flags) {
  const long pid = ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) ::_exit(0);
  return pid;
}

Sample timed_clone3(std::uint64_t flags, int cgroup = 0) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<std::uint64_t>(cgroup);
  return timed([&args] { return clone3_call(args); });
}

NSVET_BENCHMARK_EACH(unshare_set, ns_sets,
                     {.id = "unshare",
                      .title = "unshare({})",
                      .timed = "one unshare({}) in a fresh process",
                      .source = "unshare(2)"}) {
  // Its many allocations seldom find all slabs as the last call did.
  if (set.name == "net") m.ask_more();
  m.take_in_child([&] { return timed([&] { return ::syscall(SYS_unshare, set.flags); }); });
}

NSVET_BENCHMARK_EACH(clone_set, ns_sets,
                     {.id = "clone",
                      .title = "clone({})",
                      .timed = "one clone({}) until it has returned in the parent",
                      .source = "clone(2)"}) {
  if ((set.flags & CLONE_NEWTIME) != 0) {
    // Its bit lies in the signal number of clone(2).
    m.skip("clone(2) cannot make a time namespace: only clone3(2) can");
    return;
  }
  m.take_in_child([&] { return timed([&] { return clone_call(set.flags); }); });
}

NSVET_BENCHMARK_EACH(clone3_set, ns_sets,
                     {.id = "clone3",
                      .title = "clone3({})",
                      .timed = "one clone3({}) until it has returned in the parent",
                      .source = "clone(2)"}) {
  m.take_in_child([&] { return timed_clone3(set.flags); });
}

NSVET_BENCHMARK(clone3_none, {.id = "clone3/none",
                              .title = "clone3() without a new namespace",
                              .timed = "one clone3(0) until it has returned in the parent",
                              .source = "clone(2)",
                              .admin = false}) {
  m.take_in_child([] { return timed_clone3(0); });
}

NSVET_BENCHMARK(fork_plain, {.id = "fork/none",
                             .title = "fork()",
                             .timed = "one fork(2) until it has returned in the parent",
                             .source = "fork(2)",
                             .admin = false}) {
  m.take_in_child([] {
    return timed([] {
      const long pid = ::syscall(SYS_fork);
      if (pid == 0) ::_exit(0);
      return pid;
    });
  });
}

// The child shares memory and stack with its suspended parent, so it must not return from any
// function: it ends within the same few instructions.
long vfork_call(std::uint64_t flags) {
  long pid = SYS_clone;
  register long child_tid __asm__("r10") = 0;
  register long tls __asm__("r8") = 0;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "mov %[exit], %%eax\n\t"
      "xor %%edi, %%edi\n\t"
      "syscall\n"
      "1:"
      : "+a"(pid)
      : "D"(flags | CLONE_VM | CLONE_VFORK | SIGCHLD), "S"(0L), "d"(0L), "r"(child_tid),
        "r"(tls), [exit] "i"(SYS_exit_group)
      : "rcx", "r11", "memory");
  if (pid < 0) errno = static_cast<int>(-pid);
  return pid;
}

NSVET_BENCHMARK_EACH(vfork_set, ns_sets,
                     {.id = "vfork",
                      .title = "clone(CLONE_VM|CLONE_VFORK|{})",
                      .timed = "clone(CLONE_VM|CLONE_VFORK|{}), the child's end at once included",
                      .source = "clone(2)"}) {
  if ((set.flags & CLONE_NEWTIME) != 0) {
    m.skip("clone(2) cannot make a time namespace: only clone3(2) can");
    return;
  }
  m.take_in_child([&] { return timed([&] { return vfork_call(set.flags); }); });
}

NSVET_BENCHMARK(vfork_none,
                {.id = "vfork/none",
                 .title = "clone(CLONE_VM|CLONE_VFORK)",
                 .timed = "clone(CLONE_VM|CLONE_VFORK), the child's end at once included",
                 .source = "clone(2)",
                 .admin = false}) {
  m.take_in_child([] { return timed([] { return vfork_call(0); }); });
}

// Where cgroup2 is mounted; empty where it is not.
sys::Result<std::string> cgroup2_mount() {
  const auto text = sys::read_file("/proc/self/mountinfo");
  if (!text) return tl::unexpected(text.error());
  const auto mounts = sys::parse_mountinfo(*text);
  if (!mounts) return tl::unexpected(mounts.error());
  const auto found = std::ranges::find(*mounts, "cgroup2", &sys::MountInfo::type);
  return found == mounts->end() ? std::string() : found->point;
}

NSVET_BENCHMARK(into_cgroup, {.id = "clone3/into_cgroup",
                              .title = "clone3(CLONE_INTO_CGROUP)",
                              .timed = "one clone3(CLONE_INTO_CGROUP) until it has returned in the "
                                       "parent",
                              .source = "clone(2)",
                              .absent = EINVAL}) {
  const auto mount = cgroup2_mount();
  if (!mount) return m.fail(mount.error());
  if (mount->empty()) return m.skip("no cgroup2 file system is mounted");
  const std::string folder = *mount + "/nsvet-bench";
  // One that a killed run left behind serves as well.
  if (auto made = sys::make_directory(folder); !made && made.error().number != EEXIST) {
    const int number = made.error().number;
    if (number != EACCES && number != EPERM && number != EROFS) return m.fail(made.error());
    return m.skip(fmt::format("needs a cgroup of its own: {}", to_string(made.error())));
  }
  if (const auto fd = sys::open(folder, O_RDONLY | O_DIRECTORY)) {
    m.take_in_child([&] { return timed_clone3(CLONE_INTO_CGROUP, fd->get()); });
  } else {
    m.fail(fd.error());
  }
  ::rmdir(folder.c_str());
}

}  // namespace
}  // namespace nsvet::measure
