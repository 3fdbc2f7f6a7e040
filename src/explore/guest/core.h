// What an operation is written with. Plain C, because the reproducer of a finding is made of these
// very files: what ran is what one can read, build and run elsewhere.
#ifndef NSVET_EXPLORE_CORE_H
#define NSVET_EXPLORE_CORE_H
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "step.h"

enum { SLOTS = 8, TEXT = 1 << 18, LABELS = 1024 };
enum kind { NSFD, PIDFD, TREEFD, SOCKFD, MQFD, FILEFD, KINDS };

// What all actors share, whatever namespaces they are in.
struct box {
  int go;               // Futex: the sandbox may be built.
  int turn[ACTORS];     // Futex: the step that the actor is to do, plus one.
  int done;             // Futex: whether it has done it.
  int present[ACTORS];  // The actor has started.
  int holder[ACTORS];   // Its TID; the kernel marks it when the actor is dead, see stand_at_post().
  int pid[ACTORS];      // Its PID, as whoever made it sees it.
  int step;             // The step that goes on: who was stopped in an earlier one is not heard.
  int leave;            // The actor exits when it has answered: the code, plus one.
  int failed;           // The operation did not succeed.
  int length, signals_length, labels;
  struct {
    char kind;
    unsigned long long value;
  } label[LABELS];
  char signals[4096];
  char text[TEXT];
};
extern struct box* box;

// Descriptors by kind and slot; an actor inherits its maker's.
extern int fds[KINDS][SLOTS];

// What operations share; a reproducer may need none of it.
#define HELPER static __attribute__((unused))
#define OP(name) void op_##name(int me, const struct value* v)

// Adds to the answer.
__attribute__((format(printf, 1, 2))) void say(const char* format, ...);
// "0" or the errno's name. Returns whether it succeeded.
int check(long result);
// The number itself or the errno's name.
long number(long result);
// Numbers that differ from boot to boot, by order of appearance: "m0", "m1"...
const char* label(char kind, unsigned long long value);
// " WHAT=" and as above: one of several that an operation asks. Returns whether it succeeded.
int say_tried(const char* what, long result);
// Keeps a descriptor in its slot.
int keep(enum kind kind, const struct value* slot, int fd);
int held(enum kind kind, const struct value* slot);
// The PID of the actor that the argument names; other numbers stand for themselves.
int pid_of(const struct value* target);
// The whole file in a static buffer, or "" with errno; one read(2).
const char* slurp(const char* path);
int put(const char* path, const char* text);
// Whether a global file's text is what it was before all sequences: that depends on the memory.
int is_initial(const char* path, const char* text);
// What comes after fork(2) or clone(2), which returned `pid`: the child does the work and ends, its
// maker waits for that. Returns `pid`, with the child's wait status where one is asked for.
int work_in_child(long pid, op_fn* work, int me, const struct value* v, int* status);
// An ordinary user without a capability: for children.
void turn_into_user(void);
// Starts the actor `slot`.
void spawn(int slot, unsigned long flags, int exit_signal);
// Prints one line's value out of a file of "Key:\tvalue" lines.
void say_field(const char* text, const char* key);
void on_signal(int number, siginfo_t* info, void* context);

#endif
