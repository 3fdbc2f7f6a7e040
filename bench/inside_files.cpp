// Files, mounts and /proc, from inside.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "inside.h"
#include "sys/file.h"
#include "sys/mount_api.h"

namespace nsvet::bench {
namespace {

using enum model::NsType;

// A tmpfs of our own on /tmp, in a mount namespace of our own: never in the one that we came from.
sys::Result<> own_tmpfs() {
  if (::syscall(SYS_unshare, CLONE_NEWNS) != 0) return sys::last_error("unshare(CLONE_NEWNS)");
  if (auto made = sys::mount("", "/", "", MS_REC | MS_PRIVATE); !made) return made;
  return sys::mount("tmpfs", "/tmp", "tmpfs", 0);
}

sys::Result<Prepared> in_tmpfs(Prepared prepared) {
  if (auto made = own_tmpfs(); !made) return tl::unexpected(made.error());
  for (const char* folder : {"/tmp/a", "/tmp/b", "/tmp/a/deep"}) {
    if (auto made = sys::make_directory(folder); !made) return tl::unexpected(made.error());
  }
  const sys::Fd file(::open("/tmp/a/deep/file", O_CREAT | O_RDWR, 0644));
  if (!file) return sys::last_error("open(/tmp/a/deep/file)");
  return prepared;
}

long opened = -1;
void close_it() { ::close(static_cast<int>(opened)); }

sys::Result<Prepared> open_call() {
  return in_tmpfs(
      {[] { return opened = ::syscall(SYS_open, "/tmp/a/deep/file", O_RDONLY); }, close_it});
}

sys::Result<Prepared> create_call() {
  return in_tmpfs({[] { return opened = ::syscall(SYS_open, "/tmp/new", O_CREAT | O_RDWR, 0600); },
                   [] {
                     close_it();
                     ::unlink("/tmp/new");
                   }});
}

sys::Result<Prepared> stat_call() {
  return in_tmpfs({[]() -> long {
                     static struct stat st;
                     return ::syscall(SYS_stat, "/tmp/a/deep/file", &st);
                   },
                   {}});
}

sys::Result<Prepared> chown_call() {
  return in_tmpfs({[]() -> long { return ::syscall(SYS_chown, "/tmp/a/deep/file", 0, 0); }, {}});
}

sys::Result<Prepared> chdir_call() {
  return in_tmpfs({[]() -> long { return ::chdir("/tmp/a/deep"); }, {}});
}

sys::Result<Prepared> mount_call() {
  return in_tmpfs({[]() -> long { return ::mount("tmpfs", "/tmp/b", "tmpfs", 0, nullptr); },
                   [] { ::umount2("/tmp/b", 0); }});
}

sys::Result<Prepared> umount_call() {
  auto prepared = in_tmpfs({[]() -> long { return ::umount2("/tmp/b", 0); },
                            [] { ::mount("tmpfs", "/tmp/b", "tmpfs", 0, nullptr); }});
  if (prepared) prepared->undo();
  return prepared;
}

sys::Result<Prepared> umount_lazily() {
  auto prepared = in_tmpfs({[]() -> long { return ::umount2("/tmp/b", MNT_DETACH); },
                            [] { ::mount("tmpfs", "/tmp/b", "tmpfs", 0, nullptr); }});
  if (prepared) prepared->undo();
  return prepared;
}

sys::Result<Prepared> bind_call() {
  return in_tmpfs({[]() -> long { return ::mount("/tmp/a", "/tmp/b", nullptr, MS_BIND, nullptr); },
                   [] { ::umount2("/tmp/b", MNT_DETACH); }});
}

sys::Result<Prepared> remount_call() {
  auto prepared = in_tmpfs({[]() -> long {
                              return ::mount(nullptr, "/tmp/b", nullptr,
                                             MS_REMOUNT | MS_BIND | MS_NOSUID, nullptr);
                            },
                            {}});
  ::mount("/tmp/a", "/tmp/b", nullptr, MS_BIND, nullptr);
  return prepared;
}

sys::Result<Prepared> propagation_call() {
  return in_tmpfs({[]() -> long { return ::mount(nullptr, "/tmp", nullptr, MS_SHARED, nullptr); },
                   [] { ::mount(nullptr, "/tmp", nullptr, MS_PRIVATE, nullptr); }});
}

sys::Result<Prepared> move_call() {
  auto prepared =
      in_tmpfs({[]() -> long { return ::mount("/tmp/b", "/tmp/c", nullptr, MS_MOVE, nullptr); },
                [] { ::mount("/tmp/c", "/tmp/b", nullptr, MS_MOVE, nullptr); }});
  ::mkdir("/tmp/c", 0755);
  ::mount("tmpfs", "/tmp/b", "tmpfs", 0, nullptr);
  return prepared;
}

sys::Result<Prepared> shared_mount_call() {
  auto prepared =
      in_tmpfs({[]() -> long { return ::mount("tmpfs", "/tmp/b", "tmpfs", 0, nullptr); },
                [] { ::umount2("/tmp/b", 0); }});
  if (!prepared) return prepared;
  // A peer in which the mount is made as well.
  ::mkdir("/tmp/peer", 0755);
  ::mount(nullptr, "/tmp", nullptr, MS_SHARED, nullptr);
  if (::mount("/tmp", "/tmp/peer", nullptr, MS_BIND, nullptr) != 0) {
    return sys::last_error("mount(/tmp, /tmp/peer, MS_BIND)");
  }
  return prepared;
}

sys::Result<Prepared> setattr_call() {
  static auto change = [](std::uint64_t set, std::uint64_t clear) {
    return sys::mount_setattr(AT_FDCWD, "/tmp/b", 0, {set, clear, 0, 0});
  };
  auto prepared = in_tmpfs({[] { return measure::as_call(change(MOUNT_ATTR_NOSUID, 0)); },
                            [] { (void)change(0, MOUNT_ATTR_NOSUID); }});
  if (!prepared) return prepared;
  ::mount("/tmp/a", "/tmp/b", nullptr, MS_BIND, nullptr);
  if (auto there = change(0, MOUNT_ATTR_NOSUID); !there) return tl::unexpected(there.error());
  return prepared;
}

// The steps of the newer interface that a mount(2) of a tmpfs takes.
sys::Result<Prepared> fsmount_call() {
  return in_tmpfs({[]() -> long {
                     const auto mount = sys::new_mount("tmpfs");
                     if (!mount) return measure::as_call(mount);
                     return measure::as_call(sys::move_mount(mount->get(), "", AT_FDCWD, "/tmp/b"));
                   },
                   [] { ::umount2("/tmp/b", 0); }});
}

sys::Result<Prepared> open_tree_call() {
  return in_tmpfs(
      {[] { return measure::as_call(sys::open_tree(AT_FDCWD, "/tmp", OPEN_TREE_CLONE)); },
       {},
       true});
}

// The copy is nosuid, the original is not.
sys::Result<Prepared> open_tree_attr_call() {
  auto prepared = in_tmpfs({[] {
                              return measure::as_call(sys::open_tree_attr(
                                  AT_FDCWD, "/tmp", OPEN_TREE_CLONE, {MOUNT_ATTR_NOSUID, 0, 0, 0}));
                            },
                            {},
                            true});
  if (prepared && prepared->call() < 0) return sys::last_error("open_tree_attr(2)");
  return prepared;
}

// The links of a process's namespaces, one after the other.
sys::Result<Prepared> list_links() {
  return Prepared{[]() -> long {
                    std::array<char, 1024> entries{};
                    const sys::Fd folder(::open("/proc/self/ns", O_RDONLY | O_DIRECTORY));
                    return ::syscall(SYS_getdents64, folder.get(), entries.data(), entries.size());
                  },
                  {}};
}

sys::Result<Prepared> chroot_call() {
  return in_tmpfs({[]() -> long { return ::chroot("/"); }, {}});
}

// Opens, reads and closes a file under /proc.
sys::Result<Prepared> reads(const char* path) {
  const sys::Fd there(::open(path, O_RDONLY));
  if (!there) return sys::last_error("open({})", path);
  return Prepared{[path]() -> long {
                    static std::array<char, 8192> text;
                    const int fd = ::open(path, O_RDONLY);
                    const long n = ::read(fd, text.data(), text.size());
                    ::close(fd);
                    return n;
                  },
                  {}};
}

template <const char* kPath>
sys::Result<Prepared> read_call() {
  return reads(kPath);
}

constexpr char kStatus[] = "/proc/self/status";
constexpr char kStat[] = "/proc/self/stat";
constexpr char kMountinfo[] = "/proc/self/mountinfo";
constexpr char kUidMap[] = "/proc/self/uid_map";
constexpr char kGidMap[] = "/proc/self/gid_map";
constexpr char kProjidMap[] = "/proc/self/projid_map";
constexpr char kSetgroups[] = "/proc/self/setgroups";
constexpr char kMounts[] = "/proc/self/mounts";
constexpr char kMountstats[] = "/proc/self/mountstats";
constexpr char kCgroup[] = "/proc/self/cgroup";
constexpr char kTimens[] = "/proc/self/timens_offsets";
constexpr char kUptime[] = "/proc/uptime";
constexpr char kHostname[] = "/proc/sys/kernel/hostname";
constexpr char kMsgmax[] = "/proc/sys/kernel/msgmax";
constexpr char kPidMax[] = "/proc/sys/kernel/pid_max";
constexpr char kForward[] = "/proc/sys/net/ipv4/ip_forward";
constexpr char kMaxUser[] = "/proc/sys/user/max_user_namespaces";
constexpr char kNetDev[] = "/proc/self/net/dev";
constexpr char kSysvipc[] = "/proc/sysvipc/shm";

const char* const kReadTimed = "open(2), read(2) and close(2)";

// Reading a file of /proc, which kernels without the feature lack.
template <const char* Path>
Operation reading(std::string name, std::string source, std::vector<model::NsType> types,
                  bool deep = false) {
  return {std::move(name),
          kReadTimed,
          std::move(source),
          std::move(types),
          read_call<Path>,
          deep,
          Path};
}

const bool registered = register_operations({
    {"open",
     "one open(2) of a file in the third directory of a tmpfs",
     "open(2)",
     {mnt, user},
     open_call,
     true},
    {"create", "one open(2) that creates a file", "open(2)", {mnt, user}, create_call},
    {"stat", "one stat(2), ids mapped", "stat(2)", {mnt, user}, stat_call, true},
    {"chown", "one chown(2), ids mapped", "chown(2)", {user}, chown_call, true},
    {"chdir", "one chdir(2)", "chdir(2)", {mnt}, chdir_call},
    {"chroot", "one chroot(2)", "chroot(2)", {user}, chroot_call},
    {"mount", "one mount(2) of a tmpfs", "mount(2)", {user}, mount_call},
    {"umount", "one umount2(2) of a tmpfs", "umount2(2)", {user}, umount_call},
    {"umount_lazy", "one umount2(MNT_DETACH) of a tmpfs", "umount2(2)", {user}, umount_lazily},
    {"bind", "one bind mount", "mount(2)", {user}, bind_call},
    {"remount", "one change of a bind mount's flags", "mount(2)", {user}, remount_call},
    {"make_shared", "one mount(2) with MS_SHARED", "mount(2)", {}, propagation_call},
    {"move_mount", "one mount(2) with MS_MOVE", "mount(2)", {}, move_call},
    {"mount_shared",
     "one mount(2) that goes to a peer as well",
     "mount_namespaces(7)",
     {},
     shared_mount_call},
    {"mount_setattr",
     "one mount_setattr(2) of a bind mount's flags",
     "mount_setattr(2)",
     {user},
     setattr_call},
    {"fsmount",
     "fsopen(2), fsconfig(2), fsmount(2) and move_mount(2) of a tmpfs",
     "fsmount(2)",
     {user},
     fsmount_call},
    {"open_tree", "open_tree(OPEN_TREE_CLONE) and close(2)", "open_tree(2)", {}, open_tree_call},
    {"open_tree_attr",
     "open_tree_attr(OPEN_TREE_CLONE) and close(2)",
     "fs/namespace.c open_tree_attr()",
     {},
     open_tree_attr_call},
    {"list_links",
     "open(2), getdents64(2) and close(2) of /proc/self/ns",
     "namespaces(7)",
     {},
     list_links},
    reading<kStatus>("read_status", "proc_pid_status(5)", {pid, user}, true),
    reading<kStat>("read_stat", "proc_pid_stat(5)", {pid}, true),
    reading<kMountinfo>("read_mountinfo", "proc_pid_mountinfo(5)", {mnt}),
    reading<kUidMap>("read_uid_map", "user_namespaces(7)", {user}, true),
    reading<kGidMap>("read_gid_map", "user_namespaces(7)", {user}),
    reading<kProjidMap>("read_projid_map", "user_namespaces(7)", {user}),
    reading<kSetgroups>("read_setgroups", "user_namespaces(7)", {user}),
    reading<kMounts>("read_mounts", "proc_pid_mounts(5)", {mnt}),
    reading<kMountstats>("read_mountstats", "proc_pid_mountstats(5)", {mnt}),
    reading<kCgroup>("read_cgroup", "cgroup_namespaces(7)", {cgroup}),
    reading<kTimens>("read_timens_offsets", "time_namespaces(7)", {time}),
    reading<kUptime>("read_uptime", "proc_uptime(5)", {time}),
    reading<kHostname>("sysctl_hostname", "proc_sys_kernel(5)", {uts}),
    reading<kMsgmax>("sysctl_msgmax", "proc_sys_kernel(5)", {ipc}),
    reading<kPidMax>("sysctl_pid_max", "proc_sys_kernel(5)", {pid}),
    reading<kForward>("sysctl_ip_forward", "proc_sys_net(5)", {net}),
    reading<kMaxUser>("sysctl_max_user", "namespaces(7)", {user}, true),
    reading<kNetDev>("read_net_dev", "proc_pid_net(5)", {net}),
    reading<kSysvipc>("read_sysvipc", "proc_sysvipc(5)", {ipc}),
});

}  // namespace
}  // namespace nsvet::bench
