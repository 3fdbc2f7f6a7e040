/* The same calls as the benchmarks unshare/TYPE, clone3/TYPE and setns/TYPE, timed by nothing but a
 * loop: what the suite itself adds must not show. It takes the place of a benchmark program beside
 * the suite's, with ids that end in ".bare": the harness runs both in turns, on the same kernel in
 * the same state. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

static const struct {
  const char* name;
  unsigned long flag;
} types[] = {{"none", 0},
             {"cgroup", CLONE_NEWCGROUP},
             {"ipc", CLONE_NEWIPC},
             {"mnt", CLONE_NEWNS},
             {"net", CLONE_NEWNET},
             {"pid", CLONE_NEWPID},
             {"time", CLONE_NEWTIME},
             {"user", CLONE_NEWUSER},
             {"uts", CLONE_NEWUTS}};

enum call { unshare_call, clone3_call, setns_call };
static const char* const calls[] = {"unshare", "clone3", "setns"};
static enum call call;
static unsigned long flag;
static int target = -1;
static int guest; /* Under -icount shift=0, where the TSC counts instructions. */
static int events = STDOUT_FILENO;
static long result; /* Negative: the call failed. */

static long now(void) {
  struct timespec t;
  if (guest) return (long)__rdtsc();
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long coarse(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME_COARSE, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static int body(void* unused) {
  struct clone_args args = {.flags = flag, .exit_signal = SIGCHLD};
  const long tick = guest ? coarse() : 0;
  const long begin = now();
  long done;
  (void)unused;
  if (call == unshare_call)
    done = syscall(SYS_unshare, flag);
  else if (call == setns_call)
    done = syscall(SYS_setns, target, flag);
  else if ((done = syscall(SYS_clone3, &args, sizeof args)) == 0)
    _exit(0);
  const long end = now();
  result = done < 0 ? -1 : end - begin;
  if (guest && coarse() != tick) result = 0; /* A timer tick: to be taken again. */
  while (waitpid(-1, NULL, __WALL) > 0) {
  }
  return 0;
}

static long sample(void) {
  static char stack[65536] __attribute__((aligned(16)));
  const struct timespec pause = {0, guest ? 25000000 : 2000000};
  for (int tries = 0; tries < 4; ++tries) {
    int fd[2];
    pid_t pid;
    nanosleep(&pause, NULL);
    if (call == setns_call && (flag & (CLONE_NEWTIME | CLONE_NEWUSER))) {
      /* These may not be joined by a process that shares memory, or should not be. */
      if (pipe(fd) != 0) return -1;
      if ((pid = fork()) == 0) {
        syscall(SYS_getppid); /* A forked child has none of its pages of code mapped. */
        now();
        body(NULL);
        _exit(write(fd[1], &result, sizeof result) < 0);
      }
      if (read(fd[0], &result, sizeof result) < 0) return -1;
      close(fd[0]);
      close(fd[1]);
    } else {
      pid = clone(body, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    }
    waitpid(pid, NULL, __WALL);
    if (result != 0) return result;
  }
  return 0;
}

static void emit(const char* line) {
  if (write(events, line, strlen(line)) < 0) exit(1);
}

static void take(const char* id, int count) {
  static char line[65536];
  char* end = line;
  for (int i = 0; i < 3; ++i) sample();
  end += sprintf(end, "{\"samples\":{\"id\":\"%s\",\"clock\":\"%s\",\"cold\":0,\"warm\":[", id,
                 guest ? "insn" : "wall");
  for (int i = 0; i < count; ++i) end += sprintf(end, i == 0 ? "%ld" : ",%ld", sample());
  strcpy(end, "],\"failed_calls\":0,\"skipped\":\"\",\"error\":\"\",\"bytes\":false}}\n");
  emit(line);
}

/* A process in a new namespace, which setns(2) is to join. */
static pid_t hold(unsigned long flags) {
  struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
  const long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  return (pid_t)pid;
}

static void list(const char* id) {
  char line[512];
  snprintf(line, sizeof line,
           "{\"listing\":{\"kind\":\"benchmark\",\"id\":\"%s\",\"title\":\"in a bare loop\","
           "\"rule\":\"\",\"source\":\"\",\"types\":[],\"needs\":[\"admin\"],\"since\":\"\","
           "\"full\":false}}\n",
           id);
  emit(line);
}

static void run(const char* id, const char* type, int count) {
  char path[64];
  pid_t holder = -1;
  if (call == setns_call) {
    holder = hold(flag);
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)holder, type);
    target = open(path, O_RDONLY | O_CLOEXEC);
  }
  take(id, count);
  if (holder > 0) {
    close(target);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
  }
}

/* Each id that stands in the list, or all of them are listed. */
static void each(const char* wanted, int count) {
  for (call = unshare_call; call <= setns_call; ++call) {
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
      char id[64];
      if (types[i].flag == 0 && call != clone3_call) continue;
      snprintf(id, sizeof id, "%s/%s.bare", calls[call], types[i].name);
      flag = types[i].flag;
      if (wanted == NULL) {
        list(id);
      } else if (strcmp(id, wanted) == 0) {
        run(id, types[i].name, count);
      }
    }
  }
}

int main(int argc, char** argv) {
  char id[64];
  int count = 7, lists = 0;
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "--list") == 0) lists = 1;
    if (i + 1 == argc) break;
    if (strcmp(argv[i], "--events") == 0) events = atoi(argv[i + 1]);
    if (strcmp(argv[i], "--samples") == 0) count = atoi(argv[i + 1]);
    if (strcmp(argv[i], "--clock") == 0) guest = strcmp(argv[i + 1], "insn") == 0;
  }
  if (count > 1000) return 2; /* More than a line holds. */
  if (lists) {
    each(NULL, 0);
    return 0;
  }
  /* In a process of its own, as the suite: how many live moves the search for per-CPU memory. */
  while (scanf("%63s", id) == 1) {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      each(id, count);
      _exit(0);
    }
    waitpid(pid, NULL, 0);
  }
  return 0;
}
