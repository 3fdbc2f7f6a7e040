#include <sys/xattr.h>

#include "core.h"

OP(mkdir) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", v[0].s, v[1].s);
  check(mkdir(path, 0755));
}
OP(rmdir) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", v[0].s, v[1].s);
  check(rmdir(path));
}
OP(create) {
  int fd = open(v[0].s, O_CREAT | O_WRONLY | O_CLOEXEC, (mode_t)v[1].n);
  if (!check(fd)) return;
  (void)!write(fd, "text", 4);
  close(fd);
}
OP(open_file) { keep(FILEFD, v, open(v[1].s, (int)v[2].n | O_CLOEXEC)); }
OP(unlink) { check(unlink(v[0].s)); }
OP(rename) { check(rename(v[0].s, v[1].s)); }
OP(link) { check(link(v[0].s, v[1].s)); }
OP(symlink) { check(symlink(v[0].s, v[1].s)); }
OP(read_path) {
  const char* text = slurp(v[0].s);
  if (check(errno ? -1 : 0)) say(" %.20s", text);
}
OP(chmod) { check(chmod(v[0].s, (mode_t)v[1].n)); }
OP(chown) { check(chown(v[0].s, (uid_t)v[1].n, (gid_t)v[1].n)); }
OP(stat) {
  struct stat st;
  if (!check(stat(v[0].s, &st))) return;
  say(" mode=%o nlink=%lu uid=%u gid=%u %s", st.st_mode,
      S_ISDIR(st.st_mode) ? 0UL : (unsigned long)st.st_nlink, st.st_uid, st.st_gid,
      label('d', st.st_dev));
}
OP(chown_group) { check(chown(v[0].s, (uid_t)-1, (gid_t)v[1].n)); }
// The capability of a file belongs to a user namespace, see capabilities(7).
OP(set_file_capability) {
  static const unsigned revision2[5] = {0x02000001, 1U << 12, 0, 0, 0};
  close(open(v[0].s, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
  check(setxattr(v[0].s, "security.capability", revision2, sizeof revision2, 0));
}
OP(file_capability) {
  unsigned words[6] = {0};
  if (number(getxattr(v[0].s, "security.capability", words, sizeof words)) >= 0)
    say(" %x %x root=%u", words[0], words[1], words[5]);
}
// Opening one needs a capability that most actors of user sequences lack.
OP(file_handle) {
  struct {
    struct file_handle head;
    unsigned char bytes[128];
  } handle = {.head = {.handle_bytes = 128}};
  int mount_id;
  if (!check(name_to_handle_at(AT_FDCWD, v[0].s, &handle.head, &mount_id, 0))) return;
  int fd = open_by_handle_at(AT_FDCWD, &handle.head, O_RDONLY | O_CLOEXEC);
  if (say_tried("open", fd)) close(fd);
}
OP(access) { check(access(v[0].s, (int)v[1].n)); }
OP(mknod) { check(mknod(v[0].s, (mode_t)v[1].n | 0600, 0)); }

HELPER struct flock range(const struct value* type) {
  struct flock lock = {.l_type = (short)type->n, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
  return lock;
}
OP(lock) {
  struct flock lock = range(v + 1);
  check(fcntl(held(FILEFD, v), F_SETLK, &lock));
}
// The holder's PID as the asker sees it.
OP(lock_query) {
  struct flock lock = range(v + 1);
  if (check(fcntl(held(FILEFD, v), F_GETLK, &lock)))
    say(" type=%d pid=%d", lock.l_type, lock.l_pid);
}
OP(set_owner) { check(fcntl(held(FILEFD, v), F_SETOWN, pid_of(v + 1))); }
OP(get_owner) { number(syscall(SYS_fcntl, held(FILEFD, v), F_GETOWN)); }
OP(proc_locks) {
  // "1: POSIX ADVISORY WRITE PID DEVICE:INODE START END"
  char kind[16], mode[16], access_mode[16];
  int index, pid;
  const char* line = slurp("/proc/locks");
  say("%s", errno ? strerrorname_np(errno) : "0");
  for (; line && *line; line = strchr(line, '\n'), line += line != NULL)
    if (sscanf(line, "%d: %15s %15s %15s %d", &index, kind, mode, access_mode, &pid) == 5)
      say(" %s,%s,%d", kind, access_mode, pid);
}

// The table.
#include "domains.h"

static const struct domain kCapable = {"capable", 0, WORDS({"/e", 0}, {"/tmp/e", 1}, {"/a/e", 2})};
static const struct domain kDirName = {"dirname", 0, WORDS({"y", 0}, {"x", 0})};
static const struct domain kMode = {
    "mode", 0, WORDS({"0644", 0644}, {"0600", 0600}, {"0666", 0666}, {"0000", 0}, {"6755", 06755})};
static const struct domain kOpenMode = {
    "open_mode", 0,
    WORDS({"RDWR", O_RDWR}, {"RDONLY", O_RDONLY}, {"WRONLY", O_WRONLY}, {"PATH", O_PATH})};
static const struct domain kLockType = {
    "lock_type", 0, WORDS({"WRLCK", F_WRLCK}, {"RDLCK", F_RDLCK}, {"UNLCK", F_UNLCK})};
static const struct domain kAccess = {"access", 0, WORDS({"R", R_OK}, {"W", W_OK}, {"X", X_OK})};
static const struct domain kNode = {"node", 0,
                                    WORDS({"/p", 0}, {"/a/p", 1}, {"/b/p", 2}, {"/tmp/p", 3})};
static const struct domain kNodeType = {
    "node_type", 0,
    WORDS({"fifo", S_IFIFO}, {"sock", S_IFSOCK}, {"whiteout", S_IFCHR}, {"block", S_IFBLK})};

const struct op kFileOps[] = {
    {"mkdir", "mkdir(2)", "mnt user", RUN(mkdir), {{&kPath, PLAIN}, {&kDirName, PLAIN}}, 0},
    {"rmdir", "rmdir(2)", "mnt", RUN(rmdir), {{&kPath, PLAIN}, {&kDirName, PLAIN}}, FAILS},
    {"create", "open(2)", "mnt user", RUN(create), {{&kFile, GIVE}, {&kMode, PLAIN}}, 0},
    {"open_file",
     "open(2)",
     "mnt user",
     RUN(open_file),
     {{&kOpenFile, GIVE}, {&kFile, NEED}, {&kOpenMode, PLAIN}},
     0},
    {"unlink", "unlink(2)", "mnt user", RUN(unlink), {{&kFile, TAKE}}, 0},
    {"rename", "rename(2)", "mnt user", RUN(rename), {{&kFile, TAKE}, {&kFile, GIVE}}, 0},
    {"link", "link(2)", "mnt user", RUN(link), {{&kFile, NEED}, {&kFile, GIVE}}, 0},
    {"symlink", "symlink(2)", "mnt", RUN(symlink), {{&kFile, NEED}, {&kFile, GIVE}}, 0},
    {"read_path", "open(2)", "mnt user", RUN(read_path), {{&kFile, NEED}}, 0},
    {"chmod", "chmod(2)", "mnt user", RUN(chmod), {{&kFile, NEED}, {&kMode, PLAIN}}, 0},
    {"chown", "chown(2)", "user", RUN(chown), {{&kFile, NEED}, {&kId, PLAIN}}, 0},
    {"chown_group", "chown(2)", "user", RUN(chown_group), {{&kFile, NEED}, {&kId, PLAIN}}, 0},
    {"set_file_capability",
     "capabilities(7)",
     "user",
     RUN(set_file_capability),
     {{&kCapable, GIVE}},
     0},
    {"file_capability", "capabilities(7)", "user", RUN(file_capability), {{&kCapable, NEED}}, 0},
    {"file_handle", "open_by_handle_at(2)", "user mnt", RUN(file_handle), {{&kFile, NEED}}, 0},
    {"stat", "stat(2)", "mnt user", RUN(stat), {{&kFile, NEED}}, 0},
    {"stat_dir", "stat(2)", "mnt user", RUN(stat), {{&kPath, PLAIN}}, 0},
    {"access", "access(2)", "mnt user", RUN(access), {{&kFile, NEED}, {&kAccess, PLAIN}}, 0},
    {"mknod", "mknod(2)", "user", RUN(mknod), {{&kNode, PLAIN}, {&kNodeType, PLAIN}}, 0},
    {"lock", "fcntl(2)", "pid", RUN(lock), {{&kOpenFile, NEED}, {&kLockType, PLAIN}}, 0},
    {"lock_query",
     "fcntl(2)",
     "pid",
     RUN(lock_query),
     {{&kOpenFile, NEED}, {&kLockType, PLAIN}},
     0},
    {"set_owner", "fcntl(2)", "pid", RUN(set_owner), {{&kOpenFile, NEED}, {&kTarget, PLAIN}}, 0},
    {"get_owner", "fcntl(2)", "pid", RUN(get_owner), {{&kOpenFile, NEED}}, 0},
    {"proc_locks", "proc_locks(5)", "pid", RUN(proc_locks), {{NULL, PLAIN}}, 0},
};
const int kFileOpCount = COUNT(kFileOps);
