#include "core.h"

struct box* box;
int fds[KINDS][SLOTS];
static const struct step* all_steps;
static int my_slot;
static int my_step;
static long settling;
static char stacks[ACTORS][65536] __attribute__((aligned(64)));

void say(const char* format, ...) {
  if (my_step != box->step) return;
  va_list list;
  va_start(list, format);
  int room = TEXT - STEPS - box->length;
  int n = room < 2 ? 0 : vsnprintf(box->text + box->length, (size_t)room, format, list);
  va_end(list);
  box->length += n < room ? n : room - 1;
}

static const char* errno_text(int code) {
  const char* name = strerrorname_np(code);
  return name ? name : "E?";
}

int check(long result) {
  say("%s", result < 0 ? errno_text(errno) : "0");
  if (result < 0) box->failed = 1;
  return result >= 0;
}

int say_tried(const char* what, long result) {
  say(" %s=%s", what, result < 0 ? errno_text(errno) : "0");
  return result >= 0;
}

long number(long result) {
  if (result < 0) return check(result), result;
  say("%ld", result);
  return result;
}

const char* label(char kind, unsigned long long value) {
  static char text[8][24];
  static int next;
  int index = 0;
  for (int i = 0; i < box->labels; i++) {
    if (box->label[i].kind != kind) continue;
    if (box->label[i].value == value) goto found;
    index++;
  }
  if (box->labels < LABELS) {
    box->label[box->labels].kind = kind;
    box->label[box->labels++].value = value;
  }
found:
  next = (next + 1) % 8;
  snprintf(text[next], sizeof text[next], "%c%d", (unsigned char)kind, index);
  return text[next];
}

int keep(enum kind kind, const struct value* slot, int fd) {
  if (fd < 0) return check(fd);
  if (fds[kind][slot->n] > 0) close(fds[kind][slot->n]);
  // Far from the low numbers, so that a descriptor's number never tells of another.
  fds[kind][slot->n] = fcntl(fd, F_DUPFD_CLOEXEC, 100 + (int)kind * SLOTS + (int)slot->n);
  close(fd);
  return check(0);
}

int held(enum kind kind, const struct value* slot) {
  return fds[kind][slot->n] > 0 ? fds[kind][slot->n] : -1;
}

int pid_of(const struct value* target) {
  if (strcmp(target->s, "self") == 0) return (int)syscall(SYS_getpid);
  return target->s[0] == 'a' ? box->pid[target->n] : (int)target->n;
}

const char* slurp(const char* path) {
  static char text[65536];
  text[0] = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return text;
  ssize_t n = 0, size = 0;
  while ((n = read(fd, text + size, sizeof text - 1 - (size_t)size)) > 0) size += n;
  int code = errno;
  text[size] = 0;
  close(fd);
  errno = n < 0 ? code : 0;
  return text;
}

int put(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t n = write(fd, text, strlen(text));
  int code = errno;
  close(fd);
  errno = code;
  return n < 0 ? -1 : 0;
}

void say_field(const char* text, const char* key) {
  size_t length = strlen(key);
  for (const char* line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    if (strncmp(line, key, length) != 0 || line[length] != ':') continue;
    line += length + 1;
    say(" %s=", key);
    for (line += strspn(line, "\t "); *line && *line != '\n'; line++)
      say("%c", *line == '\t' || *line == ' ' ? ',' : *line);
    return;
  }
}

static void futex_wake(int* word) { syscall(SYS_futex, word, FUTEX_WAKE, 64, NULL, NULL, 0); }

// Returns 0 when the word has become other than zero within the time (none: for ever).
static int futex_wait(int* word, const struct timespec* limit) {
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
    if (syscall(SYS_futex, word, FUTEX_WAIT, 0, limit, NULL, 0) < 0 && errno == ETIMEDOUT)
      return -1;
  return 0;
}

void on_signal(int number, siginfo_t* info, void* context) {
  (void)context;
  int code = errno;
  int room = (int)sizeof box->signals - box->signals_length;
  int n =
      snprintf(box->signals + box->signals_length, (size_t)room,
               "\na%d got %d code=%d pid=%d si_uid=%d status=%d", my_slot, number, info->si_code,
               info->si_pid, (int)info->si_uid, number == SIGCHLD ? info->si_status : 0);
  box->signals_length += n < room ? n : room - 1;
  errno = code;
}

// A robust futex that is never given back: whatever kills the actor, the kernel says so at once,
// see set_robust_list(2).
static void stand_at_post(int me) {
  static struct {
    struct robust_list_head head;
    struct robust_list entry;
  } posts[ACTORS];
  struct robust_list_head* head = &posts[me].head;
  head->list.next = &posts[me].entry;
  posts[me].entry.next = &head->list;
  head->futex_offset = (char*)&box->holder[me] - (char*)&posts[me].entry;
  head->list_op_pending = NULL;
  box->holder[me] = (int)syscall(SYS_gettid);
  syscall(SYS_set_robust_list, head, sizeof *head);
}

static int is_dead(int actor) {
  return (__atomic_load_n(&box->holder[actor], __ATOMIC_ACQUIRE) & FUTEX_OWNER_DIED) != 0;
}

static void act(int me) {
  stand_at_post(me);
  __atomic_store_n(&box->present[me], 1, __ATOMIC_RELEASE);
  futex_wake(&box->present[me]);
  for (;;) {
    futex_wait(&box->turn[me], NULL);
    const int turn = my_step = __atomic_exchange_n(&box->turn[me], 0, __ATOMIC_ACQUIRE);
    if (turn == 0) continue;
    const struct step* step = all_steps + turn - 1;
    step->run(me, step->v);
    if (turn != box->step) continue;
    int leave = box->leave;
    box->leave = 0;
    __atomic_store_n(&box->done, 1, __ATOMIC_RELEASE);
    futex_wake(&box->done);
    if (leave) syscall(SYS_exit, leave - 1);
  }
}

static int act_as_thread(void* slot) {
  act((int)(long)slot);
  return 0;
}

void spawn(int slot, unsigned long flags, int exit_signal) {
  if (box->present[slot]) {
    say("taken");
    return;
  }
  long pid;
  if (flags & CLONE_VM) {
    pid = clone(act_as_thread, stacks[slot] + sizeof stacks[slot], (int)flags | exit_signal,
                (void*)(long)slot);
  } else {
    struct clone_args args = {.flags = flags, .exit_signal = (unsigned)exit_signal};
    pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
      my_slot = slot;
      act(slot);
    }
  }
  if (pid > 0) box->pid[slot] = (int)pid;
  number(pid);
  // It must be at its post before the next step.
  struct timespec limit = {1, 0};
  if (pid > 0) futex_wait(&box->present[slot], &limit);
}

void turn_into_user(void) {
  if (syscall(SYS_setresgid, 1000, 1000, 1000) == 0)
    check(syscall(SYS_setresuid, 1000, 1000, 1000));
}

int work_in_child(long pid, op_fn* work, int me, const struct value* v, int* status) {
  if (pid == 0) {
    work(me, v);
    _exit(0);
  }
  if (pid > 0) syscall(SYS_wait4, pid, status, __WALL, NULL);
  return (int)pid;
}

static void nap(long nanoseconds) {
  struct timespec pause = {0, nanoseconds};
  nanosleep(&pause, NULL);
}

// On a tmpfs of our own, see own_mounts().
#define SANDBOX "/tmp/sandbox"
#define CGROUP "/tmp/cgroup"

// A small tree of directories on a tmpfs of its own, with /proc and /cgroup.
static int build_root(void) {
  if (mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0) return -1;
  if (mount("sandbox", SANDBOX, "tmpfs", 0, "mode=755") < 0 || chdir(SANDBOX) < 0) return -1;
  static const char* const names[] = {"proc", "cgroup", "tmp", "a",   "a/x",
                                      "b",    "b/x",    "c",   "c/x", "d"};
  umask(0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (mkdir(names[i], i == 2 ? 01777 : 0755) < 0) return -1;
  close(open("f", O_CREAT | O_WRONLY, 0666));
  if (mount("proc", "proc", "proc", 0, NULL) < 0) return -1;
  (void)!mount("cgroup2", "cgroup", "cgroup2", 0, NULL);
  if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0) return -1;
  return chdir("/");
}

static void set_loopback_up(void) {
  struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  (void)ioctl(fd, SIOCSIFFLAGS, &lo);
  close(fd);
}

static void first_actor(int user) {
  // Its own session: a signal to group 0 must not reach us.
  setsid();
  // Only then is it mapped, and in the cgroup that shall be the root of its namespace.
  futex_wait(&box->go, NULL);
  if (user && (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0))
    _exit(3);
  // Not before: another uid clears it.
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (unshare(CLONE_NEWCGROUP) < 0 && errno != EINVAL) _exit(4);
  // A session keyring of its own: keys must not outlive a sequence.
  syscall(SYS_keyctl, 1 /* join session keyring */, NULL);
  sethostname("sandbox", 7);
  set_loopback_up();
  if (build_root() < 0) {
    box->failed = errno;
    _exit(5);
  }
  box->pid[0] = 1;
  act(0);
}

static void write_number(const char* path, int pid) {
  char text[16];
  snprintf(text, sizeof text, "%d", pid);
  (void)!put(path, text);
}

// Removes a cgroup and all below it, whatever has made them; a cgroup is emptied in its own time.
static void remove_cgroups(const char* path) {
  DIR* folder = opendir(path);
  for (struct dirent* entry; folder && (entry = readdir(folder));) {
    char below[PATH_MAX];
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
    remove_cgroups(below);
  }
  if (folder) closedir(folder);
  for (int tries = 0; rmdir(path) < 0 && errno == EBUSY && tries < 50; tries++) nap(2000000);
}

static int cgroups_writable(void) { return access(CGROUP, W_OK) == 0; }
static int cgroups_were_writable;

// There is one hierarchy, however often it is mounted: a sequence may have made all of it
// read-only.
static void restore_cgroups(void) {
  if (cgroups_were_writable && !cgroups_writable())
    (void)!mount(NULL, CGROUP, NULL, MS_REMOUNT, NULL);
}

// Files that are global on some kernel: what a sequence wrote must not reach the next.
static const char* const kGlobal[] = {
    "/proc/sys/kernel/pid_max",           "/proc/sys/user/max_cgroup_namespaces",
    "/proc/sys/user/max_ipc_namespaces",  "/proc/sys/user/max_mnt_namespaces",
    "/proc/sys/user/max_net_namespaces",  "/proc/sys/user/max_pid_namespaces",
    "/proc/sys/user/max_time_namespaces", "/proc/sys/user/max_user_namespaces",
    "/proc/sys/user/max_uts_namespaces"};
enum { GLOBALS = sizeof kGlobal / sizeof *kGlobal };
static char global[GLOBALS][24];

int is_initial(const char* path, const char* text) {
  for (int i = 0; i < GLOBALS; i++)
    if (strcmp(path, kGlobal[i]) == 0) return strcmp(text, global[i]) == 0;
  return 0;
}

static void each_global(int restore) {
  for (int i = 0; i < GLOBALS; i++) {
    const char* now = slurp(kGlobal[i]);
    if (restore && strcmp(now, global[i]) != 0) (void)!put(kGlobal[i], global[i]);
    if (!restore) snprintf(global[i], sizeof global[i], "%.23s", now);
  }
}

// An initramfs cannot be left by pivot_root(2): move to a file system that can.
static int leave_initramfs(void) {
  static const char* const made[] = {"proc", "tmp"};
  if (!strstr(slurp("/proc/self/mountinfo"), " - rootfs ")) return 0;
  mkdir("/tmp/root", 0755);
  if (mount("root", "/tmp/root", "tmpfs", 0, "mode=755") < 0 || chdir("/tmp/root") < 0) return -1;
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) mkdir(made[i], 0755);
  if (mount("proc", "proc", "proc", 0, NULL) < 0) return -1;
  if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0) return -1;
  return chdir("/");
}

// Where the hierarchy of cgroups is mounted, which differs from host to host.
static const char* cgroup_mount(void) {
  static char point[256];
  const char* line = slurp("/proc/self/mountinfo");
  for (; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    const char* type = strstr(line, " - ");
    if (type && strncmp(type, " - cgroup2 ", 11) == 0 &&
        sscanf(line, "%*s %*s %*s %*s %255s", point) == 1)
      return point;
  }
  return NULL;
}

// Mounts that go when we do, so that nothing is left where this runs.
static int own_mounts(void) {
  if (unshare(CLONE_NEWNS) < 0 || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0) return -1;
  // A second mount of the hierarchy would change the options of the first: a copy does not.
  const char* mounted = cgroup_mount();
  int cgroups = mounted ? (int)syscall(SYS_open_tree, AT_FDCWD, mounted, 1 | O_CLOEXEC) : -1;
  if (mount("work", "/tmp", "tmpfs", 0, "mode=755") < 0) return -1;
  if (mkdir(SANDBOX, 0755) < 0 || mkdir(CGROUP, 0755) < 0) return -1;
  if (cgroups < 0)
    (void)!mount("cgroup2", CGROUP, "cgroup2", 0, NULL);
  else
    (void)!syscall(SYS_move_mount, cgroups, "", AT_FDCWD, CGROUP, 4 /* empty path */);
  close(cgroups);
  return 0;
}

int prepare(long settle) {
  settling = settle;
  box = mmap(NULL, sizeof *box, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (box == MAP_FAILED || leave_initramfs() < 0 || own_mounts() < 0) return -1;
  // How long a machine is up is a hidden input of much code. Half a unit more than a whole number
  // of those that are told, so that none ends while sequences run.
  if (unshare(CLONE_NEWTIME) == 0) {
    (void)!put("/proc/self/timens_offsets", "monotonic 10025000 0\nboottime 10025000 0\n");
  }
  each_global(0);
  cgroups_were_writable = cgroups_writable();
  return 0;
}

static int start(int user, char* cgroup) {
  unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
                        (user ? CLONE_NEWUSER : 0);
  struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
  int pid = (int)syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) first_actor(user);
  if (pid < 0) return -1;
  char path[160];
  if (user) {
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    (void)!put(path, "0 0 65536\n");
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
    (void)!put(path, "0 0 65536\n");
  }
  // Others may do the same, also in another PID namespace.
  snprintf(cgroup, 64, CGROUP "/nsvet-XXXXXX");
  if (mkdtemp(cgroup)) chmod(cgroup, 0755);
  snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
  write_number(path, pid);
  __atomic_store_n(&box->go, 1, __ATOMIC_RELEASE);
  futex_wake(&box->go);
  return pid;
}

// Whether the actor has answered. It may have been killed or stopped.
static int answered(int actor) {
  struct timespec slice = {0, 20000000};
  for (int i = 0; i < 50 && !is_dead(actor); i++)
    if (futex_wait(&box->done, &slice) == 0) return 1;
  // It may have died after it answered.
  return __atomic_load_n(&box->done, __ATOMIC_ACQUIRE) != 0;
}

static void one_step(const struct step* step, int index, int* gone, struct answer* answer) {
  answer->text = box->text + box->length;
  answer->failed = 1;
  box->failed = box->done = box->leave = box->signals_length = 0;
  box->step = my_step = index + 1;
  if (!box->present[step->actor] || gone[step->actor]) {
    say("-");
  } else {
    box->turn[step->actor] = index + 1;
    futex_wake(&box->turn[step->actor]);
    gone[step->actor] = !answered(step->actor);
    box->turn[step->actor] = 0;
    if (gone[step->actor])
      say("no answer");
    else
      answer->failed = box->failed;
    // What the step set off goes on until all is idle.
    nap(settling);
    box->signals[box->signals_length] = 0;
    say("%s", box->signals);
  }
  box->text[box->length++] = 0;
}

int run_steps(const struct step* steps, int count, int user, struct answer* answers) {
  int gone[ACTORS] = {0};
  char cgroup[64];
  all_steps = steps;
  memset(box, 0, offsetof(struct box, label));
  memset(fds, 0, sizeof fds);
  int pid = start(user, cgroup);
  if (pid < 0) return -1;
  struct timespec limit = {5, 0};
  int result = futex_wait(&box->present[0], &limit);
  if (result == 0) {
    box->length = 0;
    for (int i = 0; i < count; i++) one_step(steps + i, i, gone, answers + i);
    result = count;
  }
  int code = box->failed;
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {
  }
  restore_cgroups();
  remove_cgroups(cgroup);
  each_global(1);
  nap(settling);
  if (result < 0) errno = code ? code : ETIMEDOUT;
  return result;
}
