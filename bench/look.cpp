// Looking at namespaces: their links under /proc, and what nsfs and pidfs tell of them.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "measure/benchmark.h"
#include "measure/holder.h"
#include "sys/file.h"
#include "sys/nsfs.h"

namespace nsvet::measure {
namespace {

// Times a call that returns a descriptor; closing it is not timed.
template <class Call>
Sample timed_open(Call call) {
  long fd = -1;
  const Sample sample = timed([&] { return fd = call(); });
  if (fd >= 0) ::close(static_cast<int>(fd));
  return sample;
}

NSVET_BENCHMARK_EACH(open_link, single_types,
                     {.id = "look/open",
                      .title = "open /proc/self/ns/TYPE ({})",
                      .timed = "one open(2) of the link of {}",
                      .source = "namespaces(7)",
                      .admin = false}) {
  const std::string path = "/proc/self/ns/" + set.name;
  m.take_at_once(
      [&] { return timed_open([&] { return ::syscall(SYS_open, path.c_str(), O_RDONLY); }); });
}

NSVET_BENCHMARK_EACH(read_link, single_types,
                     {.id = "look/readlink",
                      .title = "readlink /proc/self/ns/TYPE ({})",
                      .timed = "one readlink(2) of the link of {}",
                      .source = "namespaces(7)",
                      .admin = false}) {
  const std::string path = "/proc/self/ns/" + set.name;
  std::array<char, 64> text{};
  m.take_at_once(
      [&] { return timed([&] { return ::readlink(path.c_str(), text.data(), text.size()); }); });
}

bool register_links_for_children() {
  for (const NsType type : {NsType::pid, NsType::time}) {
    const NsSet& set = single_type(type);
    register_benchmark(
        {.id = "look/for_children/" + set.name,
         .title = fmt::format("open /proc/self/ns/{}_for_children", set.name),
         .timed = "one open(2) of the link",
         .source = "namespaces(7)",
         .types = set.types,
         .admin = false},
        [path = "/proc/self/ns/" + set.name + "_for_children"](Measurement& m) {
          m.take_at_once([&] {
            return timed_open([&] { return ::syscall(SYS_open, path.c_str(), O_RDONLY); });
          });
        });
  }
  return true;
}
const bool links_for_children_registered = register_links_for_children();

NSVET_BENCHMARK(read_link_of_descriptor, {.id = "look/readlink_fd",
                                          .title = "readlink /proc/self/fd/FD of a namespace",
                                          .timed = "one readlink(2) of the link of a descriptor",
                                          .source = "proc_pid_fd(5)",
                                          .types = {NsType::uts},
                                          .admin = false}) {
  const auto ns = sys::open_ns(NsType::uts);
  if (!ns) return m.fail(ns.error());
  const auto path = fmt::format("/proc/self/fd/{}", ns->get());
  std::array<char, 64> text{};
  m.take_at_once(
      [&] { return timed([&] { return ::readlink(path.c_str(), text.data(), text.size()); }); });
}

NSVET_BENCHMARK_EACH(stat_link, single_types,
                     {.id = "look/stat",
                      .title = "stat /proc/self/ns/TYPE ({})",
                      .timed = "one stat(2) of the link of {}",
                      .source = "namespaces(7)",
                      .admin = false}) {
  const std::string path = "/proc/self/ns/" + set.name;
  struct stat st {};
  m.take_at_once([&] { return timed([&] { return ::stat(path.c_str(), &st); }); });
}

struct Ioctl {
  const char* name;
  unsigned long request;
  bool opens;                 ///< It returns a descriptor.
  std::vector<NsType> types;  ///< Empty: all.
};

// linux/nsfs.h; numbers, because the libc's headers may be older than the kernel.
const std::vector<Ioctl>& nsfs_ioctls() {
  using enum NsType;
  static const std::vector<Ioctl> rows{
      {"NS_GET_USERNS", 0xb701, true, {}},           {"NS_GET_PARENT", 0xb702, true, {pid, user}},
      {"NS_GET_NSTYPE", 0xb703, false, {}},          {"NS_GET_OWNER_UID", 0xb704, false, {user}},
      {"NS_GET_MNTNS_ID", 0x8008b705, false, {mnt}}, {"NS_MNT_GET_INFO", 0x8010b70a, false, {mnt}},
      {"NS_GET_ID", 0x8008b70d, false, {}},
  };
  return rows;
}

struct MntNsInfo {
  std::uint32_t size = 16;
  std::uint32_t nr_mounts = 0;
  std::uint64_t id = 0;
};

void take_ioctl(Measurement& m, const Ioctl& row, const NsSet& set) {
  const auto holder = hold(set.flags);
  if (!holder) return m.fail(holder.error());
  const auto ns = sys::open_ns(set.types.front(), holder->child.pid());
  if (!ns) return m.fail(ns.error());
  m.take_at_once([&] {
    MntNsInfo answer;
    auto call = [&] { return ::ioctl(ns->get(), row.request, row.opens ? nullptr : &answer); };
    return row.opens ? timed_open(call) : timed(call);
  });
}

bool register_ioctls() {
  for (const Ioctl& row : nsfs_ioctls()) {
    for (const NsSet& set : single_types()) {
      const NsType type = set.types.front();
      if (!row.types.empty() && std::ranges::find(row.types, type) == row.types.end()) continue;
      register_benchmark({.id = fmt::format("look/{}/{}", row.name, set.name),
                          .title = fmt::format("ioctl({}) of a namespace ({})", row.name, set.name),
                          .timed = fmt::format("one ioctl(fd, {})", row.name),
                          .source = "ioctl_nsfs(2)",
                          .types = set.types,
                          .absent = ENOTTY},
                         [&row, &set](Measurement& m) { take_ioctl(m, row, set); });
    }
  }
  return true;
}
const bool ioctls_registered = register_ioctls();

// linux/pidfd.h: PIDFD_GET_*_NAMESPACE, in the order of their numbers.
bool register_pidfd_ioctls() {
  using enum NsType;
  struct Row {
    NsType type;
    unsigned long request;
  };
  for (const Row& row :
       {Row{cgroup, 0xff01}, Row{ipc, 0xff02}, Row{mnt, 0xff03}, Row{net, 0xff04}, Row{pid, 0xff05},
        Row{time, 0xff07}, Row{user, 0xff09}, Row{uts, 0xff0a}}) {
    const NsSet& set = single_type(row.type);
    register_benchmark(
        {.id = "look/PIDFD_GET_NAMESPACE/" + set.name,
         .title = "ioctl(pidfd, PIDFD_GET_" + set.name + "_NAMESPACE)",
         .timed = "one ioctl(2) that gives a descriptor of the namespace",
         .source = "ioctl_pidfd, kernel commit 5b08bd408534",
         .types = set.types,
         .absent = ENOTTY},
        [&set, request = row.request](Measurement& m) {
          const auto holder = hold(set.flags);
          if (!holder) return m.fail(holder.error());
          m.take_at_once([&] {
            return timed_open([&] { return ::ioctl(holder->child.pidfd(), request, 0); });
          });
        });
  }
  return true;
}
const bool pidfd_ioctls_registered = register_pidfd_ioctls();

constexpr long kSysStatmount = 457;
constexpr long kSysListmount = 458;
constexpr long kSysListns = 470;

struct NsIdRequest {
  std::uint32_t size = 32;
  std::uint32_t spare = 0;
  std::uint64_t ns_id = 0;
  std::uint32_t ns_type = 0;
  std::uint32_t spare2 = 0;
  std::uint64_t user_ns_id = 0;
};

NSVET_BENCHMARK_EACH(list_ns, single_types,
                     {.id = "look/listns",
                      .title = "listns({})",
                      .timed = "one listns() of the namespaces of {}",
                      .source = "kernel commit 76b6f5dfb3fd"}) {
  m.take_at_once([&] {
    NsIdRequest request{.ns_type = static_cast<std::uint32_t>(set.flags)};
    std::array<std::uint64_t, 64> ids{};
    return timed([&] { return ::syscall(kSysListns, &request, ids.data(), ids.size(), 0); });
  });
}

NSVET_BENCHMARK(name_to_handle, {.id = "look/name_to_handle_at",
                                 .title = "the file handle of a namespace",
                                 .timed = "one name_to_handle_at(2) of an nsfs descriptor",
                                 .source = "commit 5222470b2fbb (nsfs: support file handles)",
                                 .types = {NsType::uts},
                                 .absent = EOPNOTSUPP}) {
  const auto ns = sys::open_ns(NsType::uts);
  if (!ns) return m.fail(ns.error());
  m.take_at_once([&] { return timed([&] { return as_call(sys::handle_of_ns(ns->get())); }); });
}

NSVET_BENCHMARK(open_by_handle, {.id = "look/open_by_handle_at",
                                 .title = "open a namespace by its file handle",
                                 .timed = "open_by_handle_at(2) and close(2)",
                                 .source = "commit 5222470b2fbb (nsfs: support file handles)",
                                 .types = {NsType::uts},
                                 .absent = EOPNOTSUPP}) {
  const auto ns = sys::open_ns(NsType::uts);
  if (!ns) return m.fail(ns.error());
  const auto handle = sys::handle_of_ns(ns->get());
  if (!handle) return m.fail(handle.error());
  m.take_at_once(
      [&] { return timed([&] { return as_call(sys::open_ns_handle(*handle, O_RDONLY)); }); });
}

// In a mount namespace of our own: a shared file system, a slave of it, and a bind mount that holds
// a namespace.
sys::Result<> make_mounts() {
  return sys::mount("tmpfs", "/tmp", "tmpfs", 0)
      .and_then([] { return sys::mount("", "/tmp", "", MS_SHARED); })
      .and_then([] { return sys::open("/tmp/held", O_CREAT | O_WRONLY); })
      .and_then([](auto&&) { return sys::mount("/proc/self/ns/uts", "/tmp/held", "", MS_BIND); })
      .and_then([] { return sys::make_directory("/tmp/slave"); })
      .and_then([] { return sys::mount("/tmp", "/tmp/slave", "", MS_BIND); })
      .and_then([] { return sys::mount("", "/tmp/slave", "", MS_SLAVE); });
}

NSVET_BENCHMARK(read_mountinfo,
                {.id = "look/mountinfo",
                 .title = "read /proc/self/mountinfo with a slave mount and a mounted namespace",
                 .timed = "one pread(2) of all of it",
                 .source = "proc_pid_mountinfo(5)",
                 .types = {NsType::mnt}}) {
  if (auto in = enter_new(CLONE_NEWNS); !in) return m.fail(in.error());
  if (auto made = make_mounts(); !made) return m.fail(made.error());
  const auto file = sys::open("/proc/self/mountinfo", O_RDONLY);
  if (!file) return m.fail(file.error());
  static std::array<char, 16384> text;
  m.take_at_once(
      [&] { return timed([&] { return ::pread(file->get(), text.data(), text.size(), 0); }); });
}

struct MountRequest {
  std::uint32_t size = 24;
  std::uint32_t spare = 0;
  std::uint64_t mount = ~0ULL;  ///< LSMT_ROOT
  std::uint64_t parameter = 0;
};

NSVET_BENCHMARK(list_mount, {.id = "look/listmount",
                             .title = "listmount() of the caller's mounts",
                             .timed = "one listmount() of 64 mounts at most",
                             .source = "listmount(2)"}) {
  m.take_at_once([&] {
    MountRequest request;
    std::array<std::uint64_t, 64> ids{};
    return timed([&] { return ::syscall(kSysListmount, &request, ids.data(), ids.size(), 0); });
  });
}

NSVET_BENCHMARK(stat_mount, {.id = "look/statmount",
                             .title = "statmount() of the root mount",
                             .timed = "one statmount() of all basic properties",
                             .source = "statmount(2)"}) {
  constexpr unsigned kUniqueMountId = 0x4000;
  struct statx st {};
  if (::statx(AT_FDCWD, "/", 0, kUniqueMountId, &st) != 0) return m.fail({errno, {"statx(/)"}});
  m.take_at_once([&] {
    MountRequest request{.mount = st.stx_mnt_id, .parameter = 0x3f};
    std::array<char, 1024> answer{};
    return timed(
        [&] { return ::syscall(kSysStatmount, &request, answer.data(), answer.size(), 0); });
  });
}

NSVET_BENCHMARK(open_tree_namespace, {.id = "look/OPEN_TREE_NAMESPACE",
                                      .title = "open_tree(OPEN_TREE_NAMESPACE)",
                                      .timed = "one open_tree(2) that makes a mount namespace",
                                      .source = "kernel commit 1bce1a664ac2",
                                      .types = {NsType::mnt},
                                      .absent = EINVAL}) {
  constexpr unsigned kNamespace = 2;
  m.take([] {
    return timed_open([] { return ::syscall(SYS_open_tree, AT_FDCWD, "/", kNamespace); });
  });
}

NSVET_BENCHMARK(empty_mount_namespace, {.id = "unshare/empty_mnt",
                                        .title = "unshare(UNSHARE_EMPTY_MNTNS)",
                                        .timed = "one unshare(2) into a mount namespace of nothing",
                                        .source = "kernel commit 9d4e752a24f7",
                                        .types = {NsType::mnt},
                                        .absent = EINVAL}) {
  constexpr unsigned long kEmpty = 0x00100000;
  m.take_in_child([] { return timed([] { return ::syscall(SYS_unshare, kEmpty); }); });
}

}  // namespace
}  // namespace nsvet::measure
