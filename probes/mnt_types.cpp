// Which file systems root of a user namespace may mount, and when proc and sysfs are refused.
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>

#include "mnt_api.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

// user_namespaces(7) lists bpf as well, which every kernel refuses.
constexpr const char* kMountable[] = {"proc",  "sysfs",  "devpts", "tmpfs",
                                      "ramfs", "mqueue", "cgroup2"};
constexpr const char* kRefused[] = {"ext4", "xfs", "debugfs", "tracefs", "securityfs", "bpf"};

// Root of new user, mount, PID, network, IPC and cgroup namespaces.
Actor inside_all(Actor& actor) {
  Actor inside = actor.spawn({.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                       CLONE_NEWIPC | CLONE_NEWCGROUP});
  setup(sys::map_root(inside.pid(), ::geteuid(), ::getegid()));
  return inside;
}

NSVET_CHECK(types, mnt_check("mnt.types.userns", "What root of a user namespace may mount",
                             "file systems that are made for it can be mounted, those on block "
                             "devices, and kernel interfaces of the whole machine, give EPERM; "
                             "user_namespaces(7) lists bpf among the former, no kernel does",
                             "user_namespaces(7)", {Need::admin, Need::userns})) {
  Actor actor = with_mount_on_a(t);
  Actor inside = inside_all(actor);
  const MountTable outer(actor);
  const auto covers = [&outer](std::string_view below) {
    return std::ranges::any_of(
        outer.all(), [below](const auto& mount) { return mount.point.starts_with(below); });
  };
  for (const char* type : kMountable) {
    const auto done = inside([type] { return sys::mount(type, "/tmp/b", type, 0); });
    t.fact(type, sys::outcome(done));
    const std::string_view name = type;
    // What is mounted over parts of the outer /proc or /sys refuses these two.
    const bool covered = name == "proc" ? covers("/proc/") : name == "sysfs" && covers("/sys/");
    if (covered && !done && done.error().number == EPERM) continue;
    if (!done && done.error().number == ENODEV) continue;
    t.expect_success(type, done);
    if (done) setup(inside([] { return sys::umount("/tmp/b"); }));
  }
  for (const char* type : kRefused) {
    const auto done = inside([type] { return sys::mount("none", "/tmp/b", type, 0); });
    t.fact(type, sys::outcome(done));
    if (!done && done.error().number == ENODEV) continue;
    t.expect(fmt::format("{} is mounted", type), bool(done), false);
  }
}

NSVET_CHECK(revealing,
            mnt_check("mnt.types.too_revealing", "A new proc may not show what the old one hides",
                      "where something is mounted over a folder of /proc that is not empty, a new "
                      "proc in a user namespace gives EPERM",
                      "user_namespaces(7), fs/namespace.c, mount_too_revealing()",
                      {Need::admin, Need::userns})) {
  Actor actor = with_mount_on_a(t);
  const auto proc = [] { return sys::mount("proc", "/tmp/b", "proc", 0); };
  {
    Actor free = inside_all(actor);
    t.fact("before", sys::outcome(free(proc)));
  }
  // Another proc, also one that is hidden below, would show what the cover hides.
  const MountTable table(actor);
  if (std::ranges::count(table.all(), "proc", &sys::MountInfo::type) != 1) {
    Check::skip("more than one proc is mounted here");
  }
  setup(actor([] { return sys::mount("cover", "/proc/sys", "tmpfs", 0); }));
  Actor inside = inside_all(actor);
  t.expect_errno("proc", inside(proc), EPERM);
  t.expect("mounted", mounted(inside, "/tmp/b"), false);
}

}  // namespace
}  // namespace nsvet::probe
