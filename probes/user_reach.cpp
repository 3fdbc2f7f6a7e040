// How far a capability reaches: over processes of other users in its user namespace and in those
// below, and no farther.
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <csignal>

#include "user.h"

namespace nsvet::probe {
namespace {

struct Act {
  const char* name;
  int capability;
  sys::Result<> (*call)(pid_t target);
  const char* source;
};

const Act kActs[] = {
    {"kill", CAP_KILL, [](pid_t target) { return result_of(::kill(target, 0), "kill()"); },
     "kill(2)"},
    {"prlimit", CAP_SYS_RESOURCE,
     [](pid_t target) {
       rlimit limit{};
       return result_of(::prlimit(target, RLIMIT_CORE, nullptr, &limit), "prlimit()");
     },
     "prlimit(2)"},
    {"sched_setaffinity", CAP_SYS_NICE,
     [](pid_t target) {
       cpu_set_t cpus;
       ::sched_getaffinity(0, sizeof cpus, &cpus);
       return result_of(::sched_setaffinity(target, sizeof cpus, &cpus), "sched_setaffinity()");
     },
     "sched_setaffinity(2)"},
    {"setpriority", CAP_SYS_NICE,
     [](pid_t target) {
       return result_of(::setpriority(PRIO_PROCESS, static_cast<id_t>(target), 19),
                        "setpriority()");
     },
     "setpriority(2)"},
    {"process_vm_readv", CAP_SYS_PTRACE,
     [](pid_t target) {
       // The same program, so the same address.
       static int there;
       int here = 0;
       const iovec local{&here, sizeof here};
       const iovec remote{&there, sizeof there};
       return result_of(::process_vm_readv(target, &local, 1, &remote, 1, 0), "process_vm_readv()");
     },
     "process_vm_readv(2), ptrace(2)"},
    {"get_robust_list", CAP_SYS_PTRACE,
     [](pid_t target) {
       void* head = nullptr;
       std::size_t size = 0;
       return result_of(::syscall(SYS_get_robust_list, target, &head, &size), "get_robust_list()");
     },
     "get_robust_list(2), ptrace(2)"},
};

// Ids of the initial user namespace, which nobody else should have.
constexpr unsigned kFirstId = 200000;

void expect_reach(Check& t, const Act& act) {
  const auto call = act.call;
  const int capability = act.capability;
  const auto become = [](Actor& actor, unsigned id) {
    require(actor([id] { return sys::become_user(id, id); }));
  };
  // Another user than the one who stands in all others' way, with its capabilities.
  const auto become_with = [](Actor& actor, unsigned id, int one) {
    require(actor([=]() -> sys::Result<> {
      if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return sys::last_error("PR_SET_KEEPCAPS");
      if (::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) {
        return sys::last_error("setresuid()");
      }
      return sys::raise_permitted().and_then([=] { return sys::keep_capability(one); });
    }));
  };
  Actor root = spawn_mapped(t, kFirstId, 100);
  Actor target = root.spawn();
  Actor able = root.spawn();
  Actor plain = root.spawn();
  Actor unable = root.spawn();
  Actor below = root.spawn();
  Actor outside = t.spawn();
  become(target, 5);
  become_with(able, 6, capability);
  become(plain, 6);
  require(unable([capability] { return sys::drop_capability(capability); }));
  become(below, 6);
  require(below([] { return sys::enter_own_user_namespace(); }));
  // The number that each of them knows it by is the same: they are in one PID namespace.
  const pid_t pid = target.pid();
  const auto acts = [call, pid] { return call(pid); };
  t.expect_errno("by another user", plain(acts), EPERM);
  t.expect_errno("by root without the capability", unable(acts), EPERM);
  t.expect_errno("by root of a user namespace below, with all", below(acts), EPERM);
  t.expect_success("with the capability alone", able(acts));
  if (!sys::has_capability(capability)) return;
  become_with(outside, kFirstId + 6, capability);
  t.expect_success("with it in the user namespace above", outside(acts));
}

bool register_acts() {
  for (const Act& act : kActs) {
    register_check(
        {.id = fmt::format("user.reach.{}", act.name),
         .title = fmt::format("The capability for {}() reaches downwards only", act.name),
         .rule = "on a process of another user it is EPERM without the capability over "
                 "that process's user namespace; one held in an ancestor suffices, all "
                 "of a descendant do not",
         .source = fmt::format("{}, user_namespaces(7)", act.source),
         .types = {NsType::user},
         .needs = {Need::root, Need::userns}},
        [&act](Check& t) { expect_reach(t, act); });
  }
  return true;
}
const bool acts_registered = register_acts();

}  // namespace
}  // namespace nsvet::probe
