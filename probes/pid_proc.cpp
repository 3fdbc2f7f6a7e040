// What /proc says about processes of PID namespaces, and which mount says it.
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

std::string numbers_in(Actor& actor, const char* directory) {
  return actor([path = Text(directory)] {
    std::string found;
    for (const auto& name : setup(sys::list_directory(path.str()))) {
      if (name.find_first_not_of("0123456789") == std::string::npos) {
        found += (found.empty() ? "" : " ") + name;
      }
    }
    return found;
  });
}

NSVET_CHECK(id_chains,
            pid_rule("pid.proc.status_ids", "status lists all four kinds of ids at each level",
                     "NStgid, NSpid, NSpgid and NSsid of /proc/PID/status hold the ids from the "
                     "namespace of the procfs down to that of the process",
                     "proc_pid_status(5)", "4.1")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  outer([] {
    ::setsid();
    mount_own_proc();
  });
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor leader = init.spawn();
  leader([] { ::setsid(); });
  Actor member = leader.spawn();
  member([] { ::setpgid(0, 0); });
  // PIDs: init is 2, leader 3, member 4 in `outer`.
  auto line = [&](const char* name) {
    return setup(outer([label = Text(name)] { return status_line(label.str(), 4, "/tmp"); }));
  };
  t.expect("NStgid", line("NStgid"), "4 3");
  t.expect("NSpid", line("NSpid"), "4 3");
  t.expect("NSpgid", line("NSpgid"), "4 3");
  t.expect("NSsid", line("NSsid"), "3 2");
  t.expect("Pid", line("Pid"), "4");
  t.expect("PPid", line("PPid"), "3");
  t.expect("NSsid of PID 1, whose session is outside",
           setup(outer([] { return status_line("NSsid", 2, "/tmp"); })), "1 0");
}

NSVET_CHECK(stat_ids,
            pid_rule("pid.proc.stat_ids", "stat shows the parent, group and session of its mount",
                     "fields 4 to 6 of /proc/PID/stat are in the namespace of the procfs, 0 where "
                     "they have no number there",
                     "proc_pid_stat(5)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  init([] { mount_own_proc(); });
  Actor child = init.spawn();
  auto fields = [&](pid_t pid) {
    const auto stat =
        setup(init([pid] { return sys::read_file(fmt::format("/tmp/{}/stat", pid)); }));
    std::string rest = stat.substr(stat.rfind(')') + 4);  // Behind ") S ".
    std::size_t end = 0;
    for (int field = 0; field < 3; ++field) end = rest.find(' ', end + 1);
    return stat.substr(0, stat.find(' ')) + ": " + rest.substr(0, end);
  };
  t.expect("PID 1", fields(1), "1: 0 0 0");
  t.expect("child", fields(2), "2: 1 0 0");
  child([] { ::setsid(); });
  t.expect("child after setsid()", fields(2), "2: 1 2 2");
}

NSVET_CHECK(mount_owner,
            pid_rule("pid.proc.of_mounter", "procfs shows the PID namespace of its mounter",
                     "a procfs shows the members of the namespace it was mounted in and of those "
                     "below it, whoever reads it; /proc/self is the reader's number there",
                     "pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  init([] { mount_own_proc(); });
  Actor member = init.spawn();
  Actor nested = init.spawn({.flags = CLONE_NEWPID});
  t.expect("members", numbers_in(init, "/tmp"), "1 2 3");
  t.expect("read by a nested member", numbers_in(nested, "/tmp"), "1 2 3");
  auto self_text = [](Actor& actor) {
    return setup(actor([] { return sys::read_link("/tmp/self"); }));
  };
  t.expect("self of PID 1", self_text(init), "1");
  t.expect("self of a member", self_text(member), "2");
  t.expect("self of a nested one", self_text(nested), "3");
  t.expect("thread-self of a member",
           setup(member([] { return sys::read_link("/tmp/thread-self"); })), "2/task/2");
  t.expect("task of a member", numbers_in(init, "/tmp/2/task"), "2");
  nested([] { mount_own_proc(); });
  t.expect("a procfs of the nested namespace", numbers_in(nested, "/tmp"), "1");
  t.expect("self in that", self_text(nested), "1");
  Actor outside = t.spawn();
  const sys::Fd root = init.take(setup(init([] {
    return sys::open("/tmp", O_PATH | O_DIRECTORY).map([](sys::Fd fd) { return fd.release(); });
  })));
  const int there = outside.give(root.get());
  t.expect("self of a process outside", outcome(outside([there]() -> sys::Result<std::string> {
             return sys::read_link(fmt::format("/proc/self/fd/{}/self", there));
           })),
           "ENOENT");
}

NSVET_CHECK(mount_twice,
            pid_rule("pid.proc.mount_for_children",
                     "A procfs belongs to the mounter's namespace, not to its children's",
                     "after unshare(CLONE_NEWPID) the caller still mounts a procfs of its own PID "
                     "namespace; its child mounts one of the new",
                     "pid_namespaces(7)")) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor caller = outer.spawn();
  require(caller([] { return sys::unshare(CLONE_NEWPID); }));
  caller([] { mount_own_proc(); });
  t.expect("the caller's procfs", numbers_in(caller, "/tmp"), "1 2");
  Actor init = caller.spawn();
  init([] { mount_own_proc(); });
  t.expect("the child's procfs", numbers_in(init, "/tmp"), "1");
}

NSVET_CHECK(mount_after_death,
            pid_rule("pid.proc.after_death", "The procfs of a dead namespace is empty",
                     "a procfs outlives its PID namespace, shows no process, and its own files can "
                     "still be read",
                     "pid_namespaces(7)")) {
  Actor holder = t.spawn();
  holder([] { enter_private_mounts(); });
  Actor init = holder.spawn({.flags = CLONE_NEWPID});
  t.expect("mount", outcome(init([] { return sys::mount("proc", "/tmp", "proc", 0); })), "success");
  t.expect("members before", numbers_in(holder, "/tmp"), "1");
  init.finish();
  t.expect("PID 1", holder([pid = init.pid()] { return wait_state(pid); }), "exit 0");
  t.expect("members after", numbers_in(holder, "/tmp"), "");
  t.expect("self", outcome(holder([] { return sys::read_link("/tmp/self"); })), "ENOENT");
  t.expect("uptime", outcome(holder([] { return sys::read_file("/tmp/uptime"); })), "success");
}

NSVET_CHECK(loadavg,
            pid_rule("pid.proc.loadavg", "The last PID of loadavg is of the procfs' namespace",
                     "the last field of /proc/loadavg is the PID given last in the namespace of "
                     "the procfs",
                     "proc_loadavg(5)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  init([] { mount_own_proc(); });
  auto last = [&] {
    auto text = setup(init([] { return sys::read_file("/tmp/loadavg"); }));
    return text.substr(text.rfind(' ') + 1);
  };
  t.expect("with PID 1 alone", last(), "1\n");
  Actor child = init.spawn();
  t.expect("after a second process", last(), "2\n");
  Actor outside = t.spawn();
  t.expect("after one outside", last(), "2\n");
}

NSVET_CHECK(counts_are_global,
            pid_rule("pid.proc.not_isolated", "Counts of the whole system stay visible inside",
                     "sysinfo(2) and the running/total field of /proc/loadavg count the processes "
                     "of the whole system: PID namespaces do not hide them",
                     "sysinfo(2), proc_loadavg(5)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  init([] { mount_own_proc(); });
  t.expect("members", numbers_in(init, "/tmp"), "1");
  t.expect("sysinfo() counts more than those", init([] {
             struct sysinfo info {};
             ::sysinfo(&info);
             return info.procs > 2;
           }),
           true);
  const auto text = setup(init([] { return sys::read_file("/tmp/loadavg"); }));
  const auto slash = text.find('/');
  t.expect("loadavg counts more than those", std::stol(text.substr(slash + 1)) > 2, true);
}

NSVET_CHECK(proc_in_wrong_place,
            pid_rule("pid.proc.needs_owner",
                     "Mounting a procfs needs privilege over the PID namespace",
                     "the mounter needs CAP_SYS_ADMIN in the user namespace that owns its PID "
                     "namespace: a user namespace alone gives EPERM",
                     "user_namespaces(7), mount(2)")) {
  if (!missing(Need::userns).empty()) Check::skip(missing(Need::userns));
  auto mounts = [](Actor& actor) {
    return outcome(actor([] {
      enter_private_mounts();
      return sys::mount("proc", "/tmp", "proc", 0);
    }));
  };
  Actor foreign = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWNS});
  t.expect("with a user and a mount namespace", mounts(foreign), "EPERM");
  Actor own = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID});
  const auto result = mounts(own);
  t.fact("with_own_pid_namespace", result);
}

// --- translation by nsfs -----------------------------------------------------------------------

#ifndef NS_GET_PID_FROM_PIDNS
#define NS_GET_PID_FROM_PIDNS _IOR(NSIO, 0x6, int)
#define NS_GET_TGID_FROM_PIDNS _IOR(NSIO, 0x7, int)
#define NS_GET_PID_IN_PIDNS _IOR(NSIO, 0x8, int)
#define NS_GET_TGID_IN_PIDNS _IOR(NSIO, 0x9, int)
#endif

NSVET_CHECK(translate,
            pid_rule("pid.nsfs.translate", "nsfs translates PIDs between namespaces",
                     "NS_GET_PID_FROM_PIDNS and NS_GET_PID_IN_PIDNS give a process's number in the "
                     "caller's and in the descriptor's namespace; ESRCH when it has none",
                     "NS_GET_PID_FROM_PIDNS(2const)", "6.11")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  const pid_t seen = setup(pid_of_pidfd(member.pidfd()));
  const auto fd = setup(sys::open_ns("pid", init.pid()));
  auto ask = [&](unsigned long request, pid_t pid) {
    const int result = ::ioctl(fd.get(), request, pid);
    return result < 0 ? sys::errno_name(errno) : fmt::format("{}", result);
  };
  if (ask(NS_GET_PID_FROM_PIDNS, 2) == "ENOTTY") {
    Check::skip("this kernel has no NS_GET_PID_FROM_PIDNS");
  }
  t.expect("PID from inside", ask(NS_GET_PID_FROM_PIDNS, 2), fmt::format("{}", seen));
  t.expect("TGID from inside", ask(NS_GET_TGID_FROM_PIDNS, 2), fmt::format("{}", seen));
  t.expect("PID in there", ask(NS_GET_PID_IN_PIDNS, seen), "2");
  t.expect("TGID in there", ask(NS_GET_TGID_IN_PIDNS, seen), "2");
  t.expect("unknown inside", ask(NS_GET_PID_FROM_PIDNS, 77), "ESRCH");
  t.expect("a process that is not in it", ask(NS_GET_PID_IN_PIDNS, ::getpid()), "ESRCH");
}

// --- vm.memfd_noexec ---------------------------------------------------------------------------

NSVET_CHECK(memfd_noexec,
            pid_rule("pid.memfd_noexec.scope", "vm.memfd_noexec belongs to the PID namespace",
                     "a new PID namespace inherits vm.memfd_noexec; raising it inside does not "
                     "change the parent, and it cannot be lower than the parent's",
                     "proc_sys_vm(5)", "6.3")) {
  constexpr auto kFile = "/proc/sys/vm/memfd_noexec";
  if (!setup(sys::exists(kFile))) Check::skip("this kernel has no vm.memfd_noexec");
  auto value = [&](Actor& actor) { return setup(actor([] { return sys::read_file(kFile); })); };
  auto set = [&](Actor& actor, char digit) {
    return outcome(actor([digit] { return sys::write_file(kFile, std::string(1, digit)); }));
  };
  const auto outside = setup(sys::read_file(kFile));
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  t.expect("inherited", value(outer), outside);
  if (outside != "0\n") Check::skip("vm.memfd_noexec is raised here already");
  const auto raised = set(outer, '1');
  if (raised == "EACCES") Check::skip("the file belongs to real root");
  t.expect("raising it", raised, "success");
  t.expect("outside after that", setup(sys::read_file(kFile)), outside);
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  t.expect("inherited by a nested one", value(inner), "1\n");
  t.expect("lowering it below the parent's", set(inner, '0'), "EINVAL");
  t.expect("raising it further", set(inner, '2'), "success");
  t.expect("the parent's after that", value(outer), "1\n");
  t.expect("memfd_create(MFD_EXEC) where it is 2", inner([] {
             constexpr unsigned kMfdExec = 0x10;
             const int fd = ::memfd_create("nsvet", kMfdExec);
             return sys::errno_name(fd < 0 ? errno : 0);
           }),
           "EACCES");
}

}  // namespace
}  // namespace nsvet::probe
