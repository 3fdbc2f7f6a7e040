#include <poll.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>

#include "core.h"

HELPER const struct timespec kNow = {0, 0};
// Seconds that clocks are told in: no guest lives that long.
enum { UNIT = 50000 };

// '~' in a sequence's word stands for a space.
HELPER void spaced(char* text, size_t size, const char* word) {
  snprintf(text, size, "%s", word);
  for (char* c = text; *c; c++)
    if (*c == '~') *c = ' ';
}

OP(timens_write) {
  char path[64], text[64];
  snprintf(path, sizeof path, "/proc/%d/timens_offsets", pid_of(v));
  spaced(text, sizeof text, v[1].s);
  check(put(path, text));
}
// The offsets of a namespace that nobody has entered: the children of this actor will.
OP(unshare_time) {
  char text[64];
  spaced(text, sizeof text, v[0].s);
  if (!check(syscall(SYS_unshare, CLONE_NEWTIME))) return;
  say(" offsets=");
  check(put("/proc/self/timens_offsets", text));
}
OP(timens_read) {
  char path[64], name[32];
  long seconds, nanoseconds;
  snprintf(path, sizeof path, "/proc/%d/timens_offsets", pid_of(v));
  const char* line = slurp(path);
  check(errno ? -1 : 0);
  for (; line && *line; line = strchr(line, '\n'), line += line != NULL)
    if (sscanf(line, "%31s %ld %ld", name, &seconds, &nanoseconds) == 3)
      say(" %s=%ld.%ld", name, seconds, nanoseconds);
}
// Whether the clock tells what the one does that it is a variant of. Thrice, for we may have to
// wait.
HELPER int agrees(long clock) {
  static const struct {
    long clock, like;
  } pairs[] = {{CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC}, {CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE},
               {CLOCK_BOOTTIME_ALARM, CLOCK_BOOTTIME},    {CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM},
               {CLOCK_REALTIME_COARSE, CLOCK_REALTIME},   {CLOCK_REALTIME, CLOCK_REALTIME_COARSE}};
  struct timespec one, other;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    int tries = pairs[i].clock == clock ? 3 : 0;
    for (; tries > 0; tries--) {
      if (syscall(SYS_clock_gettime, clock, &one) < 0) return 1;
      if (syscall(SYS_clock_gettime, pairs[i].like, &other) < 0) return 1;
      if (labs((one.tv_sec - other.tv_sec) * 10 + (one.tv_nsec - other.tv_nsec) / 100000000) < 5)
        return 1;
      if (tries == 1) return 0;
    }
  }
  return 1;
}
HELPER const struct {
  const char* name;
  int clock;
} kClocks[] = {{"monotonic", CLOCK_MONOTONIC},
               {"boottime", CLOCK_BOOTTIME},
               {"realtime", CLOCK_REALTIME},
               {"raw", CLOCK_MONOTONIC_RAW},
               {"coarse", CLOCK_MONOTONIC_COARSE},
               {"alarm", CLOCK_BOOTTIME_ALARM},
               {"realtime_coarse", CLOCK_REALTIME_COARSE},
               {"process", CLOCK_PROCESS_CPUTIME_ID},
               {"thread", CLOCK_THREAD_CPUTIME_ID}};
enum { CLOCKS = sizeof kClocks / sizeof *kClocks };
OP(clock_gettime) {
  struct timespec now;
  for (int i = 0; i < CLOCKS; i++) {
    const int clock = kClocks[i].clock;
    if (!say_tried(kClocks[i].name, syscall(SYS_clock_gettime, clock, &now))) continue;
    const int real = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (!real) say(",%ld", now.tv_sec / UNIT);
    say(",%s", agrees(clock) ? "agrees" : "apart");
  }
}
OP(clock_settime) { check(syscall(SYS_clock_settime, v[0].n, &kNow)); }
OP(timer) {
  // A moment that is past in one time namespace may be far ahead in another: waits for no more than
  // that.
  struct itimerspec when = {.it_value = {v[1].n, 1}}, left;
  int fd = (int)syscall(SYS_timerfd_create, v[0].n, TFD_CLOEXEC | TFD_NONBLOCK);
  if (fd < 0 || syscall(SYS_timerfd_settime, fd, TFD_TIMER_ABSTIME, &when, NULL) < 0 ||
      syscall(SYS_timerfd_gettime, fd, &left) < 0) {
    check(-1);
    close(fd);
    return;
  }
  unsigned long long expired = 0;
  check(0);
  // What is past expires at once, but not before the call returns.
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  poll(&ready, 1, 10);
  say(" left=%ld expired=%d", left.it_value.tv_sec / UNIT, read(fd, &expired, sizeof expired) > 0);
  close(fd);
}
OP(clock_getres) {
  struct timespec unit;
  for (int i = 0; i < CLOCKS; i++)
    if (say_tried(kClocks[i].name, syscall(SYS_clock_getres, kClocks[i].clock, &unit)))
      say(",%ld.%ld", unit.tv_sec, unit.tv_nsec);
}
// Until a moment that has passed in some namespaces only.
OP(clock_nanosleep) {
  struct timespec now, until = {v[1].n, 0};
  syscall(SYS_clock_gettime, v[0].n, &now);
  if (now.tv_sec < v[1].n) until.tv_sec = 1;
  check(syscall(SYS_clock_nanosleep, v[0].n, TIMER_ABSTIME, &until, NULL));
}
OP(posix_timer) {
  struct sigevent event = {.sigev_notify = SIGEV_NONE};
  struct itimerspec when = {.it_value = {v[1].n, 1}}, left;
  int id;
  if (!check(syscall(SYS_timer_create, v[0].n, &event, &id))) return;
  check(syscall(SYS_timer_settime, id, TIMER_ABSTIME, &when, NULL));
  if (syscall(SYS_timer_gettime, id, &left) == 0) say(" left=%ld", left.it_value.tv_sec / UNIT);
  syscall(SYS_timer_delete, id);
}
// What else tells the time, and whether it agrees: sysinfo(2), gettimeofday(2), and in /proc.
OP(other_clocks) {
  struct sysinfo info;
  struct timespec now;
  long day[2] = {0, 0}, started = 0, boot = 0;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  syscall(SYS_gettimeofday, day, NULL);
  if (check(sysinfo(&info))) say(" up=%ld", info.uptime / UNIT);
  const char* line = strstr(slurp("/proc/stat"), "\nbtime ");
  if (line && sscanf(line, " btime %ld", &boot) == 1) say(" since=%ld", (now.tv_sec - boot) / UNIT);
  const char* end = strrchr(slurp("/proc/self/stat"), ')');
  if (end && sscanf(end,
                    ") %*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d "
                    "%*d %ld",
                    &started) == 1)
    say(" started=%ld", started / 100 / UNIT);
  say(" day=%s", labs(day[0] - now.tv_sec) < 30 ? "same" : "differs");
  // Thrice, for we may have to wait between the two.
  double up = 0, apart = 1;
  for (int tries = 0; tries < 3 && apart >= 0.5; tries++) {
    sscanf(slurp("/proc/uptime"), "%lf", &up);
    syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now);
    apart = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - up;
    if (apart < 0) apart = -apart;
  }
  say(" boot=%s", apart < 0.5 ? "same" : "differs");
}
OP(uptime) {
  double up = 0;
  if (check(sscanf(slurp("/proc/uptime"), "%lf", &up) == 1 ? 0 : -1)) say(" %ld", (long)up / UNIT);
}

OP(sysctl_write) {
  char path[128], text[64];
  snprintf(path, sizeof path, "/proc/sys/%s", v[0].s);
  spaced(text, sizeof text, v[1].s);
  if (!check(put(path, text))) return;
  const char* now = slurp(path);
  say(" now=%.*s", (int)strcspn(now, "\n"), now);
}
OP(sysctl_read) {
  char path[128];
  snprintf(path, sizeof path, "/proc/sys/%s", v[0].s);
  const char* text = slurp(path);
  if (!check(errno ? -1 : 0)) return;
  say(" ");
  if (is_initial(path, text)) text = "initial";
  for (; *text && *text != '\n'; text++) say("%c", *text == '\t' ? ' ' : *text);
}
// All of one subsystem at once: what a write or a new namespace has changed, wherever it is.
OP(sysctls) {
  static const char* const ipc[] = {"msgmax",          "msgmnb",      "msgmni",      "sem",
                                    "shmmax",          "shmall",      "shmmni",      "msg_next_id",
                                    "shm_rmid_forced", "sem_next_id", "shm_next_id", NULL};
  static const char* const mqueue[] = {"msg_default", "msg_max",    "msgsize_default",
                                       "msgsize_max", "queues_max", NULL};
  static const char* const ipv4[] = {"ip_forward",          "ip_nonlocal_bind",
                                     "ip_local_port_range", "ip_unprivileged_port_start",
                                     "ip_default_ttl",      "icmp_echo_ignore_all",
                                     "ping_group_range",    "conf/all/rp_filter",
                                     "conf/lo/tag",         "conf/default/forwarding",
                                     "conf/lo/forwarding",  NULL};
  static const char* const tcp[] = {"tcp_syncookies",      "tcp_fin_timeout",
                                    "tcp_keepalive_time",  "tcp_keepalive_probes",
                                    "tcp_keepalive_intvl", NULL};
  static const char* const other[] = {"core/somaxconn", "unix/max_dgram_qlen",
                                      "ipv6/conf/all/forwarding", "ipv6/bindv6only", NULL};
  static const struct {
    const char* folder;
    const char* const* names;
  } groups[] = {{"kernel", ipc},
                {"fs/mqueue", mqueue},
                {"net/ipv4", ipv4},
                {"net/ipv4", tcp},
                {"net", other}};
  for (const char* const* name = groups[v[0].n].names; *name; name++) {
    char path[96];
    snprintf(path, sizeof path, "/proc/sys/%s/%s", groups[v[0].n].folder, *name);
    const char* text = slurp(path);
    struct stat st;
    if (errno)
      say("%s=%s ", *name, strerrorname_np(errno));
    else
      say("%s=%.*s", *name, (int)strcspn(text, "\n"), text);
    if (stat(path, &st) == 0) say(" %o,%u ", st.st_mode & 0777, st.st_uid);
  }
}
OP(sysctl_stat) {
  char path[128];
  struct stat st;
  snprintf(path, sizeof path, "/proc/sys/%s", v[0].s);
  if (check(stat(path, &st))) say(" mode=%o uid=%u gid=%u", st.st_mode, st.st_uid, st.st_gid);
}

OP(cgroup_mkdir) {
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s", v[0].s);
  check(mkdir(path, 0755));
}
OP(cgroup_rmdir) {
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s", v[0].s);
  check(rmdir(path));
}
OP(cgroup_enter) {
  char path[64], text[16];
  snprintf(path, sizeof path, "/cgroup/%s/cgroup.procs", v[0].s);
  snprintf(text, sizeof text, "%d", pid_of(v + 1));
  check(put(path, text));
}
OP(cgroup_read) {
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s/%s", v[0].s, v[1].s);
  const char* text = slurp(path);
  if (!check(errno ? -1 : 0)) return;
  // A list that no sequence has made is the machine's: its threads come and go.
  if (strlen(text) > 120) text = "many";
  for (say(" "); *text; text++) say("%c", *text == '\n' ? ',' : *text);
}
OP(cgroup_write) {
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s/%s", v[0].s, v[1].s);
  check(put(path, v[2].s));
}
OP(proc_cgroup) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/cgroup", pid_of(v));
  const char *text = slurp(path), *line = strstr(text, "0::");
  check(*text ? 0 : -1);
  if (line) say(" %.*s", (int)strcspn(line, "\n"), line);
}
HELPER void say_cgroup(int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
  const char* line = strstr(slurp(path), "0::");
  if (line) say("%.*s ", (int)strcspn(line, "\n"), line);
}
// Where its maker is, to a child in a cgroup namespace of its own.
HELPER void enter_and_look(int me, const struct value* v) {
  (void)me;
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s/cgroup.procs", v[0].s);
  if (!check(put(path, "0")) || !check(unshare(CLONE_NEWCGROUP))) return;
  say(" ");
  say_cgroup((int)syscall(SYS_getpid));
  say_cgroup((int)syscall(SYS_getppid));
}
OP(cgroup_from_inside) { number(work_in_child(syscall(SYS_fork), enter_and_look, me, v, NULL)); }
// What a member of a cgroup in a new PID namespace sees of the members outside: zero.
HELPER void enter_and_divide(int me, const struct value* v) {
  (void)me;
  struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s/cgroup.procs", v[0].s);
  if (!check(put(path, "0"))) return;
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    for (const char* text = slurp(path); *text; text++) say("%c", *text == '\n' ? ',' : *text);
    _exit(0);
  }
  if (number(pid) > 0) syscall(SYS_wait4, pid, NULL, __WALL, NULL);
}
OP(cgroup_from_pidns) { number(work_in_child(syscall(SYS_fork), enter_and_divide, me, v, NULL)); }
HELPER void say_own_cgroup(int me, const struct value* v) {
  (void)me, (void)v;
  say_cgroup((int)syscall(SYS_getpid));
}
OP(clone_into_cgroup) {
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s", v[0].s);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct clone_args args = {.flags = CLONE_INTO_CGROUP | (unsigned long)v[1].n,
                            .exit_signal = SIGCHLD,
                            .cgroup = (unsigned)fd};
  long pid = fd < 0 ? -1 : syscall(SYS_clone3, &args, sizeof args);
  number(work_in_child(pid, say_own_cgroup, me, v, NULL));
  if (fd >= 0) close(fd);
}

// The table.
#include "domains.h"

static const struct domain kOffset = {
    "offset", 0,
    WORDS({"monotonic~20000000~0", 0}, {"boottime~30000000~0", 0}, {"monotonic~-50000000~0", 0},
          {"realtime~1~0", 0}, {"boottime~10~1000000000", 0}, {"monotonic~9300000000~0", 0},
          {"boottime~30000000~999999999", 0}, {"7~20000000~5", 0})};
static const struct domain kTimerClock = {
    "timer_clock", 0, WORDS({"MONOTONIC", CLOCK_MONOTONIC}, {"BOOTTIME", CLOCK_BOOTTIME})};
static const struct domain kMoment = {
    "moment", 0, WORDS({"1", 1}, {"15000000", 15000000}, {"40000000", 40000000})};
#define SYSCTLS                                                                               \
  {"kernel/msgmax", 0}, {"kernel/msgmnb", 0}, {"kernel/msgmni", 0}, {"kernel/shmmni", 0},     \
      {"kernel/shmall", 0}, {"kernel/shm_rmid_forced", 0}, {"fs/mqueue/queues_max", 0},       \
      {"fs/mqueue/msg_max", 0}, {"fs/mqueue/msgsize_max", 0}, {"user/max_uts_namespaces", 0}, \
      {"user/max_mnt_namespaces", 0}, {"user/max_ipc_namespaces", 0},                         \
      {"user/max_cgroup_namespaces", 0}, {"user/max_time_namespaces", 0},                     \
      {"user/max_user_namespaces", 0}, {"user/max_pid_namespaces", 0},                        \
      {"user/max_net_namespaces", 0}, {"net/ipv4/ip_forward", 0},                             \
      {"net/ipv4/conf/lo/forwarding", 0}, {"net/ipv4/conf/all/rp_filter", 0},                 \
      {"net/ipv4/ip_unprivileged_port_start", 0}, {"net/core/somaxconn", 0},                  \
      {"net/ipv4/ip_nonlocal_bind", 0}, {"net/ipv4/tcp_fin_timeout", 0},                      \
      {"net/unix/max_dgram_qlen", 0}, {"fs/mqueue/msg_default", 0},                           \
      {"fs/mqueue/msgsize_default", 0}, {"kernel/shmmax", 0}, {"kernel/msg_next_id", 0},      \
      {"net/ipv4/conf/lo/tag", 0}, {"net/ipv4/tcp_keepalive_time", 0},                        \
      {"net/ipv4/icmp_echo_ignore_all", 0}, {"kernel/ns_last_pid", 0}, {                      \
    "net/ipv4/ip_default_ttl", 0                                                              \
  }
static const struct domain kSysctl = {"sysctl", 0, WORDS(SYSCTLS)};
static const struct domain kSysctlRead = {
    "sysctl_read", 0,
    WORDS(SYSCTLS, {"kernel/hostname", 0}, {"kernel/domainname", 0}, {"kernel/sem", 0},
          {"net/ipv4/ping_group_range", 0}, {"net/ipv4/conf/default/forwarding", 0},
          {"kernel/cap_last_cap", 0})};
static const struct domain kSysctlValue = {
    "sysctl_value", 0,
    WORDS({"1", 1}, {"0", 0}, {"64", 64}, {"5000", 5000}, {"-1", -1}, {"text", 0})};
static const struct domain kSubsystem = {
    "subsystem", 0, WORDS({"ipc", 0}, {"mqueue", 1}, {"ipv4", 2}, {"tcp", 3}, {"other", 4})};
static const struct domain kCgroup = {"cgroup", 0, WORDS({"g", 0}, {"h", 0}, {"g/k", 0})};
static const struct domain kRootCgroup = {"root_cgroup", 0, WORDS({".", 0})};
static const struct domain kCgroupFile = {
    "cgroup_file", 0,
    WORDS({"cgroup.procs", 0}, {"cgroup.threads", 0}, {"cgroup.events", 0}, {"cgroup.type", 0},
          {"cgroup.max.descendants", 0}, {"cgroup.subtree_control", 0}, {"cgroup.freeze", 0})};
static const struct domain kCgroupWrite = {
    "cgroup_write", 0,
    WORDS({"cgroup.max.descendants", 0}, {"cgroup.max.depth", 0}, {"cgroup.type", 0},
          {"cgroup.kill", 0})};
static const struct domain kCgroupText = {"cgroup_text", 0,
                                          WORDS({"0", 0}, {"1", 0}, {"threaded", 0}, {"max", 0})};
static const struct domain kIntoFlags = {"into_flags", 0,
                                         WORDS({"0", 0}, {"NEWCGROUP", CLONE_NEWCGROUP})};

const struct op kMiscOps[] = {
    {"timens_write",
     "time_namespaces(7)",
     "time user",
     RUN(timens_write),
     {{&kTarget, PLAIN}, {&kOffset, PLAIN}},
     FAILS},
    {"unshare_time", "time_namespaces(7)", "time user", RUN(unshare_time), {{&kOffset, PLAIN}}, 0},
    {"timens_read", "time_namespaces(7)", "time", RUN(timens_read), {{&kTarget, PLAIN}}, 0},
    {"clock_gettime", "clock_gettime(2)", "time", RUN(clock_gettime), {{NULL, PLAIN}}, 0},
    {"clock_settime",
     "clock_settime(2)",
     "time user",
     RUN(clock_settime),
     {{&kTimerClock, PLAIN}},
     FAILS},
    {"timer",
     "timerfd_create(2)",
     "time",
     RUN(timer),
     {{&kTimerClock, PLAIN}, {&kMoment, PLAIN}},
     0},
    {"clock_getres", "clock_getres(2)", "time", RUN(clock_getres), {{NULL, PLAIN}}, 0},
    {"clock_nanosleep",
     "clock_nanosleep(2)",
     "time",
     RUN(clock_nanosleep),
     {{&kTimerClock, PLAIN}, {&kMoment, PLAIN}},
     0},
    {"posix_timer",
     "timer_create(2)",
     "time",
     RUN(posix_timer),
     {{&kTimerClock, PLAIN}, {&kMoment, PLAIN}},
     0},
    {"other_clocks", "time_namespaces(7)", "time", RUN(other_clocks), {{NULL, PLAIN}}, 0},
    {"uptime", "proc_uptime(5)", "time", RUN(uptime), {{NULL, PLAIN}}, 0},
    {"sysctl_write",
     "proc_sys(5)",
     "ipc user net pid",
     RUN(sysctl_write),
     {{&kSysctl, PLAIN}, {&kSysctlValue, PLAIN}},
     0},
    {"sysctl_read",
     "proc_sys(5)",
     "ipc user net pid uts",
     RUN(sysctl_read),
     {{&kSysctlRead, PLAIN}},
     0},
    {"sysctls", "proc_sys(5)", "ipc net", RUN(sysctls), {{&kSubsystem, PLAIN}}, 0},
    {"sysctl_stat",
     "proc_sys(5)",
     "ipc user net pid uts",
     RUN(sysctl_stat),
     {{&kSysctlRead, PLAIN}},
     0},
    {"cgroup_mkdir", "cgroups(7)", "cgroup", RUN(cgroup_mkdir), {{&kCgroup, GIVE}}, 0},
    {"cgroup_rmdir", "cgroups(7)", "cgroup", RUN(cgroup_rmdir), {{&kCgroup, TAKE}}, 0},
    {"cgroup_enter",
     "cgroups(7)",
     "cgroup pid user",
     RUN(cgroup_enter),
     {{&kCgroup, NEED}, {&kTarget, PLAIN}},
     0},
    {"cgroup_read",
     "cgroups(7)",
     "cgroup pid",
     RUN(cgroup_read),
     {{&kRootCgroup, PLAIN}, {&kCgroupFile, PLAIN}},
     0},
    {"cgroup_read_made",
     "cgroups(7)",
     "cgroup pid",
     RUN(cgroup_read),
     {{&kCgroup, NEED}, {&kCgroupFile, PLAIN}},
     0},
    {"cgroup_write",
     "cgroups(7)",
     "cgroup user",
     RUN(cgroup_write),
     {{&kCgroup, NEED}, {&kCgroupWrite, PLAIN}, {&kCgroupText, PLAIN}},
     0},
    {"proc_cgroup", "cgroup_namespaces(7)", "cgroup", RUN(proc_cgroup), {{&kTarget, PLAIN}}, 0},
    {"cgroup_from_pidns",
     "cgroups(7)",
     "cgroup pid",
     RUN(cgroup_from_pidns),
     {{&kCgroup, NEED}},
     0},
    {"cgroup_from_inside",
     "cgroup_namespaces(7)",
     "cgroup",
     RUN(cgroup_from_inside),
     {{&kCgroup, NEED}},
     0},
    {"clone_into_cgroup",
     "clone(2)",
     "cgroup",
     RUN(clone_into_cgroup),
     {{&kCgroup, NEED}, {&kIntoFlags, PLAIN}},
     0},
};
const int kMiscOpCount = COUNT(kMiscOps);
