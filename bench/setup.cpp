// What a container runtime does between making namespaces and running a program in them.
#include <fcntl.h>
#include <linux/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "measure/benchmark.h"
#include "measure/holder.h"
#include "sys/file.h"

namespace nsvet::measure {
namespace {

using enum NsType;

// One line into a file of /proc/self that a process in a new namespace may write once.
struct Written {
  std::string_view name;  ///< Of the benchmark and the file.
  std::string_view line;
  NsType type;
  const char* source;
};

// Without privilege over the parent namespace, groups are mapped once setgroups(2) is refused.
constexpr std::string_view kNeedsSetgroups = "gid_map";

constexpr Written kWritten[] = {
    {"uid_map", "0 0 1\n", user, "user_namespaces(7)"},
    {"gid_map", "0 0 1\n", user, "user_namespaces(7)"},
    {"projid_map", "0 0 1\n", user, "user_namespaces(7)"},
    {"setgroups", "deny", user, "user_namespaces(7)"},
    {"timens_offsets", "boottime 1000 0\n", time, "time_namespaces(7)"},
};

bool register_writing() {
  for (const Written& row : kWritten) {
    const auto path = fmt::format("/proc/self/{}", row.name);
    const NsSet& set = single_type(row.type);
    register_benchmark(
        {.id = fmt::format("setup/{}", row.name),
         .title = fmt::format("write to {}", path),
         .timed = fmt::format("one write(2) to {}, after unshare({})", path, set.flags_text),
         .source = row.source,
         .types = set.types},
        [&row, &set, path](Measurement& m) {
          m.take_in_child([&]() -> Sample {
            if (::syscall(SYS_unshare, set.flags) != 0) return {.failed = errno};
            if (row.name == kNeedsSetgroups && !sys::write_file("/proc/self/setgroups", "deny"))
              return {.failed = errno};
            const sys::Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
            if (!file) return {.failed = errno};
            return timed([&] { return ::write(file.get(), row.line.data(), row.line.size()); });
          });
        });
  }
  return true;
}
const bool writing_registered = register_writing();

// A file system that shows a namespace, mounted where nothing is seen of it outside.
struct Mounted {
  const char* type;
  std::uint64_t flags;  ///< Of the namespaces that it is mounted in.
  const char* source;
};

constexpr Mounted kMounted[] = {
    {"proc", CLONE_NEWNS | CLONE_NEWPID, "proc(5)"},
    {"sysfs", CLONE_NEWNS | CLONE_NEWNET, "sysfs(5)"},
    {"mqueue", CLONE_NEWNS | CLONE_NEWIPC, "mq_overview(7)"},
    {"cgroup2", CLONE_NEWNS | CLONE_NEWCGROUP, "cgroups(7)"},
    {"tmpfs", CLONE_NEWNS, "tmpfs(5)"},
};

bool register_mounting() {
  for (const Mounted& row : kMounted) {
    register_benchmark({.id = fmt::format("setup/mount_{}", row.type),
                        .title = fmt::format("mount {}", row.type),
                        .timed = fmt::format("one mount(2) of {} in new {}", row.type,
                                             sys::clone_flags_text(row.flags)),
                        .source = row.source,
                        .types = {mnt},
                        .absent = ENODEV},
                       [&row](Measurement& m) {
                         if (auto in = enter_new(row.flags); !in) return m.fail(in.error());
                         m.take([&] {
                           const Sample sample = timed(
                               [&] { return ::mount(row.type, "/tmp", row.type, 0, nullptr); });
                           ::umount2("/tmp", 0);
                           return sample;
                         });
                       });
  }
  return true;
}
const bool mounting_registered = register_mounting();

NSVET_BENCHMARK(setup_private, {.id = "setup/mount_private",
                                .title = "make all mounts private",
                                .timed = "one mount(\"/\", MS_REC|MS_PRIVATE) after "
                                         "unshare(CLONE_NEWNS)",
                                .source = "mount_namespaces(7)",
                                .types = {mnt}}) {
  m.take_in_child([]() -> Sample {
    if (::syscall(SYS_unshare, CLONE_NEWNS) != 0) return {.failed = errno};
    return timed([] { return ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr); });
  });
}

// The root may not be the initial root file system, so another one is made first.
long new_root() {
  if (::syscall(SYS_unshare, CLONE_NEWNS) != 0) return -1;
  if (::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0) return -1;
  if (::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) != 0) return -1;
  if (::chroot("/tmp") != 0 || ::chdir("/") != 0 || ::mkdir("/new", 0755) != 0) return -1;
  if (::mount("tmpfs", "/new", "tmpfs", 0, nullptr) != 0) return -1;
  return ::chdir("/new");
}

NSVET_BENCHMARK(setup_pivot_root, {.id = "setup/pivot_root",
                                   .title = "pivot_root(\".\", \".\")",
                                   .timed = "one pivot_root(2) to a tmpfs, the old root below it",
                                   .source = "pivot_root(2)",
                                   .types = {mnt}}) {
  m.take_in_child([]() -> Sample {
    if (new_root() < 0) return {.failed = errno};
    return timed([] { return ::syscall(SYS_pivot_root, ".", "."); });
  });
}

NSVET_BENCHMARK(setup_lo_up, {.id = "setup/lo_up",
                              .title = "loopback up",
                              .timed = "one ioctl(SIOCSIFFLAGS) after unshare(CLONE_NEWNET)",
                              .source = "netdevice(7)",
                              .types = {net}}) {
  m.take_in_child([]() -> Sample {
    if (::syscall(SYS_unshare, CLONE_NEWNET) != 0) return {.failed = errno};
    const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return {.failed = errno};
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
    request.ifr_flags = IFF_UP;
    quiesce();
    return timed([&] { return ::ioctl(socket.get(), SIOCSIFFLAGS, &request); });
  });
}

NSVET_BENCHMARK(set_groups, {.id = "setup/groups",
                             .title = "setgroups(2) in a user namespace",
                             .timed = "one setgroups(2) of one mapped group",
                             .source = "user_namespaces(7)",
                             .types = {user}}) {
  if (sys::read_file("/proc/self/setgroups").value_or("deny").starts_with("deny")) {
    return m.skip("an ordinary user's namespace denies setgroups(2)");
  }
  const auto holder = hold(CLONE_NEWUSER);
  if (!holder) return m.fail(holder.error());
  const auto proc = fmt::format("/proc/{}/", holder->child.pid());
  for (const char* map : {"gid_map", "uid_map"}) {
    if (auto written = sys::write_file(proc + map, "0 0 1\n"); !written) {
      return m.fail(written.error());
    }
  }
  const auto ns = sys::open_ns(user, holder->child.pid());
  if (!ns) return m.fail(ns.error());
  m.take_in_forked_child([&]() -> Sample {
    if (::setns(ns->get(), CLONE_NEWUSER) != 0) return {.failed = errno};
    const gid_t group = 0;
    return timed_again([&] { return ::syscall(SYS_setgroups, 1, &group); });
  });
}

}  // namespace
}  // namespace nsvet::measure
