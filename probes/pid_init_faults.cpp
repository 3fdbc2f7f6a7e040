// Signals that the kernel itself sends to PID 1, and what cannot be forged.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csetjmp>

#include "pid_process.h"
#include "pid_signal.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

void bad_address() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;  // NOLINT(clang-analyzer-core.NullDereference): that is the fault.
}

void bad_instruction() {
#if defined(__x86_64__)
  asm volatile("ud2");
#else
  __builtin_trap();
#endif
}

// A page of a file that has no such page.
void beyond_the_end() {
  const int fd = ::memfd_create("nsvet", MFD_CLOEXEC);
  void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  static_cast<void>(*static_cast<volatile char*>(page));
}

// A system call that a seccomp filter traps.
void forbidden_call() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
  ::syscall(SYS_getpgrp);
}

struct Fault {
  void (*commit)();
  int signal;
  int code;  ///< The si_code of its signal.
};
constexpr Fault kFaults[] = {
    {bad_address, SIGSEGV, SEGV_MAPERR},
    {bad_instruction, SIGILL, ILL_ILLOPN},
    {beyond_the_end, SIGBUS, BUS_ADRERR},
    {forbidden_call, SIGSYS, 1 /* SYS_SECCOMP */},
};

sigjmp_buf after_fault;
volatile sig_atomic_t fault_code = 0;

void leave_fault(int /*signal*/, siginfo_t* info, void* /*context*/) {
  fault_code = info->si_code;
  siglongjmp(after_fault, 1);
}

// Commits the fault as a process without core files would.
void commit_fault(const Fault& fault) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  fault.commit();
}

void fault_kills(Check& t, const Fault& fault) {
  for (const auto disposition :
       {Disposition::standard, Disposition::ignored, Disposition::blocked}) {
    Actor init = t.spawn({.flags = CLONE_NEWPID});
    Actor child = init.spawn();
    const int pid = init.pid();
    init([disposition] { set_disposition(disposition); });
    try {
      init([fault] { commit_fault(fault); });
    } catch (const Abort&) {
      // It died, as it must.
    }
    t.expect(fmt::format("{} {}", sys::signal_name(fault.signal), name_of(disposition)),
             wait_state(pid), "killed by " + sys::signal_name(fault.signal));
    t.expect("its namespace ends too", child.dies_within(kPatience), true);
  }
}

void fault_handled(Check& t, const Fault& fault) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  const int code = init([fault] {
    set_disposition(Disposition::standard);
    struct sigaction action {};
    action.sa_sigaction = leave_fault;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(fault.signal, &action, nullptr);
    fault_code = 0;
    if (sigsetjmp(after_fault, 1) == 0) commit_fault(fault);
    return static_cast<int>(fault_code);
  });
  t.expect("si_code in the handler", code, fault.code);
  t.expect("PID 1 goes on", init([] { return ::getpid(); }), 1);
}

void register_fault(const Fault& fault) {
  std::string name = sys::signal_name(fault.signal).substr(3);
  for (char& c : name) c = static_cast<char>(c | 0x20);
  register_check(
      pid_rule(
          fmt::format("pid.init.fault.{}_kills", name),
          fmt::format("A fault with {} ends PID 1 as any process", sys::signal_name(fault.signal)),
          "signals that the kernel forces upon a fault are not filtered for init, ignored and "
          "blocked ones neither",
          "kernel/signal.c force_sig_info_to_task()"),
      [&fault](Check& t) { fault_kills(t, fault); });
  register_check(
      pid_rule(fmt::format("pid.init.fault.{}_handled", name),
               fmt::format("PID 1 can handle its own {}", sys::signal_name(fault.signal)),
               "a handler of init gets the fault with its si_code", "sigaction(2)"),
      [&fault](Check& t) { fault_handled(t, fault); });
}

const bool registered = [] {
  for (const Fault& fault : kFaults) register_fault(fault);
  return true;
}();

NSVET_CHECK(kernel_sent,
            pid_rule("pid.init.signals.kernel_default",
                     "PID 1 outlives what timers, pipes and limits send by default",
                     "signals without a handler that the kernel sends on behalf of a process "
                     "(SIGPIPE, SIGALRM, SIGXFSZ) have no effect on init",
                     "pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  init([] { set_disposition(Disposition::standard); });
  t.expect("write() to a broken pipe", init([] {
             auto pipe = setup(sys::make_pipe());
             pipe.read.reset();
             return sys::errno_name(::write(pipe.write.get(), "x", 1) == 1 ? 0 : errno);
           }),
           "EPIPE");
  t.expect("ftruncate() beyond RLIMIT_FSIZE", init([] {
             const rlimit one{1, RLIM_INFINITY};
             const rlimit much{RLIM_INFINITY, RLIM_INFINITY};
             ::setrlimit(RLIMIT_FSIZE, &one);
             const sys::Fd file(::memfd_create("nsvet", MFD_CLOEXEC));
             const int number = ::ftruncate(file.get(), 2) == 0 ? 0 : errno;
             ::setrlimit(RLIMIT_FSIZE, &much);
             return sys::errno_name(number);
           }),
           "EFBIG");
  t.expect("the interval timer ran out", init([] {
             const itimerval soon{{0, 0}, {0, 1}};
             ::setitimer(ITIMER_REAL, &soon, nullptr);
             return eventually([] {
               itimerval left{};
               ::getitimer(ITIMER_REAL, &left);
               return left.it_value.tv_sec == 0 && left.it_value.tv_usec == 0;
             });
           }),
           true);
  t.expect("PID 1 goes on", init([] { return ::getpid(); }), 1);
}

NSVET_CHECK(forged,
            pid_rule("pid.init.signals.forged_code",
                     "A member cannot make its signal look like one of the kernel",
                     "rt_sigqueueinfo(2) with an si_code of the kernel or of kill(2) is EPERM for "
                     "another process",
                     "rt_sigqueueinfo(2)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  for (const int code : {SI_KERNEL, SI_USER, SI_TKILL}) {
    t.expect_errno(fmt::format("SIGKILL with si_code {}", code), inside([code]() -> sys::Result<> {
                     siginfo_t info{};
                     info.si_code = code;
                     if (::syscall(SYS_rt_sigqueueinfo, 1, SIGKILL, &info) != 0) {
                       return sys::last_error("rt_sigqueueinfo()");
                     }
                     return {};
                   }),
                   EPERM);
  }
  t.expect("PID 1 goes on", init([] { return ::getpid(); }), 1);
}

// What rt_sigqueueinfo(2) claims as the sender's PID.
constexpr pid_t kClaimed = 4321;

sys::Result<> send_claim(pid_t target, int signal, pid_t claimed) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  info.si_pid = claimed;
  if (::syscall(SYS_rt_sigqueueinfo, target, signal, &info) != 0) {
    return sys::last_error("rt_sigqueueinfo({}, {})", target, signal);
  }
  return {};
}

NSVET_CHECK(claimed_pid,
            pid_rule("pid.init.signals.claimed_pid",
                     "si_pid is 0 from an ancestor namespace, whatever the sender claims",
                     "the kernel sets si_pid to 0 for a signal from an ancestor namespace, and "
                     "leaves what a member claims; a claimed 0 forces nothing",
                     "kernel/signal.c send_signal_locked(), pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  init([] { set_disposition(Disposition::handler); });
  require(inside([] { return send_claim(1, SIGUSR1, kClaimed); }));
  require(send_claim(init.pid(), SIGUSR2, kClaimed));
  t.expect("from inside", init([] { return caught(SIGUSR1).pid; }), kClaimed);
  t.expect("from the parent namespace", init([] { return caught(SIGUSR2).pid; }), 0);
  for (const int signal : {SIGKILL, SIGSTOP}) {
    require(inside([signal] { return send_claim(1, signal, 0); }));
    t.expect(fmt::format("{} with si_pid 0 from inside: getpid()", sys::signal_name(signal)),
             init([] { return ::getpid(); }), 1);
  }
}

NSVET_CHECK(traced_init,
            pid_rule("pid.init.signals.traced",
                     "A traced PID 1 is still out of reach of its members' SIGKILL",
                     "a tracer sees the signals of members, but delivering one without a handler "
                     "has no effect on init, and SIGKILL is dropped",
                     "kernel/signal.c sig_ignored(), get_signal()")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  const pid_t pid = init.pid();
  init([] { set_disposition(Disposition::standard); });
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0)
    setup(sys::Result<>(sys::last_error("ptrace()")));
  require(inside([] { return send(1, SIGTERM); }));
  t.expect("SIGTERM", wait_state(pid), "stopped by SIGTERM");
  ::ptrace(PTRACE_CONT, pid, nullptr, SIGTERM);
  t.expect("PID 1 goes on after SIGTERM", init([] { return ::getpid(); }), 1);
  require(inside([] { return send(1, SIGKILL); }));
  t.expect("PID 1 goes on after SIGKILL", init([] { return ::getpid(); }), 1);
  ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
}

NSVET_CHECK(members_are_ordinary,
            pid_rule("pid.member.signals", "Members other than PID 1 have no protection",
                     "only the init of a namespace is protected from signals",
                     "pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  for (const int signal : {SIGKILL, SIGTERM, SIGHUP, SIGRTMIN}) {
    Actor member = init.spawn();
    Actor sibling = init.spawn();
    const pid_t pid = member.pid();
    require(sibling([pid, signal] { return send(pid, signal); }));
    t.expect(fmt::format("{} from a sibling", sys::signal_name(signal)),
             init([pid] { return wait_state(pid); }), "killed by " + sys::signal_name(signal));
  }
}

NSVET_CHECK(protection_returns, pid_rule("pid.init.signals.handler_removed",
                                         "PID 1 is protected again when its handler is removed",
                                         "only the disposition at the time of the signal counts",
                                         "pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  init([] { set_disposition(Disposition::handler); });
  require(inside([] { return send(1, SIGTERM); }));
  t.expect("caught", init([] { return caught(SIGTERM).count; }), 1);
  init([] { set_disposition(Disposition::standard); });
  require(inside([] { return send(1, SIGTERM); }));
  require(send(init.pid(), SIGTERM));
  t.expect("PID 1 goes on", init([] { return ::getpid(); }), 1);
}

NSVET_CHECK(children_keep_running,
            pid_rule("pid.init.stopped", "Nothing happens to the members while PID 1 is stopped",
                     "only the end of init ends its namespace; a stopped one can still get "
                     "children of its members",
                     "pid_namespaces(7)")) {
  Actor init = t.spawn({.flags = CLONE_NEWPID});
  Actor inside = init.spawn();
  const pid_t pid = init.pid();
  require(send(pid, SIGSTOP));
  t.expect("PID 1", wait_state(pid), "stopped by SIGSTOP");
  t.expect("a member runs", inside([] { return ::getpid(); }), 2);
  Actor child = inside.spawn();
  t.expect("a new process in it", child([] { return ::getpid(); }), 3);
  require(inside([] { return send(1, SIGCONT); }));
  t.expect("PID 1 after SIGCONT from inside", wait_state(pid), "continued");
}

}  // namespace
}  // namespace nsvet::probe
