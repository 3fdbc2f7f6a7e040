// A sequence as it is run, and how to run it.
#ifndef NSVET_EXPLORE_STEP_H
#define NSVET_EXPLORE_STEP_H
#ifdef __cplusplus
extern "C" {
#endif

enum { ACTORS = 6, STEPS = 64 };

// An argument: a number, and the word that stands for it in a sequence.
struct value {
  long n;
  const char* s;
};
typedef void op_fn(int me, const struct value* v);
struct step {
  int actor;
  op_fn* run;
  struct value v[4];
};
struct answer {
  const char* text;
  int failed;
};

// Once, before any sequence. `settle`: how long to wait after each step until what it set off is
// over, in nanoseconds. Returns 0, or -1 with errno.
int prepare(long settle);
// Runs the steps in a sandbox of its own. `user`: in a user namespace, where root is root of the
// sandbox only. Returns the number of answers, or -1 with errno when there could be no sandbox.
int run_steps(const struct step* steps, int count, int user, struct answer* answers);

#ifdef __cplusplus
}
#endif
#endif
