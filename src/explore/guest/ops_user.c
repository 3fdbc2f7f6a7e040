#include <linux/capability.h>

#include "core.h"

// In a sequence's word, '_' stands for a space and ';' ends a line.
HELPER int write_map(int pid, const char* file, const char* word) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  snprintf(text, sizeof text, "%s", word);
  for (char* c = text; *c; c++) {
    if (*c == '_') *c = ' ';
    if (*c == ';') *c = '\n';
  }
  return put(path, text);
}
OP(map_write) { check(write_map(pid_of(v), v[1].s, v[2].s)); }
// A map is written from its beginning.
OP(map_write_at) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid_of(v), v[1].s);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  check(fd < 0 ? -1 : syscall(SYS_pwrite64, fd, "0 0 1\n", 6, v[2].n));
  close(fd);
}
// A user namespace with both maps, which no process is in any more.
OP(userns_make) {
  char path[64];
  struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  int pid = (int)syscall(SYS_clone3, &args, sizeof args);
  while (pid == 0) pause();
  if (pid < 0 || write_map(pid, "uid_map", v[1].s) < 0 || write_map(pid, "gid_map", v[1].s) < 0) {
    check(-1);
  } else {
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    keep(NSFD, v, open(path, O_RDONLY | O_CLOEXEC));
  }
  if (pid < 0) return;
  syscall(SYS_kill, pid, SIGKILL);
  syscall(SYS_wait4, pid, NULL, __WALL, NULL);
}
OP(map_read) {
  char path[64];
  unsigned long inside, outside, count;
  snprintf(path, sizeof path, "/proc/%d/%s", pid_of(v), v[1].s);
  const char* line = slurp(path);
  check(errno ? -1 : 0);
  for (; line && *line; line = strchr(line, '\n'), line += line != NULL)
    if (sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3)
      say(" %lu:%lu:%lu", inside, outside, count);
}
OP(setgroups_write) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/setgroups", pid_of(v));
  check(put(path, v[1].s));
}
OP(setgroups_read) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/setgroups", pid_of(v));
  const char* text = slurp(path);
  if (check(errno ? -1 : 0)) say(" %.*s", (int)strcspn(text, "\n"), text);
}

OP(setuid) { check(syscall(SYS_setuid, v[0].n)); }
OP(setgid) { check(syscall(SYS_setgid, v[0].n)); }
OP(setresuid) { check(syscall(SYS_setresuid, v[0].n, v[1].n, v[2].n)); }
OP(setresgid) { check(syscall(SYS_setresgid, v[0].n, v[1].n, v[2].n)); }
OP(setreuid) { check(syscall(SYS_setreuid, v[0].n, v[1].n)); }
OP(setregid) { check(syscall(SYS_setregid, v[0].n, v[1].n)); }
OP(setfsgid) { say("%ld %ld", syscall(SYS_setfsgid, v[0].n), syscall(SYS_setfsgid, -1)); }
OP(setfsuid) { say("%ld %ld", syscall(SYS_setfsuid, v[0].n), syscall(SYS_setfsuid, -1)); }
OP(setgroups) {
  gid_t groups[2] = {(gid_t)v[0].n, 5};
  check(syscall(SYS_setgroups, v[1].n, groups));
}
OP(credentials) {
  uid_t u[3];
  gid_t g[3], groups[8];
  syscall(SYS_getresuid, u, u + 1, u + 2);
  syscall(SYS_getresgid, g, g + 1, g + 2);
  int n = (int)syscall(SYS_getgroups, 8, groups);
  say("uid=%u,%u,%u gid=%u,%u,%u now=%ld,%ld,%ld,%ld groups=", u[0], u[1], u[2], g[0], g[1], g[2],
      syscall(SYS_getuid), syscall(SYS_geteuid), syscall(SYS_getgid), syscall(SYS_getegid));
  for (int i = 0; i < n; i++) say("%u,", groups[i]);
}
// An ordinary user without a capability.
OP(become_user) {
  gid_t none = 0;
  if (syscall(SYS_setgroups, 0, &none) == 0 && syscall(SYS_setresgid, v[0].n, v[0].n, v[0].n) == 0)
    check(syscall(SYS_setresuid, v[0].n, v[0].n, v[0].n));
  else
    check(-1);
  // Its files under /proc are its own.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

OP(capset) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) {
    check(-1);
    return;
  }
  unsigned word = (unsigned)v[1].n / 32, bit = 1U << (v[1].n % 32);
  unsigned* sets[] = {&data[word].effective, &data[word].permitted, &data[word].inheritable};
  if (v[0].n < 3) *sets[v[0].n] &= ~bit;
  if (v[0].n == 1) data[word].effective &= ~bit;
  if (v[0].n >= 3) *sets[v[0].n - 3] |= bit;
  check(syscall(SYS_capset, &header, data));
}
OP(capget) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, pid_of(v)};
  struct __user_cap_data_struct data[2];
  if (check(syscall(SYS_capget, &header, data)))
    say(" %x%08x %x%08x %x%08x", data[1].effective, data[0].effective, data[1].permitted,
        data[0].permitted, data[1].inheritable, data[0].inheritable);
}
OP(cap_ambient) { check(prctl(PR_CAP_AMBIENT, v[0].n, v[1].n, 0, 0)); }
OP(cap_bound) { check(prctl(PR_CAPBSET_DROP, v[0].n, 0, 0, 0)); }

// A keyring of its own, whose owner is told as an id of the asker's namespace.
OP(join_keyring) {
  char text[128];
  long id = syscall(SYS_keyctl, 1 /* join session keyring */, NULL);
  if (!check(id)) return;
  long size = syscall(SYS_keyctl, 6 /* describe */, id, text, sizeof text);
  say(" %s", size < 0 ? strerrorname_np(errno) : text);
}
OP(add_key) {
  long id = syscall(SYS_add_key, "user", v[0].s, "text", 4, -3L /* session */);
  if (check(id)) say(" %s", label('k', (unsigned long long)id));
}
OP(find_key) {
  char text[128];
  long id = syscall(SYS_keyctl, 10 /* search */, -3L, "user", v[0].s, 0);
  if (!check(id)) return;
  long size = syscall(SYS_keyctl, 6 /* describe */, id, text, sizeof text);
  say(" %s", size < 0 ? strerrorname_np(errno) : text);
}

// A user namespace of its own, in which no namespace is allowed.
HELPER void exceed_ns_limits(int me, const struct value* v) {
  static const struct {
    const char* file;
    int flag;
  } all[] = {{"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC},       {"mnt", CLONE_NEWNS},
             {"pid", CLONE_NEWPID}, {"cgroup", CLONE_NEWCGROUP}, {"net", CLONE_NEWNET}};
  char path[64];
  (void)me, (void)v;
  if (!check(unshare(CLONE_NEWUSER))) return;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", all[i].file);
    say_tried(all[i].file, put(path, "0"));
    say_tried("unshare", unshare(all[i].flag));
  }
  say_tried("user", put("/proc/sys/user/max_user_namespaces", "0"));
  say_tried("unshare", unshare(CLONE_NEWUSER));
}
OP(ns_limits) { number(work_in_child(syscall(SYS_fork), exceed_ns_limits, me, v, NULL)); }

// The table.
#include "domains.h"

static const struct domain kMapFile = {"map_file", 0,
                                       WORDS({"uid_map", 0}, {"gid_map", 0}, {"projid_map", 0})};
static const struct domain kMap = {
    "map", 0,
    WORDS({"0_0_1", 0}, {"0_0_65536", 0}, {"0_1000_1", 0}, {"0_0_1;1_1_10", 0}, {"1000_1000_1", 0},
          {"5_0_2", 0}, {"0_0_2;1_5_1", 0}, {"0_0_0", 0}, {"0_70000_1", 0}, {"x", 0},
          {"0_1000_1;1000_0_1", 0})};
static const struct domain kWholeMap = {
    "whole_map", 0,
    WORDS({"0_0_65536", 0}, {"0_1000_1", 0}, {"1000_0_1", 0}, {"0_0_1;1000_1_10", 0})};
static const struct domain kOffset = {"file_offset", 0, WORDS({"1", 1}, {"0", 0})};
static const struct domain kAllow = {"allow", 0, WORDS({"deny", 0}, {"allow", 0})};
static const struct domain kGroupsCount = {"group_count", 0, WORDS({"1", 1}, {"0", 0}, {"2", 2})};
static const struct domain kCapSet = {
    "cap_set", 0,
    WORDS({"-effective", 0}, {"-permitted", 1}, {"+inheritable", 5}, {"+permitted", 4},
          {"+effective", 3}, {"-inheritable", 2})};
static const struct domain kCap = {
    "cap", 0,
    WORDS({"SYS_ADMIN", 21}, {"SETUID", 7}, {"KILL", 5}, {"NET_ADMIN", 12}, {"SYS_PTRACE", 19},
          {"DAC_OVERRIDE", 1}, {"SETFCAP", 31}, {"SYS_CHROOT", 18}, {"SYS_BOOT", 22},
          {"SYS_TIME", 25})};
static const struct domain kAmbient = {
    "ambient", 0,
    WORDS({"RAISE", PR_CAP_AMBIENT_RAISE}, {"LOWER", PR_CAP_AMBIENT_LOWER},
          {"IS_SET", PR_CAP_AMBIENT_IS_SET})};

static const struct domain kKey = {"key", 1, WORDS({"one", 0}, {"two", 0})};

const struct op kUserOps[] = {
    {"ns_limits", "namespaces(7)", EVERY_TYPE, RUN(ns_limits), {{NULL, PLAIN}}, 0},
    {"map_write",
     "user_namespaces(7)",
     "user",
     RUN(map_write),
     {{&kTarget, PLAIN}, {&kMapFile, PLAIN}, {&kMap, PLAIN}},
     FAILS},
    {"map_child",
     "user_namespaces(7)",
     "user",
     RUN(map_write),
     {{&kUnmappedDomain, NEED}, {&kMapFile, PLAIN}, {&kMap, PLAIN}},
     0},
    {"map_write_at",
     "user_namespaces(7)",
     "user",
     RUN(map_write_at),
     {{&kUnmappedDomain, NEED}, {&kMapFile, PLAIN}, {&kOffset, PLAIN}},
     FAILS},
    {"setgroups_child",
     "user_namespaces(7)",
     "user",
     RUN(setgroups_write),
     {{&kUnmappedDomain, NEED}, {&kAllow, PLAIN}},
     0},
    {"userns_make",
     "user_namespaces(7)",
     "user",
     RUN(userns_make),
     {{&kUserNsFd, GIVE}, {&kWholeMap, PLAIN}},
     0},
    {"map_read",
     "user_namespaces(7)",
     "user",
     RUN(map_read),
     {{&kTarget, PLAIN}, {&kMapFile, PLAIN}},
     0},
    {"setgroups_write",
     "user_namespaces(7)",
     "user",
     RUN(setgroups_write),
     {{&kTarget, PLAIN}, {&kAllow, PLAIN}},
     FAILS},
    {"setgroups_read", "user_namespaces(7)", "user", RUN(setgroups_read), {{&kTarget, PLAIN}}, 0},
    {"setuid", "setuid(2)", "user", RUN(setuid), {{&kId, PLAIN}}, 0},
    {"setgid", "setgid(2)", "user", RUN(setgid), {{&kId, PLAIN}}, 0},
    {"setresuid",
     "setresuid(2)",
     "user",
     RUN(setresuid),
     {{&kId, PLAIN}, {&kId, PLAIN}, {&kId, PLAIN}},
     0},
    {"setresgid",
     "setresgid(2)",
     "user",
     RUN(setresgid),
     {{&kId, PLAIN}, {&kId, PLAIN}, {&kId, PLAIN}},
     0},
    {"setreuid", "setreuid(2)", "user", RUN(setreuid), {{&kId, PLAIN}, {&kId, PLAIN}}, 0},
    {"setregid", "setreuid(2)", "user", RUN(setregid), {{&kId, PLAIN}, {&kId, PLAIN}}, 0},
    {"setfsgid", "setfsgid(2)", "user", RUN(setfsgid), {{&kId, PLAIN}}, 0},
    {"join_keyring", "keyctl(2)", "user", RUN(join_keyring), {{NULL, PLAIN}}, 0},
    {"add_key", "add_key(2)", "user", RUN(add_key), {{&kKey, GIVE}}, 0},
    {"find_key", "keyctl(2)", "user", RUN(find_key), {{&kKey, NEED}}, 0},
    {"setfsuid", "setfsuid(2)", "user", RUN(setfsuid), {{&kId, PLAIN}}, 0},
    {"setgroups",
     "getgroups(2)",
     "user",
     RUN(setgroups),
     {{&kId, PLAIN}, {&kGroupsCount, PLAIN}},
     0},
    {"credentials", "credentials(7)", "user", RUN(credentials), {{NULL, PLAIN}}, 0},
    {"become_user", "setresuid(2)", "user", RUN(become_user), {{&kId, PLAIN}}, 0},
    {"capset", "capset(2)", "user", RUN(capset), {{&kCapSet, PLAIN}, {&kCap, PLAIN}}, 0},
    {"capget", "capset(2)", "user", RUN(capget), {{&kTarget, PLAIN}}, 0},
    {"cap_ambient",
     "capabilities(7)",
     "user",
     RUN(cap_ambient),
     {{&kAmbient, PLAIN}, {&kCap, PLAIN}},
     FAILS},
    {"cap_bound", "capabilities(7)", "user", RUN(cap_bound), {{&kCap, PLAIN}}, 0},
};
const int kUserOpCount = COUNT(kUserOps);
