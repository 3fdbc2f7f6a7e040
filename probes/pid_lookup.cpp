// System calls that take a PID look it up in the caller's namespace.
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include "pid_family.h"
#include "pid_signal.h"

namespace nsvet::probe {
namespace {

constexpr int kIoprioWhoProcess = 1;

// Calls that find a process and alter nothing of it.
struct Lookup {
  const char* name;
  long (*call)(pid_t pid);
};
const Lookup kLookups[] = {
    {"getpgid", [](pid_t pid) { return long{::getpgid(pid)}; }},
    {"getsid", [](pid_t pid) { return long{::getsid(pid)}; }},
    {"getpriority", [](pid_t pid) { return ::syscall(SYS_getpriority, PRIO_PROCESS, pid); }},
    {"ioprio_get", [](pid_t pid) { return ::syscall(SYS_ioprio_get, kIoprioWhoProcess, pid); }},
    {"sched_getscheduler", [](pid_t pid) { return ::syscall(SYS_sched_getscheduler, pid); }},
    {"sched_getparam",
     [](pid_t pid) {
       sched_param parameters{};
       return ::syscall(SYS_sched_getparam, pid, &parameters);
     }},
    {"sched_getattr",
     [](pid_t pid) {
       std::array<char, 128> attributes{};
       return ::syscall(SYS_sched_getattr, pid, attributes.data(), attributes.size(), 0);
     }},
    {"sched_getaffinity",
     [](pid_t pid) {
       std::array<char, 1024> mask{};
       return ::syscall(SYS_sched_getaffinity, pid, mask.size(), mask.data());
     }},
    {"sched_rr_get_interval",
     [](pid_t pid) {
       timespec interval{};
       return ::syscall(SYS_sched_rr_get_interval, pid, &interval);
     }},
    {"prlimit",
     [](pid_t pid) {
       rlimit limit{};
       return ::syscall(SYS_prlimit64, pid, RLIMIT_CORE, nullptr, &limit);
     }},
    {"process_vm_readv",
     [](pid_t pid) {
       static const char there = 'n';
       char here = 0;
       const iovec to{&here, 1};
       // A relative by clone without exec has it at the same address.
       const iovec from{const_cast<char*>(&there), 1};
       return ::syscall(SYS_process_vm_readv, pid, &to, 1, &from, 1, 0);
     }},
    {"kcmp", [](pid_t pid) { return ::syscall(SYS_kcmp, pid, pid, KCMP_VM, 0, 0); }},
    {"get_robust_list",
     [](pid_t pid) {
       void* head = nullptr;
       std::size_t size = 0;
       return ::syscall(SYS_get_robust_list, pid, &head, &size);
     }},
    {"move_pages",
     [](pid_t pid) { return ::syscall(SYS_move_pages, pid, 0, nullptr, nullptr, nullptr, 0); }},
    {"capget",
     [](pid_t pid) {
       __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, pid};
       std::array<__user_cap_data_struct, 2> data{};
       return ::syscall(SYS_capget, &header, data.data());
     }},
    {"setpriority",
     [](pid_t pid) -> long { return ::setpriority(PRIO_PROCESS, static_cast<id_t>(pid), 19); }},
    {"ioprio_set",
     [](pid_t pid) {
       constexpr int kDefault = 0;
       return ::syscall(SYS_ioprio_set, kIoprioWhoProcess, pid, kDefault);
     }},
    {"tkill", [](pid_t pid) { return ::syscall(SYS_tkill, pid, 0); }},
    {"tgkill", [](pid_t pid) { return ::syscall(SYS_tgkill, pid, pid, 0); }},
    {"rt_sigqueueinfo",
     [](pid_t pid) {
       siginfo_t info{};
       info.si_code = SI_QUEUE;
       return ::syscall(SYS_rt_sigqueueinfo, pid, 0, &info);
     }},
    {"rt_tgsigqueueinfo",
     [](pid_t pid) {
       siginfo_t info{};
       info.si_code = SI_QUEUE;
       return ::syscall(SYS_rt_tgsigqueueinfo, pid, pid, 0, &info);
     }},
    {"ptrace",
     [](pid_t pid) -> long {
       if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return -1;
       // Let go, for the next who asks.
       ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
       ::waitpid(pid, nullptr, __WALL);
       ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
       return 0;
     }},
    {"migrate_pages",
     [](pid_t pid) {
       const unsigned long first_node = 1;
       return ::syscall(SYS_migrate_pages, pid, 8 * sizeof first_node, &first_node, &first_node);
     }},
    {"process_vm_writev",
     [](pid_t pid) {
       static char there;
       char here = 0;
       const iovec from{&here, 1};
       const iovec to{&there, 1};
       return ::syscall(SYS_process_vm_writev, pid, &from, 1, &to, 1, 0);
     }},
    {"clock_getcpuclockid",
     [](pid_t pid) -> long {
       clockid_t clock = 0;
       errno = ::clock_getcpuclockid(pid, &clock);
       return errno == 0 ? 0 : -1;
     }},
};

void expect_lookup(Check& t, const Lookup& lookup) {
  const auto index = &lookup - kLookups;
  const auto ask = [index](Actor& caller, pid_t pid) {
    return caller([index, pid]() -> sys::Result<> {
      if (kLookups[index].call(pid) < 0) return sys::last_error("{}", kLookups[index].name);
      return {};
    });
  };
  // Numbers inside: 1 and 2. In the parent namespace: 1 to 4.
  Family family = make_family(t);
  const auto own = ask(family.init, 2);
  if (!own && own.error().number == ENOSYS) Check::skip("this kernel has no such call");
  t.expect_success("a member's number, by PID 1", own);
  t.expect_success("its number in the parent namespace, there", ask(family.outer, 3));
  t.expect_errno("that number, by PID 1", ask(family.init, 3), ESRCH);
  t.expect_errno("that number, by the member itself", ask(family.member, 3), ESRCH);
  t.expect_errno("the member's number, in a sibling namespace", ask(family.sibling, 2), ESRCH);
}

bool register_lookups() {
  for (const Lookup& lookup : kLookups) {
    register_check(
        pid_rule(fmt::format("pid.lookup.{}", lookup.name),
                 fmt::format("{}() takes a PID of the caller's namespace", lookup.name),
                 fmt::format("{} finds a process by its number in the caller's PID namespace; a "
                             "number that only another namespace has is ESRCH",
                             lookup.name),
                 "pid_namespaces(7)"),
        [&lookup](Check& t) { expect_lookup(t, lookup); });
  }
  return true;
}
const bool lookups_registered = register_lookups();

}  // namespace
}  // namespace nsvet::probe
