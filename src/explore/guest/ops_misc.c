#include <poll.h>
#include <sys/timerfd.h>

#include "core.h"

HELPER const struct timespec kNow = {0, 0};

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
// In units that no sequence lasts.
OP(clock_gettime) {
  struct timespec now;
  if (!check(syscall(SYS_clock_gettime, v[0].n, &now))) return;
  if (v[0].n != CLOCK_REALTIME) say(" %ld", now.tv_sec / 50000);
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
  say(" left=%ld expired=%d", left.it_value.tv_sec / 50000, read(fd, &expired, sizeof expired) > 0);
  close(fd);
}
OP(uptime) {
  double up = 0;
  if (check(sscanf(slurp("/proc/uptime"), "%lf", &up) == 1 ? 0 : -1)) say(" %ld", (long)up / 50000);
}

OP(sysctl_write) {
  char path[128], text[64];
  snprintf(path, sizeof path, "/proc/sys/%s", v[0].s);
  spaced(text, sizeof text, v[1].s);
  check(put(path, text));
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
OP(clone_into_cgroup) {
  char path[64];
  snprintf(path, sizeof path, "/cgroup/%s", v[0].s);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
  struct clone_args args = {.flags = CLONE_INTO_CGROUP | (unsigned long)v[1].n,
                            .exit_signal = SIGCHLD,
                            .cgroup = (unsigned)fd};
  int pid = fd < 0 ? -1 : (int)syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    const char* line = strstr(slurp("/proc/self/cgroup"), "0::");
    if (line) say("%.*s ", (int)strcspn(line, "\n"), line);
    _exit(0);
  }
  if (pid > 0) syscall(SYS_wait4, pid, &status, __WALL, NULL);
  number(pid);
  if (fd >= 0) close(fd);
}

// The table.
#include "domains.h"

static const struct domain kOffset = {
    "offset", 0,
    WORDS({"monotonic~20000000~0", 0}, {"boottime~30000000~0", 0}, {"monotonic~-500~0", 0},
          {"realtime~1~0", 0}, {"boottime~10~1000000000", 0}, {"monotonic~9300000000~0", 0},
          {"7~20000000~5", 0})};
static const struct domain kClock = {
    "clock", 0,
    WORDS({"MONOTONIC", CLOCK_MONOTONIC}, {"BOOTTIME", CLOCK_BOOTTIME},
          {"REALTIME", CLOCK_REALTIME}, {"MONOTONIC_RAW", CLOCK_MONOTONIC_RAW},
          {"MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE})};
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
      {"kernel/ns_last_pid", 0}, {                                                            \
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
static const struct domain kCgroup = {"cgroup", 0, WORDS({"g", 0}, {"h", 0}, {"g/k", 0})};
static const struct domain kAnyCgroup = {"any_cgroup", 0, WORDS({".", 0}, {"g", 0}, {"h", 0})};
static const struct domain kCgroupFile = {
    "cgroup_file", 0,
    WORDS({"cgroup.procs", 0}, {"cgroup.events", 0}, {"cgroup.type", 0},
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
    {"clock_gettime", "clock_gettime(2)", "time", RUN(clock_gettime), {{&kClock, PLAIN}}, 0},
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
     {{&kAnyCgroup, PLAIN}, {&kCgroupFile, PLAIN}},
     0},
    {"cgroup_write",
     "cgroups(7)",
     "cgroup user",
     RUN(cgroup_write),
     {{&kCgroup, NEED}, {&kCgroupWrite, PLAIN}, {&kCgroupText, PLAIN}},
     0},
    {"proc_cgroup", "cgroup_namespaces(7)", "cgroup", RUN(proc_cgroup), {{&kTarget, PLAIN}}, 0},
    {"clone_into_cgroup",
     "clone(2)",
     "cgroup",
     RUN(clone_into_cgroup),
     {{&kCgroup, NEED}, {&kIntoFlags, PLAIN}},
     0},
};
const int kMiscOpCount = COUNT(kMiscOps);
