// The table of operations: what a sequence may be drawn from.
#ifndef NSVET_EXPLORE_TABLE_H
#define NSVET_EXPLORE_TABLE_H
#include "step.h"
#ifdef __cplusplus
extern "C" {
#endif

// How an operation uses what an argument names.
enum role {
  PLAIN,  // A mere value.
  NEED,   // Works only when an earlier step has made it.
  GIVE,   // Makes it.
  TAKE    // Needs it, and it is gone afterwards.
};
struct word {
  const char* name;
  long n;
};
struct domain {
  const char* name;
  int per_actor;  // Only its maker, and whom that makes afterwards, has it: a descriptor.
  const struct word* words;
  int count;
};
struct param {
  const struct domain* domain;
  enum role role;
};
enum { FAILS = 1, ENDS = 2, DIVIDES = 4 };
struct op {
  const char* name;
  const char* manual;  // The page that documents it.
  const char* types;   // The namespace types that it touches.
  op_fn* run;
  const char* function;  // Its name, behind "op_".
  struct param params[4];
  int flags;  // FAILS: meant to. ENDS: its actor. DIVIDES: its actor is elsewhere afterwards.
};
struct group {
  const char* file;  // The source file, which is part of a reproducer.
  const struct op* ops;
  const int* count;
};
extern const struct domain kActorDomain;
// Actors in a user namespace whose maps nobody has written yet.
extern const struct domain kUnmappedDomain;
extern const struct group kGroups[];
extern const int kGroupCount;

#define WORDS(...)                    \
  (const struct word[]){__VA_ARGS__}, \
      (int)(sizeof((const struct word[]){__VA_ARGS__}) / sizeof(struct word))
#define RUN(name) op_##name, #name
#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

#ifdef __cplusplus
}
#endif
#endif
