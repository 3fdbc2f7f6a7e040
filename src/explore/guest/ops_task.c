// Calls that name a process by its PID, and what a signal or the end of one tells of it.
#include <sys/resource.h>
#include <sys/uio.h>

#include "core.h"

HELPER long transfer(int pid, long call) {
  static char there, here;
  struct iovec from = {&there, 1}, into = {&here, 1};
  return syscall(call, pid, &into, 1, &from, 1, 0);
}
// All that one may ask of a process; what is told is another matter.
OP(ask) {
  unsigned long words[16] = {1};
  void* head;
  size_t size;
  int pid = pid_of(v), any = 0;
  any |= say_tried("affinity", syscall(SYS_sched_getaffinity, pid, sizeof words, words));
  any |= say_tried("param", syscall(SYS_sched_getparam, pid, words));
  any |= say_tried("interval", syscall(SYS_sched_rr_get_interval, pid, words));
  any |= say_tried("attributes", syscall(SYS_sched_getattr, pid, words, 48, 0));
  any |= say_tried("io_priority", syscall(SYS_ioprio_get, 1, pid));
  any |= say_tried("read_memory", transfer(pid, SYS_process_vm_readv));
  any |= say_tried("robust_list", syscall(SYS_get_robust_list, pid, &head, &size));
  any |= say_tried("move_pages", syscall(SYS_move_pages, pid, 0, NULL, NULL, NULL, 0));
  any |= say_tried("core_limit", syscall(SYS_prlimit64, pid, RLIMIT_CORE, NULL, words));
  say(" group_priority=");
  any |= number(syscall(SYS_getpriority, PRIO_PGRP, pid)) >= 0;
  box->failed = !any;
}
// All that one may do to it and leave it as it is.
OP(alter) {
  unsigned long words[16] = {1};
  int pid = pid_of(v), any = 0;
  any |= say_tried("affinity", syscall(SYS_sched_setaffinity, pid, sizeof words, words));
  any |= say_tried("io_priority", syscall(SYS_ioprio_set, 1, pid, 2 << 13 | 4));
  any |= say_tried("write_memory", transfer(pid, SYS_process_vm_writev));
  any |= say_tried("migrate_pages", syscall(SYS_migrate_pages, pid, 64, words, words));
  box->failed = !any;
}
OP(tkill) { check(syscall(SYS_tkill, pid_of(v), v[1].n)); }
OP(tgsigqueue) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_code = (int)v[2].n;
  info.si_pid = 4711;
  check(syscall(SYS_rt_tgsigqueueinfo, pid_of(v), pid_of(v), v[1].n, &info));
}

HELPER void say_end(int pid) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (syscall(SYS_waitid, P_PID, pid, &info, WEXITED | __WALL, NULL) == 0)
    say(" end: pid=%d code=%d status=%d si_uid=%d", info.si_pid, info.si_code, info.si_status,
        (int)info.si_uid);
}
// Who a child is told that a signal is from.
OP(signal_child) {
  struct clone_args args = {.flags = (unsigned long)v[1].n, .exit_signal = SIGCHLD};
  unsigned long set = 1UL << (SIGUSR1 - 1), before;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &before, sizeof set);
  int pid = (int)syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    siginfo_t info;
    struct timespec limit = {1, 0};
    if (syscall(SYS_rt_sigtimedwait, &set, &info, &limit, sizeof set) > 0)
      say("got code=%d pid=%d si_uid=%d ", info.si_code, info.si_pid, (int)info.si_uid);
    _exit(3);
  }
  if (pid > 0) {
    union sigval value = {.sival_int = 5};
    if (v[0].n == 0) syscall(SYS_kill, pid, SIGUSR1);
    if (v[0].n == 1) syscall(SYS_tgkill, pid, pid, SIGUSR1);
    if (v[0].n == 2) sigqueue(pid, SIGUSR1, value);
    say_end(pid);
    say(" ");
  }
  number(pid);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
}
// Who the handler of a parent is told that a signal of its child is from.
OP(signal_parent) {
  struct clone_args args = {.flags = (unsigned long)v[0].n, .exit_signal = SIGCHLD};
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  action.sa_sigaction = on_signal;
  int father = (int)syscall(SYS_getpid);
  sigaction(SIGUSR1, &action, &before);
  int pid = (int)syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) _exit(syscall(SYS_kill, father, SIGUSR1) < 0 ? errno : 0);
  if (number(pid) > 0) say_end(pid);
  sigaction(SIGUSR1, &before, NULL);
}
HELPER void do_nothing(int me, const struct value* v) { (void)me, (void)v; }
// A namespace is counted until the last process in it has ended; some are freed in their own time.
HELPER void make_thrice(int me, const struct value* v) {
  char path[64];
  struct clone_args args = {.flags = (unsigned long)v[0].n, .exit_signal = SIGCHLD};
  snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", v[0].s);
  if (unshare(CLONE_NEWUSER) < 0 || put(path, "1\n") < 0) {
    check(-1);
    return;
  }
  for (int i = 0; i < 3; i++) {
    long child = -1;
    for (int tries = 0; tries < 200; tries++) {
      child = syscall(SYS_clone3, &args, sizeof args);
      if (child >= 0 || errno != ENOSPC) break;
      struct timespec pause = {0, 1000000};
      nanosleep(&pause, NULL);
    }
    check(work_in_child(child, do_nothing, me, v, NULL) < 0 ? -1 : 0);
    say(" ");
  }
}
OP(namespaces_end) {
  if (work_in_child(syscall(SYS_fork), make_thrice, me, v, NULL) < 0) check(-1);
}
// Which namespaces a new process is in.
HELPER void say_own(unsigned long flags) {
  static const struct {
    unsigned long flag;
    const char* name;
  } types[] = {{CLONE_NEWUTS, "uts"},   {CLONE_NEWIPC, "ipc"},      {CLONE_NEWNS, "mnt"},
               {CLONE_NEWNET, "net"},   {CLONE_NEWPID, "pid"},      {CLONE_NEWUSER, "user"},
               {CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/self/ns/%s", types[i].name);
    if ((flags & types[i].flag) != 0 && stat(path, &st) == 0)
      say("%s=%s ", types[i].name, label('n', st.st_ino));
  }
}
HELPER void say_born(int me, const struct value* v) {
  (void)me;
  say_own((unsigned long)v[0].n);
}
// clone(2) as it was before clone3(2).
OP(old_clone) {
  int status = 0;
  say_born(me, v);
  long pid = syscall(SYS_clone, v[0].n | SIGCHLD, NULL, NULL, NULL, NULL);
  if (number(work_in_child(pid, say_born, me, v, &status)) > 0) say(" status=%x", status);
}
OP(vfork) {
  int pid = (int)vfork();
  if (pid == 0) _exit(5);
  if (number(pid) > 0) say_end(pid);
}
OP(clone3_born) {
  struct clone_args args = {.flags = (unsigned long)v[0].n, .exit_signal = SIGCHLD};
  say_born(me, v);
  number(work_in_child(syscall(SYS_clone3, &args, sizeof args), say_born, me, v, NULL));
}
// What clone3(2) refuses, or takes although it is odd.
OP(clone3_odd) {
  struct {
    struct clone_args args;
    unsigned long more[4];
  } odd = {.args = {.exit_signal = SIGCHLD}};
  size_t size = sizeof odd.args;
  switch (v[0].n) {
    case 0:
      size = sizeof odd;
      break;
    case 1:
      size = 64;
      break;
    case 2:
      size = 63;
      break;
    case 3:
      size = sizeof odd, odd.more[0] = 1;
      break;
    case 4:
      size = 5000;
      break;
    case 5:
      odd.args.exit_signal = 65;
      break;
    case 6:
      odd.args.flags = 1UL << 40;
      break;
    default:
      odd.args.flags = CLONE_NEWNS | CLONE_FS;
      break;
  }
  number(work_in_child(syscall(SYS_clone3, &odd, size), do_nothing, me, v, NULL));
}
OP(children) {
  char path[64];
  int pid = pid_of(v);
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
  const char* text = slurp(path);
  if (check(errno ? -1 : 0)) say(" %s", text);
}
// Who owns the files of a process, and what they allow.
OP(proc_owner) {
  static const char* const files[] = {"status",    "net/dev", "uid_map",   "timens_offsets", "ns",
                                      "mountinfo", "fd",      "setgroups", "oom_score_adj"};
  char path[64];
  struct stat st;
  int any = 0;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", pid_of(v), files[i]);
    if (!say_tried(files[i], stat(path, &st))) continue;
    say(",%o,%u,%u", st.st_mode, st.st_uid, st.st_gid);
    any = 1;
  }
  box->failed = !any;
}
OP(umask) { number(syscall(SYS_umask, v[0].n)); }

// The table.
#include "domains.h"

static const struct domain kQueued = {
    "queued", 0, WORDS({"QUEUE", SI_QUEUE}, {"USER", SI_USER}, {"TKILL", SI_TKILL})};
static const struct domain kSender = {"sender", 0,
                                      WORDS({"kill", 0}, {"tgkill", 1}, {"sigqueue", 2})};
static const struct domain kChildFlags = {
    "child_flags", 0,
    WORDS({"0", 0}, {"NEWPID", CLONE_NEWPID}, {"NEWUSER", CLONE_NEWUSER},
          {"NEWPID|NEWUSER", CLONE_NEWPID | CLONE_NEWUSER})};
static const struct domain kNearFlags = {"near_flags", 0,
                                         WORDS({"0", 0}, {"NEWUSER", CLONE_NEWUSER})};
static const struct domain kCounted = {
    "counted", 0,
    WORDS({"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC}, {"mnt", CLONE_NEWNS}, {"net", CLONE_NEWNET},
          {"pid", CLONE_NEWPID}, {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP},
          {"time", CLONE_NEWTIME})};
static const struct domain kUmask = {"umask", 0, WORDS({"0", 0}, {"022", 022}, {"077", 077})};

static const struct domain kBorn = {
    "born", 0,
    WORDS({"NEWUTS|NEWIPC", CLONE_NEWUTS | CLONE_NEWIPC},
          {"NEWNS|NEWNET", CLONE_NEWNS | CLONE_NEWNET},
          {"NEWPID|NEWCGROUP", CLONE_NEWPID | CLONE_NEWCGROUP}, {"NEWUSER", CLONE_NEWUSER},
          {"0", 0}, {"VFORK", CLONE_VFORK}, {"NEWUSER|NEWPID", CLONE_NEWUSER | CLONE_NEWPID})};
static const struct domain kOdd = {
    "odd", 0,
    WORDS({"larger", 0}, {"first", 1}, {"smaller", 2}, {"unknown", 3}, {"huge", 4}, {"signal", 5},
          {"flag", 6}, {"NEWNS|FS", 7})};

const struct op kTaskOps[] = {
    {"ask", "sched_setscheduler(2)", "pid user", RUN(ask), {{&kTarget, PLAIN}}, 0},
    {"alter", "sched_setscheduler(2)", "pid user", RUN(alter), {{&kTarget, PLAIN}}, 0},
    {"tkill", "tkill(2)", "pid user", RUN(tkill), {{&kTarget, PLAIN}, {&kSignal, PLAIN}}, 0},
    {"tgsigqueue",
     "rt_sigqueueinfo(2)",
     "pid user",
     RUN(tgsigqueue),
     {{&kTarget, PLAIN}, {&kSignal, PLAIN}, {&kQueued, PLAIN}},
     0},
    {"signal_child",
     "sigaction(2)",
     "pid user",
     RUN(signal_child),
     {{&kSender, PLAIN}, {&kChildFlags, PLAIN}},
     0},
    {"signal_parent", "sigaction(2)", "pid user", RUN(signal_parent), {{&kNearFlags, PLAIN}}, 0},
    {"namespaces_end", "namespaces(7)", EVERY_TYPE, RUN(namespaces_end), {{&kCounted, PLAIN}}, 0},
    {"old_clone", "clone(2)", EVERY_TYPE, RUN(old_clone), {{&kBorn, PLAIN}}, 0},
    {"vfork", "vfork(2)", "pid", RUN(vfork), {{NULL, PLAIN}}, 0},
    {"clone3_born", "clone(2)", EVERY_TYPE, RUN(clone3_born), {{&kBorn, PLAIN}}, 0},
    {"clone3_odd", "clone(2)", EVERY_TYPE, RUN(clone3_odd), {{&kOdd, PLAIN}}, FAILS},
    {"children", "proc_pid_task(5)", "pid", RUN(children), {{&kTarget, PLAIN}}, 0},
    {"proc_owner", "proc(5)", "user net pid", RUN(proc_owner), {{&kTarget, PLAIN}}, 0},
    {"umask", "umask(2)", "mnt", RUN(umask), {{&kUmask, PLAIN}}, 0},
};
const int kTaskOpCount = COUNT(kTaskOps);
