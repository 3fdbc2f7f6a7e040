/* The same calls as the benchmarks unshare/TYPE, clone3/TYPE and setns/TYPE, timed by nothing but a
 * loop: what the suite itself adds must not show. As PID 1 it counts instructions and writes to the
 * port of events; elsewhere it takes nanoseconds. Arguments: samples, and the call to time.
 * Prints "CALL/TYPE MEDIAN" a line. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

static const struct {
  const char* name;
  unsigned long flag;
} types[] = {{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"mnt", CLONE_NEWNS},
             {"net", CLONE_NEWNET},       {"pid", CLONE_NEWPID}, {"time", CLONE_NEWTIME},
             {"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS}};

enum call { unshare_call, clone3_call, setns_call };
static const char* const calls[] = {"unshare", "clone3", "setns"};
static enum call call;
static unsigned long flag;
static int target = -1;
static int guest;
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
  const long tick = coarse();
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
  const struct timespec pause = {0, guest ? 50000000 : 2000000};
  for (int tries = 0; tries < 4; ++tries) {
    int fd[2];
    pid_t pid;
    nanosleep(&pause, NULL);
    if (call == setns_call && (flag & (CLONE_NEWTIME | CLONE_NEWUSER))) {
      /* These may not be joined by a process that shares memory, or should not be. */
      if (pipe(fd) != 0) return -1;
      if ((pid = fork()) == 0) {
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

static int by_value(const void* a, const void* b) {
  const long x = *(const long*)a, y = *(const long*)b;
  return (x > y) - (x < y);
}

static void say(const char* line) {
  if (guest) {
    __asm__ volatile("" ::: "memory"); /* glibc's outsb() does not tell that it reads memory. */
    outsb(0xe9, line, strlen(line));
  } else {
    fputs(line, stdout);
  }
}

static void take(const char* name, int count) {
  long* costs = calloc((size_t)count, sizeof *costs);
  char line[64];
  for (int i = 0; i < 3; ++i) sample();
  for (int i = 0; i < count; ++i) costs[i] = sample();
  qsort(costs, (size_t)count, sizeof *costs, by_value);
  snprintf(line, sizeof line, "%s/%s %ld\n", calls[call], name, costs[(count - 1) / 2]);
  say(line);
  free(costs);
}

static void put(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd >= 0 && write(fd, text, strlen(text)) < 0) perror(path);
  close(fd);
}

/* Without it a random number costs a hash of all that was gathered, here and not in the suite's
 * guest. */
static void initialise_random(void) {
  struct {
    int bits, bytes;
    unsigned words[16];
  } pool = {512, 64, {0}};
  const int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);
  for (unsigned i = 0; i < 16; ++i) pool.words[i] = i * 0x9e3779b9U;
  if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0) perror("/dev/random");
  close(fd);
}

/* A process in a new namespace, which setns(2) is to join. */
static pid_t hold(unsigned long flags) {
  struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
  const long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0)
    for (;;) pause();
  return (pid_t)pid;
}

static void take_all(const char* only, int count) {
  for (call = unshare_call; call <= setns_call; ++call) {
    if (only != NULL && strcmp(only, calls[call]) != 0) continue;
    if (call == clone3_call) {
      flag = 0;
      take("none", count);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; ++i) {
      char path[64];
      pid_t holder = -1;
      flag = types[i].flag;
      if (call == setns_call) {
        holder = hold(flag);
        snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)holder, types[i].name);
        target = open(path, O_RDONLY | O_CLOEXEC);
      }
      take(types[i].name, count);
      if (holder > 0) {
        close(target);
        kill(holder, SIGKILL);
        waitpid(holder, NULL, 0);
      }
    }
  }
}

int main(int argc, char** argv) {
  guest = getpid() == 1; /* The kernel gives init words of its command line. */
  const int count = argc > 1 && !guest ? atoi(argv[1]) : 7;
  if (guest) {
    const struct sched_param lowest = {1};
    mount("proc", "/proc", "proc", MS_NOSUID, NULL);
    mount("sysfs", "/sys", "sysfs", MS_NOSUID, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, NULL);
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID, NULL);
    mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID, NULL);
    put("/proc/sys/vm/percpu_pagelist_high_fraction", "8");
    put("/proc/sys/vm/drop_caches", "3");
    initialise_random();
    if (ioperm(0xe9, 1, 1) != 0) return 1;
    const pid_t pid = fork();
    if (pid == 0) {
      sched_setscheduler(0, SCHED_FIFO, &lowest);
      take_all(NULL, count);
      _exit(0);
    }
    waitpid(pid, NULL, 0);
    say("end\n");
    reboot(RB_AUTOBOOT);
  }
  take_all(argc > 2 ? argv[2] : NULL, count);
  return 0;
}
