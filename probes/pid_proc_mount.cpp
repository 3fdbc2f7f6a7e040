// Options of procfs mounts, and links that outlive or explain processes.
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// Mounts a procfs with options on /tmp, in place of what is there.
std::string mount_proc(Actor& actor, const std::string& options) {
  return outcome(
      actor([data = Text(options)] { return sys::mount("proc", "/tmp", "proc", 0, data.str()); }));
}

std::string exists_in(Actor& actor, const char* path) {
  return outcome(actor([place = Text(path)] {
    return sys::open(place.str(), O_RDONLY).map([](const sys::Fd&) {});
  }));
}

NSVET_CHECK(pidns_option,
            pid_rule("pid.proc.option", "procfs can be mounted for a namespace below",
                     "the mount option pidns= names the PID namespace that a procfs shows: the "
                     "mounter's or one below, EINVAL for others; it cannot be changed later",
                     "Documentation/filesystems/proc.rst", "6.17")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = inner.spawn();
  outer([] { enter_private_mounts(); });
  auto option_of = [](const Actor& actor) {
    return fmt::format("pidns=/proc/{}/ns/pid", setup(pid_of_pidfd(actor.pidfd())));
  };
  const auto mounted = mount_proc(outer, option_of(inner));
  if (mounted == "EINVAL") Check::skip("this kernel's procfs has no option pidns=");
  t.expect("mount for a namespace below", mounted, "success");
  t.expect("its PID 1", setup(outer([] { return status_line("NSpid", 1, "/tmp"); })), "1");
  t.expect("its PID 2", exists_in(outer, "/tmp/2/status"), "success");
  t.expect("the mounter is not in it", exists_in(outer, "/tmp/self/status"), "ENOENT");
  member([] { enter_private_mounts(); });
  t.expect("a namespace above", mount_proc(member, option_of(outer)), "EINVAL");
  t.expect("a file that is no namespace", mount_proc(member, "pidns=/proc/self/stat"), "EINVAL");
  t.expect("a namespace of another type", mount_proc(member, "pidns=/proc/self/ns/uts"), "EINVAL");
  t.expect("changing it", outcome(outer([data = Text(option_of(outer))] {
             return sys::mount("proc", "/tmp", "proc", MS_REMOUNT, data.str());
           })),
           "EBUSY");
}

NSVET_CHECK(subset_option,
            pid_rule("pid.proc.subset", "subset=pid hides all but processes",
                     "a procfs with subset=pid holds the process directories and self only; "
                     "unknown values of subset= and hidepid= are EINVAL",
                     "Documentation/filesystems/proc.rst", "5.8")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  init([] { enter_private_mounts(); });
  t.expect("subset=all", mount_proc(init, "subset=all"), "EINVAL");
  t.expect("hidepid=9", mount_proc(init, "hidepid=9"), "EINVAL");
  t.expect("hidepid=nothing", mount_proc(init, "hidepid=nothing"), "EINVAL");
  t.expect("subset=pid", mount_proc(init, "subset=pid,hidepid=invisible"), "success");
  t.expect("PID 1", exists_in(init, "/tmp/1/status"), "success");
  t.expect("self", setup(init([] { return sys::read_link("/tmp/self"); })), "1");
  t.expect("uptime", exists_in(init, "/tmp/uptime"), "ENOENT");
  t.expect("sys", exists_in(init, "/tmp/sys"), "ENOENT");
}

NSVET_CHECK(zombie_links,
            pid_rule("pid.proc.zombie_links", "A zombie keeps its PID and user namespace only",
                     "the links ns/pid and ns/user of a process that has ended can be read until "
                     "it is reaped; the others are gone (ENOENT)",
                     "kernel/exit.c exit_task_namespaces(), namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  const auto there = setup(init([] { return sys::ns_id(NsType::pid); }));
  const pid_t pid = setup(pid_of_pidfd(member.pidfd()));
  member.finish();
  t.expect("ns/pid", setup(sys::ns_id("pid", pid)), there);
  t.expect("ns/user", outcome(sys::ns_id("user", pid)), "success");
  for (const NsType type : {NsType::uts, NsType::mnt, NsType::net}) {
    t.expect(fmt::format("ns/{}", model::info(type).name), outcome(sys::ns_id(type, pid)),
             "ENOENT");
  }
  t.expect("its status", init([] { return wait_state(2); }), "exit 0");
  t.expect("ns/pid when it has been reaped", outcome(sys::ns_id("pid", pid)), "ENOENT");
}

NSVET_CHECK(parent_link,
            pid_rule("pid.nsfs.parent", "NS_GET_PARENT climbs as far as the caller sees",
                     "NS_GET_PARENT of a PID namespace gives its parent, and is EPERM for a "
                     "parent that is above the caller's namespace",
                     "NS_GET_PARENT(2const)", "4.9")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = inner.spawn();
  const auto inner_ns = setup(sys::open_ns("pid", setup(pid_of_pidfd(inner.pidfd()))));
  const auto outer_ns = setup(sys::open_ns("pid", outer.pid()));
  auto parent_of = [](Actor& actor, const sys::Fd& fd) {
    const int there = actor.give(fd.get());
    return actor([there]() -> sys::Result<sys::NsId> {
      const sys::Fd parent(::ioctl(there, NS_GET_PARENT));
      if (!parent) return sys::last_error("NS_GET_PARENT");
      return sys::ns_id_of_fd(parent.get());
    });
  };
  t.expect("of the inner one, by a member of the outer", setup(parent_of(outer, inner_ns)),
           setup(sys::ns_id_of_fd(outer_ns.get())));
  t.expect("of its own, by a member of the inner", outcome(parent_of(member, inner_ns)), "EPERM");
  t.expect("of the outer one, by a member of the outer", outcome(parent_of(outer, outer_ns)),
           "EPERM");
}

}  // namespace
}  // namespace nsvet::probe
