// The plainest program that times unshare(2), clone3(2) and setns(2): a loop with two clock
// readings, without a line of nsvet's. It answers as a benchmark program does, so that the harness
// runs it side by side with ours: bare/unshare/uts beside unshare/uts.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum { kWarmUp = 4, kMost = 100000 };

static const struct {
  const char* name;
  uint64_t flag;
} kTypes[] = {{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC},   {"mnt", CLONE_NEWNS},
              {"net", CLONE_NEWNET},       {"pid", CLONE_NEWPID},   {"time", CLONE_NEWTIME},
              {"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS}};
static const char* const kCalls[] = {"unshare", "clone3", "setns"};
enum { kTypeCount = sizeof kTypes / sizeof kTypes[0], kCallCount = 3 };

struct sample {
  int64_t cost;
  int failed;
};

static int insn;      // Which clock.
static int warm = 11;  // Samples.
static FILE* events;

static int64_t now(void) {
  if (insn) return (int64_t)__rdtsc();
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC_RAW, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static long call(int which, uint64_t flag, int target) {
  if (which == 0) return syscall(SYS_unshare, flag);
  if (which == 2) return syscall(SYS_setns, target, (int)flag);
  struct clone_args args = {.flags = flag, .exit_signal = SIGCHLD};
  const long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) _exit(0);
  return pid;
}

// A process that stays in a new namespace, and a descriptor of that.
static int hold(int type, pid_t* holder) {
  struct clone_args args = {.flags = kTypes[type].flag, .exit_signal = SIGCHLD};
  *holder = (pid_t)syscall(SYS_clone3, &args, sizeof args);
  if (*holder == 0) {
    for (;;) pause();
  }
  if (*holder < 0) return -1;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", *holder, kTypes[type].name);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static struct sample take(int which, int type, int target, struct sample* shared) {
  const struct timespec quiet = {.tv_nsec = insn ? 50000000 : 2000000};
  nanosleep(&quiet, NULL);
  fflush(events);
  const pid_t child = fork();
  if (child == 0) {
    // Twice, for the first one touches what the second one shall not fault on.
    struct sample s = {0, 0};
    for (int i = 0; i < 2; ++i) {
      const int64_t begin = now();
      const long result = i == 0 ? syscall(SYS_getppid) : call(which, kTypes[type].flag, target);
      s = (struct sample){now() - begin, result < 0 ? errno : 0};
    }
    *shared = s;
    while (waitpid(-1, NULL, 0) > 0) {
    }
    _exit(0);
  }
  waitpid(child, NULL, 0);
  return *shared;
}

static void run(int which, int type) {
  char id[64];
  snprintf(id, sizeof id, "bare/%s/%s", kCalls[which], kTypes[type].name);
  fprintf(events, "{\"start\":\"%s\"}\n", id);
  static struct sample* shared;
  if (shared == NULL) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  pid_t holder = -1;
  const int target = which == 2 ? hold(type, &holder) : -1;
  int64_t cold = 0;
  int failed = 0;
  static int64_t costs[kMost];
  for (int i = -kWarmUp; i < warm; ++i) {
    const struct sample s = take(which, type, target, shared);
    if (s.failed != 0) failed = s.failed;
    if (i == -kWarmUp) cold = s.cost;
    if (i >= 0) costs[i] = s.cost;
  }
  if (holder > 0) {
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    close(target);
  }
  fprintf(events, "{\"samples\":{\"id\":\"%s\",\"clock\":\"%s\",\"cold\":%lld,\"warm\":[", id,
          insn ? "insn" : "wall", (long long)cold);
  for (int i = 0; i < warm && failed == 0; ++i) {
    fprintf(events, "%s%lld", i == 0 ? "" : ",", (long long)costs[i]);
  }
  fprintf(events, "],\"failed_calls\":0,\"skipped\":\"\",\"error\":\"%s\",\"bytes\":false}}\n",
          failed == 0 ? "" : strerror(failed));
  fflush(events);
}

static void each(void (*what)(int, int), const char* only) {
  for (int which = 0; which < kCallCount; ++which) {
    for (int type = 0; type < kTypeCount; ++type) {
      char id[64];
      snprintf(id, sizeof id, "bare/%s/%s", kCalls[which], kTypes[type].name);
      if (only == NULL || strcmp(only, id) == 0) what(which, type);
    }
  }
}

static void list(int which, int type) {
  fprintf(events,
          "{\"listing\":{\"kind\":\"benchmark\",\"id\":\"bare/%s/%s\",\"title\":\"%s(%s) in a bare "
          "loop\",\"rule\":\"one call\",\"source\":\"%s(2)\",\"types\":[\"%s\"],\"needs\":[],"
          "\"since\":\"\",\"full\":false}}\n",
          kCalls[which], kTypes[type].name, kCalls[which], kTypes[type].name, kCalls[which],
          kTypes[type].name);
}

int main(int argc, char** argv) {
  int listing = 0;
  events = stdout;
  for (int i = 1; i < argc; ++i) {
    const char* const value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--list") == 0) listing = 1;
    if (strcmp(argv[i], "--clock") == 0) insn = strcmp(value, "insn") == 0;
    if (strcmp(argv[i], "--samples") == 0) warm = atoi(value);
    if (strcmp(argv[i], "--events") == 0) events = fdopen(atoi(value), "w");
  }
  if (events == NULL || warm < 1 || warm > kMost) return 2;
  if (listing) {
    each(list, NULL);
    return fflush(events);
  }
  char id[64];
  while (fgets(id, sizeof id, stdin) != NULL) {
    id[strcspn(id, "\n")] = '\0';
    each(run, id);
  }
  return 0;
}
