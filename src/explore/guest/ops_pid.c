#include <linux/reboot.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#include "core.h"

OP(exit) {
  check(0);
  box->leave = (int)v[0].n + 1;
}
OP(waitid) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (!check(syscall(SYS_waitid, P_ALL, 0, &info, WNOHANG | (int)v[0].n, NULL))) return;
  say(" pid=%d code=%d status=%d si_uid=%d", info.si_pid, info.si_code, info.si_status,
      (int)info.si_uid);
}
OP(waitpid) {
  int status = 0;
  number(syscall(SYS_wait4, pid_of(v), &status, WNOHANG | __WALL, NULL));
  say(" status=%x", status);
}
OP(ids) {
  say("pid=%ld tid=%ld ppid=%ld pgid=%ld sid=%ld", syscall(SYS_getpid), syscall(SYS_gettid),
      syscall(SYS_getppid), syscall(SYS_getpgid, 0), syscall(SYS_getsid, 0));
}
OP(setpgid) {
  check(syscall(SYS_setpgid, pid_of(v), v[1].s[0] == 'a' ? pid_of(v + 1) : (int)v[1].n));
}
OP(setsid) { number(syscall(SYS_setsid)); }
OP(getpgid) { number(syscall(SYS_getpgid, pid_of(v))); }
OP(getsid) { number(syscall(SYS_getsid, pid_of(v))); }

OP(kill) { check(syscall(SYS_kill, pid_of(v), v[1].n)); }
OP(kill_group) { check(syscall(SYS_kill, -pid_of(v), v[1].n)); }
OP(tgkill) { check(syscall(SYS_tgkill, pid_of(v), pid_of(v), v[1].n)); }
OP(sigqueue) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = (int)v[2].n;
  info.si_pid = 4711;
  info.si_uid = 42;
  check(syscall(SYS_rt_sigqueueinfo, pid_of(v), v[1].n, &info));
}
OP(pidfd_send_signal) { check(syscall(SYS_pidfd_send_signal, held(PIDFD, v), v[1].n, NULL, 0)); }
OP(pidfd_getfd) {
  int fd = (int)syscall(SYS_pidfd_getfd, held(PIDFD, v), 1, 0);
  if (check(fd)) close(fd);
}
OP(sigaction) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  action.sa_sigaction = on_signal;
  if (v[1].n == 1) action.sa_handler = SIG_IGN;
  if (v[1].n == 2) action.sa_handler = SIG_DFL;
  check(sigaction((int)v[0].n, &action, NULL));
}
OP(sigprocmask) {
  unsigned long set = v[0].n > 0 && v[0].n < 65 ? 1UL << (v[0].n - 1) : 0;
  check(syscall(SYS_rt_sigprocmask, v[1].n, &set, NULL, sizeof set));
}
OP(sigpending) {
  unsigned long set = 0;
  if (check(syscall(SYS_rt_sigpending, &set, sizeof set))) say(" %lx", set);
}
OP(sigtimedwait) {
  unsigned long set = ~0UL;
  siginfo_t info;
  struct timespec none = {0, 0};
  if (number(syscall(SYS_rt_sigtimedwait, &set, &info, &none, sizeof set)) < 0) return;
  say(" code=%d pid=%d si_uid=%d", info.si_code, info.si_pid, (int)info.si_uid);
}

OP(prctl) { check(prctl((int)v[0].n, v[1].n, 0, 0, 0)); }
OP(prctl_get) {
  static const int asked[] = {PR_GET_NO_NEW_PRIVS, PR_GET_DUMPABLE, PR_GET_SECUREBITS,
                              PR_GET_KEEPCAPS};
  int death = -1, reaper = -1;
  for (size_t i = 0; i < 4; i++) say("%d ", prctl(asked[i], 0, 0, 0, 0));
  prctl(PR_GET_PDEATHSIG, &death);
  prctl(PR_GET_CHILD_SUBREAPER, &reaper);
  say("pdeathsig=%d reaper=%d", death, reaper);
}
OP(ptrace) {
  int pid = pid_of(v);
  if (!check(ptrace((enum __ptrace_request)PTRACE_SEIZE, pid, NULL, NULL))) return;
  ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
  while (waitpid(pid, NULL, __WALL | WUNTRACED) < 0 && errno == EINTR) {
  }
  ptrace(PTRACE_DETACH, pid, NULL, NULL);
}
// What two share. Which is greater is by chance: only whether they are the same.
OP(kcmp) {
  static const struct {
    const char* name;
    int kind;
  } all[] = {{"fs", 3}, {"files", 2}, {"vm", 1}, {"sighand", 4}, {"sysvsem", 6}};
  int any = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    long order = syscall(SYS_kcmp, pid_of(v), pid_of(v + 1), all[i].kind, 0, 0);
    if (!say_tried(all[i].name, order)) continue;
    say(",%s", order ? "differ" : "same");
    any = 1;
  }
  box->failed = !any;
}
OP(prlimit) {
  struct rlimit64 limit = {64, 64};
  check(syscall(SYS_prlimit64, pid_of(v), RLIMIT_NOFILE, NULL, &limit));
}
OP(priority) { number(syscall(SYS_getpriority, PRIO_PROCESS, pid_of(v))); }
OP(setpriority) { check(syscall(SYS_setpriority, PRIO_PROCESS, pid_of(v), v[1].n)); }
OP(scheduler) { number(syscall(SYS_sched_getscheduler, pid_of(v))); }
OP(set_scheduler) {
  int priority = 1;
  check(syscall(SYS_sched_setscheduler, 0, v[0].n, &priority));
}
// Calls about a process that is not there.
OP(about_nobody) {
  enum { NOBODY = 9999 };
  siginfo_t info;
  struct sigevent event;
  int timer, priority = 0;
  (void)v;
  memset(&info, 0, sizeof info);
  memset(&event, 0, sizeof event);
  info.si_code = SI_QUEUE;
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGUSR1;
  event._sigev_un._tid = NOBODY;
  check(syscall(SYS_kill, NOBODY, 0));
  say_tried("tgkill", syscall(SYS_tgkill, NOBODY, NOBODY, 0));
  say_tried("sigqueue", syscall(SYS_rt_sigqueueinfo, NOBODY, SIGUSR1, &info));
  say_tried("tgsigqueue", syscall(SYS_rt_tgsigqueueinfo, NOBODY, NOBODY, SIGUSR1, &info));
  say_tried("getpgid", syscall(SYS_getpgid, NOBODY));
  say_tried("getsid", syscall(SYS_getsid, NOBODY));
  say_tried("setpgid", syscall(SYS_setpgid, NOBODY, 0));
  say_tried("getpriority", syscall(SYS_getpriority, PRIO_PROCESS, NOBODY));
  say_tried("setpriority", syscall(SYS_setpriority, PRIO_PROCESS, NOBODY, 0));
  say_tried("getscheduler", syscall(SYS_sched_getscheduler, NOBODY));
  say_tried("setscheduler", syscall(SYS_sched_setscheduler, NOBODY, 0, &priority));
  say_tried("ioprio", syscall(SYS_ioprio_get, 1, NOBODY));
  say_tried("prlimit", syscall(SYS_prlimit64, NOBODY, RLIMIT_NOFILE, NULL, NULL));
  say_tried("pidfd", syscall(SYS_pidfd_open, NOBODY, 0));
  say_tried("ptrace", ptrace(PTRACE_SEIZE, NOBODY, NULL, NULL));
  say_tried("timer", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
}
OP(reboot) { check(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, v[0].n, NULL)); }
// A process made and ended at once: what PID it got, and how it ended.
OP(fork_exit) {
  struct clone_args args = {.flags = (unsigned long)v[1].n, .exit_signal = SIGCHLD};
  int tid = (int)v[2].n, status = 0;
  if (tid) {
    args.set_tid = (unsigned long)&tid;
    args.set_tid_size = 1;
  }
  int pid = (int)syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) _exit((int)v[0].n);
  if (number(pid) < 0) return;
  int done = (int)syscall(SYS_wait4, pid, &status, __WALL, NULL);
  say(" waited=%d status=%x", done, status);
}
// A grandchild that outlives its father tells whose child it has become.
OP(orphan) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) {
    check(-1);
    return;
  }
  int pid = (int)syscall(SYS_fork);
  if (pid == 0) {
    long father = syscall(SYS_getpid);
    if (syscall(SYS_fork) == 0) {
      struct timespec pause = {0, 100000};
      for (int i = 0; i < 100 && syscall(SYS_getppid) == father; i++) nanosleep(&pause, NULL);
      say(" ppid=%ld", syscall(SYS_getppid));
      _exit(5);
    }
    _exit(0);
  }
  close(ends[1]);
  if (number(pid) >= 0) syscall(SYS_wait4, pid, NULL, __WALL, NULL);
  // Until it has spoken, or cannot any more.
  struct pollfd spoken = {.fd = ends[0]};
  poll(&spoken, 1, 100);
  close(ends[0]);
}

OP(proc_status) {
  static const char* const keys[] = {
      "State",  "Tgid",   "Pid",    "PPid",   "TracerPid", "Uid",    "Gid",    "Groups",
      "NStgid", "NSpid",  "NSpgid", "NSsid",  "Threads",   "SigPnd", "ShdPnd", "SigBlk",
      "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff",    "CapBnd", "CapAmb", "NoNewPrivs"};
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", pid_of(v));
  const char* text = slurp(path);
  box->failed = !*text;
  say("%s", *text ? "0" : strerrorname_np(errno));
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) say_field(text, keys[i]);
}
OP(proc_stat) {
  // pid, ppid, pgrp, session.
  char path[64], state;
  int pid, parent, group, session;
  snprintf(path, sizeof path, "/proc/%d/stat", pid_of(v));
  const char *text = slurp(path), *end = strrchr(text, ')');
  box->failed = !end;
  if (!end)
    say("%s", strerrorname_np(errno));
  else if (sscanf(text, "%d", &pid) == 1 &&
           sscanf(end, ") %c %d %d %d", &state, &parent, &group, &session) == 4)
    say("%d %c %d %d %d", pid, state, parent, group, session);
}
OP(proc_list) {
  int any = 0;
  char path[32];
  for (int pid = 1; pid < 40; pid++) {
    snprintf(path, sizeof path, "/proc/%d", pid);
    if (access(path, F_OK) == 0) say("%d ", pid), any = 1;
  }
  box->failed = !any;
}
OP(proc_self) {
  char text[32];
  ssize_t n = readlink("/proc/self", text, sizeof text - 1);
  if (check(n < 0 ? -1 : 0)) say(" %.*s", (int)n, text);
}

// The table.
#include "domains.h"

static const struct domain kExitCode = {"exit_code", 0, WORDS({"0", 0}, {"7", 7})};
static const struct domain kWaitFlags = {
    "wait_flags", 0,
    WORDS({"EXITED", WEXITED}, {"EXITED|NOWAIT", WEXITED | WNOWAIT}, {"STOPPED", WSTOPPED},
          {"CONTINUED|EXITED", WCONTINUED | WEXITED}, {"EXITED|CLONE", WEXITED | (long)__WCLONE},
          {"EXITED|ALL", WEXITED | __WALL})};
static const struct domain kGroup = {
    "group", 0, WORDS({"0", 0}, {"1", 1}, {"a1", 1}, {"a2", 2}, {"9999", 9999})};
static const struct domain kCode = {
    "si_code", 0,
    WORDS({"QUEUE", SI_QUEUE}, {"USER", SI_USER}, {"KERNEL", SI_KERNEL}, {"TKILL", SI_TKILL})};
static const struct domain kHandler = {"handler", 0,
                                       WORDS({"handle", 0}, {"ignore", 1}, {"default", 2})};
static const struct domain kHow = {"how", 0, WORDS({"BLOCK", SIG_BLOCK}, {"UNBLOCK", SIG_UNBLOCK})};
static const struct domain kPrctl = {
    "prctl", 0,
    WORDS({"SUBREAPER", PR_SET_CHILD_SUBREAPER}, {"PDEATHSIG", PR_SET_PDEATHSIG},
          {"NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS}, {"SECUREBITS", PR_SET_SECUREBITS},
          {"DUMPABLE", PR_SET_DUMPABLE}, {"KEEPCAPS", PR_SET_KEEPCAPS})};
static const struct domain kPrctlValue = {"prctl_value", 0,
                                          WORDS({"1", 1}, {"0", 0}, {"15", 15}, {"3", 3})};
static const struct domain kNice = {"nice", 0, WORDS({"5", 5}, {"0", 0}, {"-5", -5})};
static const struct domain kPolicy = {"policy", 0, WORDS({"OTHER", 0}, {"FIFO", 1})};
static const struct domain kReboot = {
    "reboot", 0,
    WORDS({"RESTART", 0x1234567}, {"HALT", 0xCDEF0123}, {"POWER_OFF", 0x4321FEDC}, {"CAD_OFF", 0},
          {"RESTART2", 0xA1B2C3D4}, {"KEXEC", 0x45584543}, {"bogus", 77})};
static const struct domain kForkFlags = {
    "fork_flags", 0,
    WORDS({"0", 0}, {"NEWPID", CLONE_NEWPID}, {"NEWUTS", CLONE_NEWUTS}, {"NEWUSER", CLONE_NEWUSER},
          {"NEWPID|NEWUSER", CLONE_NEWPID | CLONE_NEWUSER}, {"NEWNS", CLONE_NEWNS},
          {"NEWTIME", CLONE_NEWTIME}, {"NEWIPC", CLONE_NEWIPC}, {"NEWNET", CLONE_NEWNET},
          {"NEWCGROUP", CLONE_NEWCGROUP})};
static const struct domain kSetTid = {"set_tid", 0, WORDS({"0", 0}, {"20", 20}, {"1", 1})};

const struct op kPidOps[] = {
    {"exit", "_exit(2)", "pid", RUN(exit), {{&kExitCode, PLAIN}}, ENDS},
    {"waitid", "waitid(2)", "pid", RUN(waitid), {{&kWaitFlags, PLAIN}}, FAILS},
    {"waitpid", "wait4(2)", "pid", RUN(waitpid), {{&kTarget, PLAIN}}, FAILS},
    {"ids", "getpid(2)", "pid", RUN(ids), {{NULL, PLAIN}}, 0},
    {"setpgid", "setpgid(2)", "pid", RUN(setpgid), {{&kTarget, PLAIN}, {&kGroup, PLAIN}}, FAILS},
    {"setsid", "setsid(2)", "pid", RUN(setsid), {{NULL, PLAIN}}, FAILS},
    {"getpgid", "getpgid(2)", "pid", RUN(getpgid), {{&kTarget, PLAIN}}, 0},
    {"getsid", "getsid(2)", "pid", RUN(getsid), {{&kTarget, PLAIN}}, 0},
    {"kill", "kill(2)", "pid user", RUN(kill), {{&kTarget, PLAIN}, {&kSignal, PLAIN}}, 0},
    {"kill_group",
     "kill(2)",
     "pid user",
     RUN(kill_group),
     {{&kTarget, PLAIN}, {&kSignal, PLAIN}},
     FAILS},
    {"tgkill", "tgkill(2)", "pid user", RUN(tgkill), {{&kTarget, PLAIN}, {&kSignal, PLAIN}}, 0},
    {"sigqueue",
     "rt_sigqueueinfo(2)",
     "pid user",
     RUN(sigqueue),
     {{&kTarget, PLAIN}, {&kSignal, PLAIN}, {&kCode, PLAIN}},
     0},
    {"pidfd_send_signal",
     "pidfd_send_signal(2)",
     "pid user",
     RUN(pidfd_send_signal),
     {{&kPidFd, NEED}, {&kSignal, PLAIN}},
     0},
    {"pidfd_getfd", "pidfd_getfd(2)", "pid user", RUN(pidfd_getfd), {{&kPidFd, NEED}}, 0},
    {"sigaction",
     "sigaction(2)",
     "pid",
     RUN(sigaction),
     {{&kSignal, PLAIN}, {&kHandler, PLAIN}},
     0},
    {"sigprocmask",
     "sigprocmask(2)",
     "pid",
     RUN(sigprocmask),
     {{&kSignal, PLAIN}, {&kHow, PLAIN}},
     0},
    {"sigpending", "sigpending(2)", "pid", RUN(sigpending), {{NULL, PLAIN}}, 0},
    {"sigtimedwait", "sigwaitinfo(2)", "pid user", RUN(sigtimedwait), {{NULL, PLAIN}}, FAILS},
    {"prctl", "prctl(2)", "pid user", RUN(prctl), {{&kPrctl, PLAIN}, {&kPrctlValue, PLAIN}}, 0},
    {"prctl_get", "prctl(2)", "pid user", RUN(prctl_get), {{NULL, PLAIN}}, 0},
    {"ptrace", "ptrace(2)", "user pid", RUN(ptrace), {{&kTarget, PLAIN}}, 0},
    {"kcmp", "kcmp(2)", "user pid", RUN(kcmp), {{&kTarget, PLAIN}, {&kTarget, PLAIN}}, 0},
    {"prlimit", "getrlimit(2)", "user pid", RUN(prlimit), {{&kTarget, PLAIN}}, 0},
    {"priority", "getpriority(2)", "pid", RUN(priority), {{&kTarget, PLAIN}}, 0},
    {"setpriority",
     "getpriority(2)",
     "pid user",
     RUN(setpriority),
     {{&kTarget, PLAIN}, {&kNice, PLAIN}},
     0},
    {"scheduler", "sched_setscheduler(2)", "pid", RUN(scheduler), {{&kTarget, PLAIN}}, 0},
    {"set_scheduler",
     "sched_setscheduler(2)",
     "user",
     RUN(set_scheduler),
     {{&kPolicy, PLAIN}},
     FAILS},
    {"about_nobody", "kill(2)", "pid", RUN(about_nobody), {{NULL, PLAIN}}, FAILS},
    {"reboot", "reboot(2)", "pid user", RUN(reboot), {{&kReboot, PLAIN}}, FAILS},
    {"fork_exit",
     "clone(2)",
     EVERY_TYPE,
     RUN(fork_exit),
     {{&kExitCode, PLAIN}, {&kForkFlags, PLAIN}, {&kSetTid, PLAIN}},
     0},
    {"orphan", "pid_namespaces(7)", "pid", RUN(orphan), {{NULL, PLAIN}}, 0},
    {"proc_status", "proc_pid_status(5)", "pid user", RUN(proc_status), {{&kTarget, PLAIN}}, 0},
    {"proc_stat", "proc_pid_stat(5)", "pid", RUN(proc_stat), {{&kTarget, PLAIN}}, 0},
    {"proc_list", "proc(5)", "pid", RUN(proc_list), {{NULL, PLAIN}}, 0},
    {"proc_self", "proc(5)", "pid", RUN(proc_self), {{NULL, PLAIN}}, 0},
};
const int kPidOpCount = COUNT(kPidOps);
