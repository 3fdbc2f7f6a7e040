// The mount namespace of another process, as /proc shows it; and what goes with a mount namespace.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "mnt_api.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

bool holds(const std::string& text, std::string_view word) {
  return text.find(word) != std::string::npos;
}

NSVET_CHECK(others, mnt_check("mnt.proc.others",
                              "/proc/PID/mounts shows the mount namespace of that process",
                              "mounts, mountinfo and mountstats of a process list the mounts of "
                              "its namespace that lie below its root, with paths from there",
                              "proc_pid_mounts(5), proc_pid_mountinfo(5), mount_namespaces(7)")) {
  Actor actor = with_mount_on_a(t);
  Actor copy = copy_of(actor);
  Actor jailed = copy.spawn();
  setup(actor([] { return sys::mount("of-actor", "/tmp/b", "tmpfs", 0); }));
  setup(copy([] { return sys::mount("of-copy", "/tmp/a/b", "tmpfs", 0); }));
  setup(jailed([]() -> sys::Result<> {
    if (::chroot("/tmp/a") != 0) return sys::last_error("chroot()");
    return {};
  }));
  for (const char* file : {"mounts", "mountinfo", "mountstats"}) {
    const auto read = [file](pid_t pid) {
      return [file, pid] { return setup(sys::read_file(fmt::format("/proc/{}/{}", pid, file))); };
    };
    const auto own = actor(read(actor.pid()));
    t.expect(fmt::format("{} of itself has its mount", file), holds(own, "of-actor"), true);
    t.expect(fmt::format("{} of itself has the other's", file), holds(own, "of-copy"), false);
    const auto other = actor(read(copy.pid()));
    t.expect(fmt::format("{} of the other has its mount", file), holds(other, " /tmp/a/b "), true);
    t.expect(fmt::format("{} of the other has the reader's", file), holds(other, "of-actor"),
             false);
    const auto inside = actor(read(jailed.pid()));
    t.expect(fmt::format("{} after chroot() has the mount below", file), holds(inside, " /b "),
             true);
    t.expect(fmt::format("{} after chroot() has those above", file), holds(inside, " /tmp "),
             false);
  }
}

NSVET_CHECK(roots, mnt_check("mnt.proc.root", "/proc/PID/root leads into that process's mounts",
                             "below /proc/PID/root and cwd the files are those that the process "
                             "sees, in its mount namespace and below its root; mount(2) there "
                             "changes nothing (EINVAL)",
                             "proc_pid_root(5), mount_namespaces(7)")) {
  Actor actor = with_mount_on_a(t);
  Actor copy = copy_of(actor);
  setup(copy([]() -> sys::Result<> {
    if (auto done = sys::mount("of-copy", "/tmp/b", "tmpfs", 0); !done) return done;
    if (auto made = sys::open("/tmp/b/file", O_CREAT | O_WRONLY); !made) return verdict(made);
    if (::chdir("/tmp/b") != 0) return sys::last_error("chdir()");
    return {};
  }));
  const auto found = [pid = copy.pid()](const char* path) {
    return [pid, path] { return setup(sys::exists(fmt::format("/proc/{}/{}", pid, path))); };
  };
  t.expect("the file here", actor([] { return setup(sys::exists("/tmp/b/file")); }), false);
  t.expect("below root", actor(found("root/tmp/b/file")), true);
  t.expect("below cwd", actor(found("cwd/file")), true);
  const auto there = [pid = copy.pid()] { return fmt::format("/proc/{}/root/tmp/b", pid); };
  t.expect_errno("mount() there", actor([there] { return sys::mount("x", there(), "tmpfs", 0); }),
                 EINVAL);
  t.expect_errno("umount() there", actor([there] { return sys::umount(there()); }), EINVAL);
  setup(
      copy([] { return ::chroot("/tmp/b") == 0 ? sys::Result<>() : sys::last_error("chroot()"); }));
  t.expect("below root after chroot()", actor(found("root/file")), true);
}

NSVET_CHECK(propagate_from,
            mnt_check("mnt.proc.propagate_from", "mountinfo names the nearest master in sight",
                      "a slave whose master group has no member below the reader's root shows the "
                      "nearest group above it that has one as propagate_from; who sees the master "
                      "group sees no such field",
                      "mount_namespaces(7), proc_pid_mountinfo(5)")) {
  Actor actor = with_mount_on_a(t);
  setup(actor([]() -> sys::Result<> {
    for (const char* folder : {"/tmp/slave", "/tmp/jail"}) {
      if (auto made = sys::make_directory(folder); !made) return made;
    }
    if (auto done = sys::mount("jail", "/tmp/jail", "tmpfs", 0); !done) return done;
    for (const char* folder : {"/tmp/jail/peer", "/tmp/jail/last"}) {
      if (auto made = sys::make_directory(folder); !made) return made;
    }
    return {};
  }));
  struct Step {
    const char* from;
    const char* to;
    unsigned long flags;
  };
  // a and peer are one group, slave receives from it, and last from slave.
  for (const Step& step :
       {Step{"", "/tmp/a", MS_SHARED}, Step{"/tmp/a", "/tmp/slave", MS_BIND},
        Step{"", "/tmp/slave", MS_SLAVE}, Step{"", "/tmp/slave", MS_SHARED},
        Step{"/tmp/a", "/tmp/jail/peer", MS_BIND}, Step{"/tmp/slave", "/tmp/jail/last", MS_BIND},
        Step{"", "/tmp/jail/last", MS_SLAVE}}) {
    require(actor([step] { return sys::mount(step.from, step.to, "", step.flags); }));
  }
  Actor jailed = actor.spawn();
  setup(jailed(
      [] { return ::chroot("/tmp/jail") == 0 ? sys::Result<>() : sys::last_error("chroot()"); }));
  const MountTable outside(actor);
  t.expect("master, seen from outside", outside.must("/tmp/jail/last").master,
           outside.must("/tmp/slave").shared);
  t.expect("propagate_from, seen from outside", outside.must("/tmp/jail/last").propagate_from, 0);
  const auto inside = setup(sys::parse_mountinfo(setup(actor(
      [pid = jailed.pid()] { return sys::read_file(fmt::format("/proc/{}/mountinfo", pid)); }))));
  const auto last = std::ranges::find(inside, "/last", &sys::MountInfo::point);
  if (!t.expect("listed below the root", last != inside.end(), true)) return;
  t.expect("master, seen from below the root", last->master, outside.must("/tmp/slave").shared);
  t.expect("propagate_from, seen from below the root", last->propagate_from,
           outside.must("/tmp/a").shared);
}

NSVET_CHECK(mounts_go,
            mnt_check("mnt.lifetime.mounts", "Mounts go with their mount namespace",
                      "what a mount holds, here a UTS namespace by its file, is held "
                      "while the mount namespace lives, and let go when that has ended",
                      "mount_namespaces(7), namespaces(7)", {Need::admin, Need::userns})) {
  Actor owner = t.spawn();
  require(owner([] { return sys::enter_own_user_namespace(); }));
  owner([] { enter_private_mounts(); });
  setup(owner([] { return sys::write_file("/proc/sys/user/max_uts_namespaces", "1"); }));
  setup(owner([] { return verdict(sys::open("/tmp/uts", O_CREAT | O_WRONLY)); }));
  Actor holder = copy_of(owner);
  {
    Actor held = holder.spawn({.flags = CLONE_NEWUTS});
    require(holder([pid = held.pid()] {
      return sys::mount(fmt::format("/proc/{}/ns/uts", pid), "/tmp/uts", "", MS_BIND);
    }));
    held.finish();
    holder([pid = held.pid()] { ::waitpid(pid, nullptr, __WALL); });
  }
  const auto make = [&] { return owner.try_spawn({.flags = CLONE_NEWUTS}); };
  t.expect_errno("another while the mount is there", make(), ENOSPC);
  holder.finish();
  owner([pid = holder.pid()] { ::waitpid(pid, nullptr, __WALL); });
  t.expect("another when its mount namespace has ended",
           eventually([&] { return make().has_value(); }), true);
}

}  // namespace
}  // namespace nsvet::probe
