#include <linux/nsfs.h>
#include <poll.h>

#include "core.h"

HELPER const char* ns_label(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 ? label('n', st.st_ino) : "?";
}

OP(unshare) { check(syscall(SYS_unshare, v[0].n)); }

// The way of unshare(1) --map-root-user, which works for anybody.
OP(unshare_user) {
  char text[32];
  int uid = (int)syscall(SYS_geteuid), gid = (int)syscall(SYS_getegid);
  if (!check(syscall(SYS_unshare, CLONE_NEWUSER | v[0].n))) return;
  snprintf(text, sizeof text, "0 %d 1\n", uid);
  say(" uid_map=");
  check(put("/proc/self/uid_map", text));
  say(" setgroups=");
  check(put("/proc/self/setgroups", "deny"));
  snprintf(text, sizeof text, "0 %d 1\n", gid);
  say(" gid_map=");
  check(put("/proc/self/gid_map", text));
}

OP(clone) { spawn((int)v[0].n, (unsigned long)v[1].n, SIGCHLD); }
OP(thread) {
  spawn((int)v[0].n, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | (unsigned long)v[1].n, 0);
}

OP(ns_open) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid_of(v + 1), v[2].s);
  if (keep(NSFD, v, open(path, O_RDONLY | O_CLOEXEC))) say(" %s", ns_label(held(NSFD, v)));
}

// The slot is named after the type.
OP(ns_open_type) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid_of(v + 1), v[0].s);
  if (keep(NSFD, v, open(path, O_RDONLY | O_CLOEXEC))) say(" %s", ns_label(held(NSFD, v)));
}

OP(setns) { check(syscall(SYS_setns, held(NSFD, v), v[1].n)); }
OP(pidfd_open) { keep(PIDFD, v, (int)syscall(SYS_pidfd_open, pid_of(v + 1), v[2].n)); }
// It can be read when the process has ended.
OP(pidfd_poll) {
  struct pollfd ready = {.fd = held(PIDFD, v), .events = POLLIN};
  number(poll(&ready, 1, 0));
  say(" %x", (unsigned short)ready.revents);
}
OP(setns_pidfd) { check(syscall(SYS_setns, held(PIDFD, v), v[1].n)); }

OP(ns_get) {
  int fd = ioctl(held(NSFD, v), (unsigned long)v[1].n);
  if (!check(fd)) return;
  say(" %s", ns_label(fd));
  close(fd);
}
OP(ns_type) {
  int type = ioctl(held(NSFD, v), NS_GET_NSTYPE);
  if (check(type)) say(" %x", (unsigned)type);
}
OP(ns_id) {
  unsigned long long id = 0;
  if (check(ioctl(held(NSFD, v), 0x8008b70d /* NS_GET_ID */, &id))) say(" %s", label('N', id));
}
// A mount namespace and its neighbours, in the order of their ids.
OP(ns_walk) {
  struct {
    unsigned size, mounts;
    unsigned long long id;
  } info = {.size = 16};
  int fd = ioctl(held(NSFD, v), (unsigned long)v[1].n, &info);
  // The one before may be of the machine.
  if (check(fd) && v[1].s[0] == 'i') say(" mounts=%u", info.mounts);
  if (fd > 0) close(fd);
}
OP(ns_owner) {
  uid_t uid = 0;
  if (check(ioctl(held(NSFD, v), NS_GET_OWNER_UID, &uid))) say(" %u", uid);
}
// NS_GET_PID_FROM_PIDNS and its like.
OP(ns_pid) { number(ioctl(held(NSFD, v), (unsigned long)v[1].n, (long)pid_of(v + 2))); }
OP(pidfd_ns) {
  int fd = ioctl(held(PIDFD, v), (unsigned long)v[1].n, 0);
  if (!check(fd)) return;
  say(" %s", ns_label(fd));
  close(fd);
}

OP(ns_names) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns", pid_of(v));
  DIR* folder = opendir(path);
  if (!check(folder ? 0 : -1)) return;
  for (struct dirent* entry; (entry = readdir(folder));) say(" %s", entry->d_name);
  closedir(folder);
}
HELPER const char* const kLinks[] = {
    "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children",
    "user",   "uts"};
enum { LINKS = sizeof kLinks / sizeof *kLinks };
OP(ns_links) {
  char path[64], link[64];
  int any = 0;
  for (int i = 0; i < LINKS; i++) {
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid_of(v), kLinks[i]);
    ssize_t n = readlink(path, link, sizeof link - 1);
    if (n >= 0) any = 1;
    link[n < 0 ? 0 : n] = 0;
    const char* digits = strchr(link, '[');
    say("%s%s=", i ? " " : "", kLinks[i]);
    if (n < 0)
      say("%s", strerrorname_np(errno));
    else
      say("%s", digits ? label('n', strtoull(digits + 1, NULL, 10)) : link);
  }
  box->failed = !any;
}

// The files behind the links, and who owns them.
OP(ns_stat) {
  char path[64];
  struct stat st;
  int any = 0;
  for (int i = 0; i < LINKS; i++) {
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid_of(v), kLinks[i]);
    if (!say_tried(kLinks[i], stat(path, &st))) continue;
    say(",%s,%o,%u,%u,%s", label('n', st.st_ino), st.st_mode, st.st_uid, st.st_gid,
        label('d', st.st_dev));
    any = 1;
  }
  box->failed = !any;
}
// A namespace stays while a bind mount of its file does.
OP(ns_bind) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", held(NSFD, v));
  close(open(v[1].s, O_CREAT | O_RDONLY | O_CLOEXEC, 0600));
  check(mount(path, v[1].s, NULL, MS_BIND, NULL));
}
OP(ns_open_file) {
  if (keep(NSFD, v, open(v[1].s, O_RDONLY | O_CLOEXEC))) say(" %s", ns_label(held(NSFD, v)));
}
OP(ns_fd_misc) {
  char byte;
  struct stat st;
  int fd = held(NSFD, v);
  say("read=");
  check(read(fd, &byte, 1));
  say(" fchmod=");
  check(fchmod(fd, 0600));
  if (fstat(fd, &st) == 0) say(" mode=%o uid=%d", st.st_mode, (int)st.st_uid);
}

// The table.
#include "domains.h"

static const struct domain kUnshareFlags = {
    "unshare", 0,
    WORDS({"NEWUTS", CLONE_NEWUTS}, {"NEWIPC", CLONE_NEWIPC}, {"NEWNS", CLONE_NEWNS},
          {"NEWNET", CLONE_NEWNET}, {"NEWPID", CLONE_NEWPID}, {"NEWUSER", CLONE_NEWUSER},
          {"NEWCGROUP", CLONE_NEWCGROUP}, {"NEWTIME", CLONE_NEWTIME},
          {"NEWNS|NEWPID", CLONE_NEWNS | CLONE_NEWPID},
          {"NEWUSER|NEWNS", CLONE_NEWUSER | CLONE_NEWNS},
          {"NEWUTS|NEWIPC|NEWTIME", CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWTIME}, {"FS", CLONE_FS},
          {"FILES", CLONE_FILES}, {"SYSVSEM", CLONE_SYSVSEM}, {"VM", CLONE_VM},
          {"THREAD", CLONE_THREAD}, {"DETACHED", 0x00400000}, {"unknown", 1})};
static const struct domain kWithUser = {
    "with_user", 0,
    WORDS({"none", 0}, {"NEWNS", CLONE_NEWNS}, {"NEWPID", CLONE_NEWPID}, {"NEWNET", CLONE_NEWNET},
          {"NEWUTS", CLONE_NEWUTS}, {"NEWIPC", CLONE_NEWIPC}, {"NEWCGROUP", CLONE_NEWCGROUP},
          {"NEWTIME", CLONE_NEWTIME}, {"NEWNS|NEWPID", CLONE_NEWNS | CLONE_NEWPID})};
static const struct domain kCloneFlags = {
    "clone_flags", 0,
    WORDS({"none", 0}, {"NEWPID", CLONE_NEWPID}, {"NEWNS", CLONE_NEWNS}, {"NEWUTS", CLONE_NEWUTS},
          {"NEWIPC", CLONE_NEWIPC}, {"NEWNET", CLONE_NEWNET}, {"NEWUSER", CLONE_NEWUSER},
          {"NEWCGROUP", CLONE_NEWCGROUP}, {"NEWTIME", CLONE_NEWTIME},
          {"NEWUSER|NEWPID", CLONE_NEWUSER | CLONE_NEWPID},
          {"NEWPID|NEWNS", CLONE_NEWPID | CLONE_NEWNS}, {"FS", CLONE_FS}, {"PARENT", CLONE_PARENT},
          {"NEWPID|PARENT", CLONE_NEWPID | CLONE_PARENT}, {"FILES", CLONE_FILES},
          {"NEWNS|FS", CLONE_NEWNS | CLONE_FS}, {"NEWUSER|FS", CLONE_NEWUSER | CLONE_FS},
          {"NEWIPC|SYSVSEM", CLONE_NEWIPC | CLONE_SYSVSEM})};
static const struct domain kThreadFlags = {
    "thread_flags", 0,
    WORDS({"FS", CLONE_FS | CLONE_FILES | CLONE_SYSVSEM}, {"own_fs", CLONE_FILES},
          {"NEWUTS", CLONE_NEWUTS}, {"NEWPID", CLONE_NEWPID})};
static const struct domain kLink = {
    "link", 0,
    WORDS({"uts", 0}, {"ipc", 0}, {"mnt", 0}, {"net", 0}, {"pid", 0}, {"user", 0}, {"cgroup", 0},
          {"time", 0}, {"pid_for_children", 0}, {"time_for_children", 0})};
static const struct domain kNsFile = {"ns_file", 0,
                                      WORDS({"/n", 0}, {"/a/n", 1}, {"/b/n", 2}, {"/tmp/n", 3})};
static const struct domain kJoin = {"join", 0, WORDS({"any", 0}, {"NEWUTS", CLONE_NEWUTS})};
static const struct domain kJoinPidFd = {
    "join_pidfd", 0,
    WORDS({"NEWUTS", CLONE_NEWUTS}, {"NEWIPC", CLONE_NEWIPC}, {"NEWNS", CLONE_NEWNS},
          {"NEWNET", CLONE_NEWNET}, {"NEWPID", CLONE_NEWPID}, {"NEWCGROUP", CLONE_NEWCGROUP},
          {"NEWUTS|NEWIPC|NEWNET", CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET},
          {"NEWUSER", CLONE_NEWUSER}, {"NEWTIME", CLONE_NEWTIME}, {"none", 0}, {"FS", CLONE_FS})};
static const struct domain kNsGet = {"ns_get", 0,
                                     WORDS({"userns", NS_GET_USERNS}, {"parent", NS_GET_PARENT})};
static const struct domain kNsPid = {"ns_pid", 0,
                                     WORDS({"pid_from", 0x8004b706}, {"tgid_from", 0x8004b707},
                                           {"pid_in", 0x8004b708}, {"tgid_in", 0x8004b709})};
static const struct domain kPidFdFlags = {"pidfd_flags", 0,
                                          WORDS({"0", 0}, {"NONBLOCK", O_NONBLOCK}, {"bad", 1})};
static const struct domain kPidFdNs = {
    "pidfd_ns", 0,
    WORDS({"cgroup", 0xff01}, {"ipc", 0xff02}, {"mnt", 0xff03}, {"net", 0xff04}, {"pid", 0xff05},
          {"pid_for_children", 0xff06}, {"time", 0xff07}, {"time_for_children", 0xff08},
          {"user", 0xff09}, {"uts", 0xff0a})};
const struct domain kActorDomain = {"actor", 0,
                                    WORDS({"a1", 1}, {"a2", 2}, {"a3", 3}, {"a4", 4}, {"a5", 5})};

const struct domain kUnmappedDomain = {
    "unmapped", 0, WORDS({"a1", 1}, {"a2", 2}, {"a3", 3}, {"a4", 4}, {"a5", 5})};
static const struct domain kUserFlags = {
    "user_flags", 0,
    WORDS({"NEWUSER", CLONE_NEWUSER}, {"NEWUSER|NEWPID", CLONE_NEWUSER | CLONE_NEWPID},
          {"NEWUSER|NEWNS", CLONE_NEWUSER | CLONE_NEWNS},
          {"NEWUSER|NEWNET|NEWUTS", CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS})};

static const struct domain kNsWalk = {"ns_walk", 0,
                                      WORDS({"info", 0x8010b70a}, {"next", 0x8010b70b},
                                            {"previous", 0x8010b70c}, {"unknown", 0xb77f})};

const struct op kNsOps[] = {
    {"unshare", "unshare(2)", EVERY_TYPE, RUN(unshare), {{&kUnshareFlags, PLAIN}}, DIVIDES},
    {"unshare_user",
     "user_namespaces(7)",
     EVERY_TYPE,
     RUN(unshare_user),
     {{&kWithUser, PLAIN}},
     DIVIDES},
    {"clone",
     "clone(2)",
     EVERY_TYPE,
     RUN(clone),
     {{&kActorDomain, GIVE}, {&kCloneFlags, PLAIN}},
     0},
    {"clone_user",
     "user_namespaces(7)",
     EVERY_TYPE,
     RUN(clone),
     {{&kActorDomain, GIVE}, {&kUserFlags, PLAIN}, {&kUnmappedDomain, GIVE}},
     0},
    {"thread",
     "clone(2)",
     "pid mnt",
     RUN(thread),
     {{&kActorDomain, GIVE}, {&kThreadFlags, PLAIN}},
     0},
    {"ns_open",
     "namespaces(7)",
     EVERY_TYPE,
     RUN(ns_open),
     {{&kNsFd, GIVE}, {&kTarget, PLAIN}, {&kLink, PLAIN}},
     0},
    {"pidns_open",
     "namespaces(7)",
     "pid",
     RUN(ns_open_type),
     {{&kPidNsFd, GIVE}, {&kTarget, PLAIN}},
     0},
    {"mntns_open",
     "namespaces(7)",
     "mnt",
     RUN(ns_open_type),
     {{&kMntNsFd, GIVE}, {&kTarget, PLAIN}},
     0},
    {"netns_open",
     "namespaces(7)",
     "net",
     RUN(ns_open_type),
     {{&kNetNsFd, GIVE}, {&kTarget, PLAIN}},
     0},
    {"setns_user", "setns(2)", "user", RUN(setns), {{&kUserNsFd, NEED}}, DIVIDES},
    {"setns_net", "setns(2)", "net user", RUN(setns), {{&kNetNsFd, NEED}}, DIVIDES},
    {"setns", "setns(2)", EVERY_TYPE, RUN(setns), {{&kNsFd, NEED}, {&kJoin, PLAIN}}, DIVIDES},
    {"pidfd_open",
     "pidfd_open(2)",
     EVERY_TYPE,
     RUN(pidfd_open),
     {{&kPidFd, GIVE}, {&kTarget, PLAIN}, {&kPidFdFlags, PLAIN}},
     0},
    {"pidfd_poll", "pidfd_open(2)", "pid", RUN(pidfd_poll), {{&kPidFd, NEED}}, 0},
    {"setns_pidfd",
     "setns(2)",
     EVERY_TYPE,
     RUN(setns_pidfd),
     {{&kPidFd, NEED}, {&kJoinPidFd, PLAIN}},
     DIVIDES},
    {"ns_get", "ioctl_ns(2)", EVERY_TYPE, RUN(ns_get), {{&kNsFd, NEED}, {&kNsGet, PLAIN}}, 0},
    {"pidns_get", "ioctl_ns(2)", "pid user", RUN(ns_get), {{&kPidNsFd, NEED}, {&kNsGet, PLAIN}}, 0},
    {"userns_get", "ioctl_ns(2)", "user", RUN(ns_get), {{&kUserNsFd, NEED}, {&kNsGet, PLAIN}}, 0},
    {"ns_type", "ioctl_ns(2)", EVERY_TYPE, RUN(ns_type), {{&kNsFd, NEED}}, 0},
    {"ns_id", "ioctl_nsfs(2)", EVERY_TYPE, RUN(ns_id), {{&kNsFd, NEED}}, FAILS},
    {"ns_names", "namespaces(7)", EVERY_TYPE, RUN(ns_names), {{&kTarget, PLAIN}}, 0},
    {"ns_walk",
     "ioctl_nsfs(2)",
     "mnt",
     RUN(ns_walk),
     {{&kMntNsFd, NEED}, {&kNsWalk, PLAIN}},
     FAILS},
    {"ns_owner", "ioctl_ns(2)", "user", RUN(ns_owner), {{&kUserNsFd, NEED}}, 0},
    {"ns_pid",
     "ioctl_ns(2)",
     "pid",
     RUN(ns_pid),
     {{&kPidNsFd, NEED}, {&kNsPid, PLAIN}, {&kTarget, PLAIN}},
     FAILS},
    {"pidfd_ns",
     "ioctl_ns(2)",
     EVERY_TYPE,
     RUN(pidfd_ns),
     {{&kPidFd, NEED}, {&kPidFdNs, PLAIN}},
     0},
    {"ns_links", "namespaces(7)", EVERY_TYPE, RUN(ns_links), {{&kTarget, PLAIN}}, 0},
    {"ns_stat", "namespaces(7)", EVERY_TYPE, RUN(ns_stat), {{&kTarget, PLAIN}}, 0},
    {"ns_bind", "namespaces(7)", EVERY_TYPE, RUN(ns_bind), {{&kNsFd, NEED}, {&kNsFile, GIVE}}, 0},
    {"ns_open_file",
     "namespaces(7)",
     EVERY_TYPE,
     RUN(ns_open_file),
     {{&kNsFd, GIVE}, {&kNsFile, NEED}},
     0},
    {"ns_fd_misc", "namespaces(7)", EVERY_TYPE, RUN(ns_fd_misc), {{&kNsFd, NEED}}, FAILS},
};
const int kNsOpCount = COUNT(kNsOps);
