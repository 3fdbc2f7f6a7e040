// PID namespaces: nesting, visibility, and the rights and duties of PID 1.
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(first_is_one, {.id = "pid.init.ids",
                           .title = "The first process is PID 1 and has no parent inside",
                           .rule = "the first process in a PID namespace has PID 1; getppid(2) of "
                                   "one whose parent is outside gives 0",
                           .source = "pid_namespaces(7)",
                           .types = {NsType::pid},
                           .needs = {Need::admin}}) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  t.expect("getpid() of the first", init([] { return ::getpid(); }), 1);
  t.expect("getppid() of the first", init([] { return ::getppid(); }), 0);
  Actor child = init.spawn();
  t.expect("getpid() of the second", child([] { return ::getpid(); }), 2);
  t.expect("getppid() of the second", child([] { return ::getppid(); }), 1);
}

NSVET_CHECK(nesting, {.id = "pid.nesting.limit",
                      .title = "PID namespaces nest 32 deep",
                      .rule = "the nesting depth is limited to 32; one more fails with ENOSPC",
                      .source = "pid_namespaces(7)",
                      .types = {NsType::pid},
                      .needs = {Need::admin}}) {
  std::vector<Actor> levels;
  levels.push_back(t.spawn());
  int failed = 0;
  while (failed == 0 && levels.size() < 100) {
    auto next = levels.back().try_spawn({.flags = CLONE_NEWPID});
    if (next) {
      levels.push_back(std::move(*next));
    } else {
      failed = next.error().number;
    }
  }
  t.expect("errno of one too many", sys::errno_name(failed), "ENOSPC");
  const auto depth = static_cast<std::int64_t>(levels.size()) - 1;
  const bool initial = setup(sys::ns_id(NsType::pid)).inode == sys::kInitialPidInode;
  if (initial) t.expect("levels below the initial namespace", depth, 32);
  t.fact("max_depth", depth);
  t.expect("getpid() at the bottom", levels.back()([] { return ::getpid(); }), 1);
}

NSVET_CHECK(seen_from_above, {.id = "pid.visibility.up",
                              .title = "A process has a PID in each namespace above it",
                              .rule = "a process is visible in its own and in every ancestor PID "
                                      "namespace, with another PID in each; NSpid lists them",
                              .source = "pid_namespaces(7), proc_pid_status(5)",
                              .types = {NsType::pid},
                              .needs = {Need::admin}}) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  Actor inner = outer.spawn({.flags = CLONE_NEWPID});
  const pid_t seen = inner.pid();  // As `outer` sees it.
  t.expect_success("kill(0) from the parent namespace", outer([seen]() -> sys::Result<> {
                     if (::kill(seen, 0) != 0) return sys::last_error("kill({}, 0)", seen);
                     return {};
                   }));
  const auto status = setup(inner([] { return sys::read_file("/proc/self/status"); }));
  const auto line = status.find("NSpid:");
  const std::string ids = status.substr(line, status.find('\n', line) - line);
  t.expect("NSpid ends in", ids.ends_with(fmt::format("\t{}\t1", seen)), true);
  t.expect("getpid() of the inner", inner([] { return ::getpid(); }), 1);
}

NSVET_CHECK(hidden_from_below, {.id = "pid.visibility.down",
                                .title = "Processes of the parent namespace cannot be named inside",
                                .rule = "a process cannot signal processes of ancestor namespaces",
                                .source = "pid_namespaces(7)",
                                .types = {NsType::pid},
                                .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWPID});
  // A number that only the parent namespace uses: the check's own.
  const pid_t outside = ::getpid();
  if (outside <= 2) Check::skip("the check is PID 1 or 2 itself");
  t.expect_errno("kill(PID of a process outside, 0)", inside([outside]() -> sys::Result<> {
                   if (::kill(outside, 0) != 0) return sys::last_error("kill()");
                   return {};
                 }),
                 ESRCH);
  t.expect_errno("kill(-1, 0) with nobody else", inside([]() -> sys::Result<> {
                   if (::kill(-1, 0) != 0) return sys::last_error("kill(-1)");
                   return {};
                 }),
                 ESRCH);
}

NSVET_CHECK(own_proc, {.id = "pid.proc.mount",
                       .title = "procfs shows the PID namespace of its mounter",
                       .rule = "a /proc mounted inside shows the processes visible inside only",
                       .source = "pid_namespaces(7)",
                       .types = {NsType::pid, NsType::mnt},
                       .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWPID});
  inside([] { enter_private_mounts(); });
  setup(inside([] { return sys::mount("proc", "/tmp", "proc", 0); }));
  t.expect("/proc/self inside", setup(inside([] { return sys::read_link("/tmp/self"); })), "1");
  Actor second = inside.spawn();
  const auto numbers = setup(inside([]() -> sys::Result<std::string> {
    std::string found;
    for (const auto& name : setup(sys::list_directory("/tmp"))) {
      if (name.find_first_not_of("0123456789") == std::string::npos) found += name + " ";
    }
    return found;
  }));
  t.expect("processes in it", numbers, "1 2 ");
}

}  // namespace
}  // namespace nsvet::probe
