// Domains that operations of several files draw their arguments from.
#ifndef NSVET_EXPLORE_DOMAINS_H
#define NSVET_EXPLORE_DOMAINS_H
#include <linux/sched.h>

#include "table.h"

#define SHARED_DOMAIN static const struct domain __attribute__((unused))
#define EVERY_TYPE "cgroup ipc mnt net pid time user uts"

SHARED_DOMAIN kPath = {
    "path", 0,
    WORDS({"/a", 0}, {"/b", 1}, {"/c", 2}, {"/a/x", 3}, {"/b/x", 4}, {"/c/x", 5}, {"/d", 6})};
SHARED_DOMAIN kMount = {
    "mount", 0,
    WORDS({"/a", 0}, {"/b", 1}, {"/c", 2}, {"/a/x", 3}, {"/b/x", 4}, {"/c/x", 5}, {"/d", 6})};
SHARED_DOMAIN kFile = {
    "file", 0,
    WORDS({"/f", 0}, {"/a/f", 1}, {"/b/f", 2}, {"/a/x/f", 3}, {"/tmp/f", 4}, {"/c/f", 5})};
SHARED_DOMAIN kNsFd = {"nsfd", 1, WORDS({"n0", 0}, {"n1", 1}, {"n2", 2})};
// Of one type, where only that will do.
SHARED_DOMAIN kUserNsFd = {"usernsfd", 1, WORDS({"user0", 3}, {"user1", 4})};
SHARED_DOMAIN kPidNsFd = {"pidnsfd", 1, WORDS({"pid", 5})};
SHARED_DOMAIN kMntNsFd = {"mntnsfd", 1, WORDS({"mnt", 6})};
SHARED_DOMAIN kNetNsFd = {"netnsfd", 1, WORDS({"net", 7})};
SHARED_DOMAIN kPidFd = {"pidfd", 1, WORDS({"p0", 0}, {"p1", 1}, {"p2", 2})};
SHARED_DOMAIN kTreeFd = {"treefd", 1, WORDS({"t0", 0}, {"t1", 1}, {"t2", 2})};
SHARED_DOMAIN kOpenFile = {"open", 1, WORDS({"o0", 0}, {"o1", 1}, {"o2", 2})};
SHARED_DOMAIN kId = {"id", 0,
                     WORDS({"0", 0}, {"1000", 1000}, {"1", 1}, {"65534", 65534}, {"70000", 70000})};
SHARED_DOMAIN kSignal = {"signal", 0,
                         WORDS({"USR1", 10}, {"TERM", 15}, {"USR2", 12}, {"CHLD", 17}, {"STOP", 19},
                               {"CONT", 18}, {"KILL", 9}, {"0", 0}, {"RT2", 36}, {"bad", 65})};
// Whom a signal or a question goes to.
SHARED_DOMAIN kTarget = {"target", 0,
                         WORDS({"a0", 0}, {"a1", 1}, {"a2", 2}, {"a3", 3}, {"a4", 4}, {"a5", 5},
                               {"self", 0}, {"nobody", 9999}, {"group", 0}, {"all", -1})};
#endif
