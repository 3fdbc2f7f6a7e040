#include "core.h"

// Those of newer kernels than our libc.
enum { OPEN_TREE_CLONED = 1, MOVE_EMPTY_PATH = 4 };
struct mount_attributes {
  unsigned long long set, clear, propagation, userns_fd;
};
struct mount_request {
  unsigned size, spare;
  unsigned long long mount, parameter, ns;
};

// With a directory inside, so that something can be mounted there in its turn.
OP(mount_tmpfs) {
  char path[64];
  if (!check(mount("tmpfs", v[0].s, "tmpfs", (unsigned long)v[1].n, "mode=755"))) return;
  snprintf(path, sizeof path, "%s/x", v[0].s);
  mkdir(path, 0755);
}
OP(mount_type) { check(mount(v[1].s, v[0].s, v[1].s, 0, NULL)); }
OP(bind) { check(mount(v[0].s, v[1].s, NULL, MS_BIND | (unsigned long)v[2].n, NULL)); }
OP(bind_itself) { check(mount(v[0].s, v[0].s, NULL, MS_BIND, NULL)); }
OP(mount_move) { check(mount(v[0].s, v[1].s, NULL, MS_MOVE, NULL)); }
OP(propagation) { check(mount(NULL, v[0].s, NULL, (unsigned long)v[1].n, NULL)); }
OP(umount) { check(umount2(v[0].s, (int)v[1].n)); }
OP(remount) { check(mount(NULL, v[0].s, NULL, MS_REMOUNT | (unsigned long)v[1].n, NULL)); }
OP(pivot_root) {
  // A mount of its own, as pivot_root(2) asks.
  if (chdir(v[0].s) < 0) {
    check(-1);
    return;
  }
  if (check(syscall(SYS_pivot_root, ".", v[1].s))) (void)!chdir("/");
}
OP(chroot) { check(chroot(v[0].s)); }
OP(chdir) { check(chdir(v[0].s)); }
OP(getcwd) {
  char text[256];
  if (check(syscall(SYS_getcwd, text, sizeof text))) say(" %s", text);
}

OP(open_tree) {
  keep(TREEFD, v, (int)syscall(SYS_open_tree, AT_FDCWD, v[1].s, OPEN_TREE_CLONED | v[2].n));
}
OP(fsmount) {
  int fs = (int)syscall(SYS_fsopen, "tmpfs", 0);
  if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* create */, NULL, NULL, 0) < 0) {
    check(-1);
    close(fs);
    return;
  }
  keep(TREEFD, v, (int)syscall(SYS_fsmount, fs, 0, v[1].n));
  close(fs);
}
OP(move_mount) {
  check(syscall(SYS_move_mount, held(TREEFD, v), "", AT_FDCWD, v[1].s, MOVE_EMPTY_PATH | v[2].n));
}
OP(mount_setattr) {
  struct mount_attributes attributes = {.set = (unsigned long long)v[1].n};
  check(syscall(442, AT_FDCWD, v[0].s, v[2].n, &attributes, sizeof attributes));
}
OP(mount_clearattr) {
  struct mount_attributes attributes = {.clear = (unsigned long long)v[1].n};
  check(syscall(442, AT_FDCWD, v[0].s, v[2].n, &attributes, sizeof attributes));
}
// Files of the tree are owned as the user namespace maps it.
OP(mount_idmap) {
  struct mount_attributes attributes = {.set = 0x100000 /* idmap */,
                                        .userns_fd = (unsigned long long)held(NSFD, v + 1)};
  struct stat st;
  int tree = held(TREEFD, v);
  if (check(syscall(442, tree, "", 0x1000 /* empty path */, &attributes, sizeof attributes)) &&
      fstat(tree, &st) == 0)
    say(" uid=%u gid=%u", st.st_uid, st.st_gid);
}
OP(mount_setattr_size) {
  struct {
    struct mount_attributes attributes;
    unsigned long long more[4];
  } odd = {.more = {(unsigned long long)(v[1].n == 1)}};
  check(syscall(442, AT_FDCWD, v[0].s, 0, &odd, v[1].n == 2 ? 8 : sizeof odd));
}
OP(mount_proc) { check(mount("proc", v[0].s, "proc", 0, v[1].s)); }
OP(mount_setpropagation) {
  struct mount_attributes attributes = {.propagation = (unsigned long long)v[1].n};
  check(syscall(442, AT_FDCWD, v[0].s, v[2].n, &attributes, sizeof attributes));
}

// A mount point cannot go while something is mounted there in the caller's namespace.
OP(rmdir_mount) { check(rmdir(v[0].s)); }
OP(rename_mount) {
  char path[64];
  snprintf(path, sizeof path, "%s-renamed", v[0].s);
  if (check(rename(v[0].s, path))) rename(path, v[0].s);
}
OP(unlink_mount) {
  if (!check(mount(v[0].s, v[0].s, NULL, MS_BIND, NULL))) return;
  say(" unlink=");
  check(unlink(v[0].s));
  say(" umount=");
  check(umount2(v[0].s, 0));
}
OP(mount_on_file) { check(mount("tmpfs", v[0].s, "tmpfs", 0, NULL)); }
OP(move_root) { check(mount("/", v[0].s, NULL, MS_MOVE, NULL)); }

HELPER unsigned long long unique_mount_id(const char* path) {
  struct statx st;
  if (syscall(SYS_statx, AT_FDCWD, path, 0, 0x4000 /* unique mount id */, &st) < 0) return 0;
  unsigned long long id;
  memcpy(&id, (char*)&st + 0x90, sizeof id);
  return id;
}

OP(statmount) {
  static union {
    unsigned long long words[512];
    unsigned numbers[1024];
  } found;
  struct mount_request request = {.size = 24, .mount = unique_mount_id(v[0].s), .parameter = 0x3f};
  memset(&found, 0, sizeof found);
  if (!check(syscall(457, &request, &found, sizeof found, 0))) return;
  const char* strings = (const char*)&found + 512;
  say(" mask=%llx attr=%llx propagation=%llx type=%s root=%s point=%s", found.words[1],
      found.words[8], found.words[9], strings + found.numbers[9], strings + found.numbers[26],
      strings + found.numbers[27]);
  say(" magic=%llx id=%s,%s", found.words[3], label('M', found.words[5]),
      label('m', found.numbers[14]));
  say(" parent=%s,%s", label('M', found.words[6]), label('m', found.numbers[15]));
  for (int i = 10; i < 13; i++) say(" %s", found.words[i] ? label('g', found.words[i]) : "-");
}
OP(listmount) {
  unsigned long long ids[64];
  struct mount_request request = {.size = 24, .mount = 0xffffffffffffffffULL};
  number(syscall(458, &request, ids, 64, 0));
}
// Of one mount, or what is refused.
OP(listmount_at) {
  unsigned long long ids[64];
  struct mount_request request = {.size = 24, .mount = unique_mount_id(v[0].s)};
  if (v[1].n == 1) request.size = 8;
  if (v[1].n == 2) request.mount = 1;
  if (v[1].n == 3) request.spare = 1;
  number(syscall(458, &request, ids, 64, v[1].n == 4 ? 8 : 0));
}
OP(statmount_at) {
  unsigned long long found[512];
  struct mount_request request = {.size = 24, .mount = unique_mount_id(v[0].s), .parameter = 2};
  if (v[1].n == 1) request.size = 8;
  if (v[1].n == 2) request.mount = 1;
  if (v[1].n == 3) request.spare = 1;
  check(syscall(457, &request, found, sizeof found, v[1].n == 4 ? 8 : 0));
}

// The mounts of another namespace, to a child with and without a capability over it.
HELPER void look_back(int me, const struct value* v) {
  (void)me;
  unsigned long long ids[64], found[512];
  struct mount_request all = {.size = 32, .mount = 0xffffffffffffffffULL};
  struct mount_request one = {.size = 32, .mount = unique_mount_id("/"), .parameter = 2};
  int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  say("id=");
  check(ioctl(ns, 0x8008b705UL /* NS_GET_MNTNS_ID */, &all.ns));
  one.ns = all.ns;
  if (!check(unshare(v[0].n ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS))) return;
  say(" list=");
  number(syscall(458, &all, ids, 64, 0));
  say(" status=");
  check(syscall(457, &one, found, sizeof found, 0));
}
OP(mounts_of_maker) {
  if (work_in_child(syscall(SYS_fork), look_back, me, v, NULL) < 0) check(-1);
}

// A mount that the root of a child does not lead to.
HELPER void look_out(int me, const struct value* v) {
  (void)me;
  unsigned long long ids[64], found[512];
  struct mount_request request = {.size = 24, .mount = unique_mount_id("/")};
  if (!check(chroot(v[0].s)) || chdir("/") < 0) return;
  say(" ");
  if (v[1].n) turn_into_user();
  say(" list=");
  number(syscall(458, &request, ids, 64, 0));
  say(" status=");
  request.parameter = 2;
  check(syscall(457, &request, found, sizeof found, 0));
}
OP(mounts_outside) {
  if (work_in_child(syscall(SYS_fork), look_out, me, v, NULL) < 0) check(-1);
}

OP(statfs) {
  char text[64];
  long long words[16];
  if (!check(syscall(SYS_statfs, v[0].s, words))) return;
  snprintf(text, sizeof text, " type=%llx flags=%llx", words[0], words[10]);
  say("%s", text);
}

// mountinfo without the super block's options, which are the file system's own affair.
OP(mountinfo) {
  char path[64], root[256], point[256], options[256], rest[256], type[64];
  int id, parent;
  unsigned major, minor;
  snprintf(path, sizeof path, "/proc/%d/mountinfo", pid_of(v));
  const char* line = slurp(path);
  box->failed = !*line;
  if (!*line) say("%s", strerrorname_np(errno));
  for (; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    int used = 0;
    if (sscanf(line, "%d %d %u:%u %255s %255s %255s %n", &id, &parent, &major, &minor, root, point,
               options, &used) < 7)
      continue;
    say("\n%s", label('m', (unsigned)id));
    say(" %s", label('m', (unsigned)parent));
    say(" %s ", label('d', major << 20 | minor));
    // The root of a namespace's file is its link, "uts:[4026531838]".
    char* inode = strstr(root, ":[");
    if (inode)
      say("%.*s:%s", (int)(inode - root), root, label('n', strtoull(inode + 2, NULL, 10)));
    else
      say("%s", root);
    say(" %s %s", point, options);
    // The optional fields hold peer groups; they end with " - ".
    for (const char* field = line + used; sscanf(field, "%255s %n", rest, &used) == 1;
         field += used) {
      if (strcmp(rest, "-") == 0) {
        if (sscanf(field + used, "%63s", type) == 1) say(" %s", type);
        break;
      }
      char* colon = strchr(rest, ':');
      if (colon)
        say(" %.*s:%s", (int)(colon - rest), rest, label('g', strtoull(colon + 1, NULL, 10)));
      else
        say(" %s", rest);
    }
  }
}

OP(mount_fd_setns) {
  // A directory of another mount namespace stays reachable by descriptor.
  struct stat st;
  if (check(fstatat(held(TREEFD, v), ".", &st, 0))) say(" mode=%o", st.st_mode);
}

// The table.
#include "domains.h"

static const struct domain kMountFlags = {
    "mount_flags", 0,
    WORDS({"0", 0}, {"RDONLY", MS_RDONLY}, {"NOSUID|NODEV", MS_NOSUID | MS_NODEV},
          {"NOEXEC", MS_NOEXEC}, {"NOATIME", MS_NOATIME})};
static const struct domain kFsType = {
    "fstype", 0,
    WORDS({"proc", 0}, {"mqueue", 0}, {"cgroup2", 0}, {"sysfs", 0}, {"ramfs", 0}, {"devpts", 0},
          {"tmpfs", 0}, {"nosuchfs", 0})};
static const struct domain kRec = {"rec", 0, WORDS({"0", 0}, {"REC", MS_REC})};
static const struct domain kPropagation = {
    "propagation", 0,
    WORDS({"SHARED", MS_SHARED}, {"PRIVATE", MS_PRIVATE}, {"SLAVE", MS_SLAVE},
          {"UNBINDABLE", MS_UNBINDABLE}, {"REC|SHARED", MS_REC | MS_SHARED},
          {"REC|SLAVE", MS_REC | MS_SLAVE}, {"SHARED|SLAVE", MS_SHARED | MS_SLAVE})};
static const struct domain kUmountFlags = {
    "umount_flags", 0,
    WORDS({"0", 0}, {"DETACH", MNT_DETACH}, {"NOFOLLOW", UMOUNT_NOFOLLOW}, {"EXPIRE", MNT_EXPIRE},
          {"bad", 64})};
static const struct domain kRemountFlags = {
    "remount_flags", 0,
    WORDS({"BIND|RDONLY", MS_BIND | MS_RDONLY}, {"BIND", MS_BIND}, {"RDONLY", MS_RDONLY}, {"0", 0},
          {"BIND|NOSUID", MS_BIND | MS_NOSUID}, {"BIND|NOATIME", MS_BIND | MS_NOATIME})};
static const struct domain kTreeFlags = {"tree_flags", 0, WORDS({"0", 0}, {"RECURSIVE", 0x8000})};
static const struct domain kFsmountFlags = {"fsmount_flags", 0,
                                            WORDS({"0", 0}, {"RDONLY", 1}, {"NOSUID", 2})};
static const struct domain kMoveFlags = {"move_flags", 0,
                                         WORDS({"0", 0}, {"BENEATH", 0x200}, {"SET_GROUP", 0x100})};
static const struct domain kAttr = {"attr", 0,
                                    WORDS({"RDONLY", 1}, {"NOSUID", 2}, {"NODEV", 4}, {"NOEXEC", 8},
                                          {"NODIRATIME", 0x80}, {"NOSYMFOLLOW", 0x200000})};
static const struct domain kAttrFlags = {"attr_flags", 0, WORDS({"0", 0}, {"RECURSIVE", 0x8000})};
static const struct domain kDirectory = {
    "directory", 0, WORDS({"/", 0}, {"/a", 1}, {"/b", 2}, {"/a/x", 3}, {"/b/x", 4}, {"/c", 5})};

static const struct domain kSize = {"attr_size", 0,
                                    WORDS({"larger", 0}, {"unknown", 1}, {"smaller", 2})};
static const struct domain kProcOptions = {
    "proc_options", 0,
    WORDS({"hidepid=2", 0}, {"subset=pid", 0}, {"hidepid=ptraceable", 0}, {"gid=5", 0},
          {"bad", 0})};
static const struct domain kPower = {"power", 0, WORDS({"with", 0}, {"without", 1})};
static const struct domain kAsked = {
    "asked", 0, WORDS({"whole", 0}, {"small", 1}, {"nobody", 2}, {"spare", 3}, {"flags", 4})};

const struct op kMntOps[] = {
    {"mount_tmpfs",
     "mount(2)",
     "mnt user",
     RUN(mount_tmpfs),
     {{&kMount, GIVE}, {&kMountFlags, PLAIN}},
     0},
    {"mount_type",
     "mount(2)",
     "mnt user pid net ipc cgroup",
     RUN(mount_type),
     {{&kMount, GIVE}, {&kFsType, PLAIN}},
     0},
    {"bind", "mount(2)", "mnt", RUN(bind), {{&kPath, PLAIN}, {&kMount, GIVE}, {&kRec, PLAIN}}, 0},
    {"bind_mount",
     "mount(2)",
     "mnt",
     RUN(bind),
     {{&kMount, NEED}, {&kMount, GIVE}, {&kRec, PLAIN}},
     0},
    {"bind_itself", "mount(2)", "mnt", RUN(bind_itself), {{&kMount, GIVE}}, 0},
    {"mount_move", "mount(2)", "mnt", RUN(mount_move), {{&kMount, TAKE}, {&kMount, GIVE}}, 0},
    {"propagation",
     "mount_namespaces(7)",
     "mnt",
     RUN(propagation),
     {{&kMount, NEED}, {&kPropagation, PLAIN}},
     0},
    {"umount", "umount(2)", "mnt", RUN(umount), {{&kMount, TAKE}, {&kUmountFlags, PLAIN}}, 0},
    {"remount",
     "mount(2)",
     "mnt user",
     RUN(remount),
     {{&kMount, NEED}, {&kRemountFlags, PLAIN}},
     0},
    {"pivot_root",
     "pivot_root(2)",
     "mnt",
     RUN(pivot_root),
     {{&kMount, NEED}, {&kDirectory, PLAIN}},
     FAILS},
    {"chroot", "chroot(2)", "mnt user", RUN(chroot), {{&kDirectory, PLAIN}}, 0},
    {"chdir", "chdir(2)", "mnt", RUN(chdir), {{&kDirectory, PLAIN}}, 0},
    {"getcwd", "getcwd(2)", "mnt", RUN(getcwd), {{NULL, PLAIN}}, 0},
    {"open_tree",
     "open_tree(2)",
     "mnt",
     RUN(open_tree),
     {{&kTreeFd, GIVE}, {&kPath, PLAIN}, {&kTreeFlags, PLAIN}},
     0},
    {"fsmount", "fsmount(2)", "mnt", RUN(fsmount), {{&kTreeFd, GIVE}, {&kFsmountFlags, PLAIN}}, 0},
    {"move_mount",
     "move_mount(2)",
     "mnt",
     RUN(move_mount),
     {{&kTreeFd, NEED}, {&kMount, GIVE}, {&kMoveFlags, PLAIN}},
     0},
    {"mount_setattr",
     "mount_setattr(2)",
     "mnt user",
     RUN(mount_setattr),
     {{&kMount, NEED}, {&kAttr, PLAIN}, {&kAttrFlags, PLAIN}},
     0},
    {"mount_clearattr",
     "mount_setattr(2)",
     "mnt user",
     RUN(mount_clearattr),
     {{&kMount, NEED}, {&kAttr, PLAIN}, {&kAttrFlags, PLAIN}},
     0},
    {"mount_idmap",
     "mount_setattr(2)",
     "mnt user",
     RUN(mount_idmap),
     {{&kTreeFd, NEED}, {&kUserNsFd, NEED}},
     0},
    {"mount_setattr_size",
     "mount_setattr(2)",
     "mnt",
     RUN(mount_setattr_size),
     {{&kMount, NEED}, {&kSize, PLAIN}},
     FAILS},
    {"mount_proc",
     "proc(5)",
     "mnt pid user",
     RUN(mount_proc),
     {{&kMount, GIVE}, {&kProcOptions, PLAIN}},
     0},
    {"mount_setpropagation",
     "mount_setattr(2)",
     "mnt",
     RUN(mount_setpropagation),
     {{&kMount, NEED}, {&kPropagation, PLAIN}, {&kAttrFlags, PLAIN}},
     0},
    {"statmount", "statmount(2)", "mnt", RUN(statmount), {{&kPath, PLAIN}}, 0},
    {"listmount", "listmount(2)", "mnt", RUN(listmount), {{NULL, PLAIN}}, 0},
    {"listmount_at",
     "listmount(2)",
     "mnt",
     RUN(listmount_at),
     {{&kMount, NEED}, {&kAsked, PLAIN}},
     FAILS},
    {"statmount_at",
     "statmount(2)",
     "mnt",
     RUN(statmount_at),
     {{&kMount, NEED}, {&kAsked, PLAIN}},
     FAILS},
    {"rmdir_mount", "rmdir(2)", "mnt", RUN(rmdir_mount), {{&kMount, NEED}}, FAILS},
    {"rename_mount", "rename(2)", "mnt", RUN(rename_mount), {{&kMount, NEED}}, FAILS},
    {"unlink_mount", "unlink(2)", "mnt", RUN(unlink_mount), {{&kFile, NEED}}, FAILS},
    {"umount_path",
     "umount(2)",
     "mnt",
     RUN(umount),
     {{&kPath, PLAIN}, {&kUmountFlags, PLAIN}},
     FAILS},
    {"mount_on_file", "mount(2)", "mnt", RUN(mount_on_file), {{&kFile, NEED}}, FAILS},
    {"move_root", "mount(2)", "mnt", RUN(move_root), {{&kPath, PLAIN}}, FAILS},
    {"mounts_of_maker",
     "listmount(2)",
     "mnt user",
     RUN(mounts_of_maker),
     {{&kPower, PLAIN}},
     FAILS},
    {"mounts_outside",
     "listmount(2)",
     "mnt user",
     RUN(mounts_outside),
     {{&kMount, NEED}, {&kPower, PLAIN}},
     0},
    {"statfs", "statfs(2)", "mnt", RUN(statfs), {{&kPath, PLAIN}}, 0},
    {"mountinfo", "proc_pid_mountinfo(5)", "mnt", RUN(mountinfo), {{&kTarget, PLAIN}}, 0},
    {"tree_stat", "open_tree(2)", "mnt", RUN(mount_fd_setns), {{&kTreeFd, NEED}}, 0},
};
const int kMntOpCount = COUNT(kMntOps);
