#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/utsname.h>

#include "core.h"

HELPER void say_perm(const struct ipc_perm* perm) {
  say(" mode=%o uid=%u gid=%u cuid=%u cgid=%u", perm->mode, perm->uid, perm->gid, perm->cuid,
      perm->cgid);
}

OP(sethostname) { check(syscall(SYS_sethostname, v[0].s, v[0].n)); }
OP(sethostname_nowhere) { check(syscall(SYS_sethostname, (void*)8, 5)); }
OP(setdomainname) { check(syscall(SYS_setdomainname, v[0].s, v[0].n)); }
OP(uname) {
  struct utsname names;
  if (check(uname(&names))) say(" %s %s", names.nodename, names.domainname);
}

OP(msgget) { number(msgget((key_t)v[0].n, (int)v[1].n)); }
OP(msgsnd) {
  static struct {
    long type;
    char text[16384];
  } message = {.text = "hello"};
  int id = msgget((key_t)v[0].n, 0);
  message.type = v[1].n;
  check(id < 0 ? -1 : msgsnd(id, &message, (size_t)v[2].n, IPC_NOWAIT));
}
OP(msgrcv) {
  struct {
    long type;
    char text[128];
  } message = {.type = 0};
  int id = msgget((key_t)v[0].n, 0);
  if (number(id < 0 ? -1
                    : msgrcv(id, &message, sizeof message.text, v[1].n,
                             IPC_NOWAIT | (int)v[2].n)) >= 0)
    say(" type=%ld", message.type);
}
OP(msg_stat) {
  struct msqid_ds ds = {0};
  int id = msgget((key_t)v[0].n, 0);
  if (!check(id < 0 ? -1 : msgctl(id, IPC_STAT, &ds))) return;
  say_perm(&ds.msg_perm);
  say(" qnum=%lu cbytes=%lu qbytes=%lu lspid=%d lrpid=%d", ds.msg_qnum, ds.__msg_cbytes,
      ds.msg_qbytes, ds.msg_lspid, ds.msg_lrpid);
}
OP(msg_set) {
  struct msqid_ds ds = {0};
  int id = msgget((key_t)v[0].n, 0);
  if (id < 0 || msgctl(id, IPC_STAT, &ds) < 0) {
    check(-1);
    return;
  }
  ds.msg_perm.uid = (uid_t)v[1].n;
  ds.msg_qbytes = (msglen_t)v[2].n;
  check(msgctl(id, IPC_SET, &ds));
}
OP(msg_remove) {
  int id = msgget((key_t)v[0].n, 0);
  check(id < 0 ? -1 : msgctl(id, IPC_RMID, NULL));
}
OP(ipc_info) {
  struct msginfo info;
  struct shminfo shm;
  struct shm_info used;
  number(msgctl(0, (int)MSG_INFO, (struct msqid_ds*)&info));
  say(" msgpool=%d msgmap=%d msgtql=%d msgmax=%d msgmnb=%d msgmni=%d shm=", info.msgpool,
      info.msgmap, info.msgtql, info.msgmax, info.msgmnb, info.msgmni);
  number(shmctl(0, IPC_INFO, (struct shmid_ds*)&shm));
  say(" shmmni=%lu", shm.shmmni);
  struct seminfo sem;
  if (semctl(0, 0, SEM_INFO, &sem) >= 0)
    say(" semsets=%d sems=%d semmni=%d", sem.semusz, sem.semaem, sem.semmni);
  if (shmctl(0, SHM_INFO, (struct shmid_ds*)&used) >= 0)
    say(" used_ids=%d shm_tot=%lu", used.used_ids, used.shm_tot);
}

// Room for no object more than one: of two, at least one is refused.
OP(sysv_limit) {
  char path[64];
  snprintf(path, sizeof path, "/proc/sys/kernel/%s", v[0].s);
  if (!check(put(path, v[0].n ? "1\n" : "100 200 30 1\n"))) return;
  for (int i = 0; i < 2; i++) {
    int id = v[0].n == 0   ? semget(IPC_PRIVATE, 1, 0600)
             : v[0].n == 1 ? msgget(IPC_PRIVATE, 0600)
                           : shmget(IPC_PRIVATE, 4096, 0600);
    say(" %s", id < 0 ? strerrorname_np(errno) : "0");
  }
}
// A second object, whose key nobody has.
OP(sysv_more) {
  say("msg=");
  check(msgget(0x6d09, IPC_CREAT | 0600) < 0 ? -1 : 0);
  say(" sem=");
  check(semget(0x6d09, 1, IPC_CREAT | 0600) < 0 ? -1 : 0);
  say(" shm=");
  check(shmget(0x6d09, 4096, IPC_CREAT | 0600) < 0 ? -1 : 0);
}
OP(semget) { number(semget((key_t)v[0].n, (int)v[1].n, (int)v[2].n)); }
OP(semtimedop) {
  struct sembuf todo = {(unsigned short)v[1].n, (short)v[2].n, SEM_UNDO};
  struct timespec limit = {0, 1000000};
  int id = semget((key_t)v[0].n, 0, 0);
  check(id < 0 ? -1 : syscall(SYS_semtimedop, id, &todo, 1, &limit));
}
OP(semop) {
  struct sembuf todo = {(unsigned short)v[1].n, (short)v[2].n, (short)(IPC_NOWAIT | v[3].n)};
  int id = semget((key_t)v[0].n, 0, 0);
  check(id < 0 ? -1 : semop(id, &todo, 1));
}
OP(sem_get) {
  int id = semget((key_t)v[0].n, 0, 0);
  number(id < 0 ? -1 : semctl(id, (int)v[1].n, (int)v[2].n));
}
OP(sem_set) {
  union {
    int value;
    void* other;
  } argument = {.value = (int)v[2].n};
  int id = semget((key_t)v[0].n, 0, 0);
  check(id < 0 ? -1 : semctl(id, (int)v[1].n, SETVAL, argument));
}
OP(sem_remove) {
  int id = semget((key_t)v[0].n, 0, 0);
  check(id < 0 ? -1 : semctl(id, 0, IPC_RMID));
}

OP(shmget) { number(shmget((key_t)v[0].n, (size_t)v[1].n, (int)v[2].n)); }
// Attaches, reads what is there and leaves its own mark.
OP(shm_mark) {
  int id = shmget((key_t)v[0].n, 0, 0);
  char* memory = id < 0 ? (void*)-1 : shmat(id, NULL, 0);
  if (!check(memory == (void*)-1 ? -1 : 0)) return;
  say(" found=%d", memory[0]);
  memory[0] = (char)v[1].n;
  shmdt(memory);
}
OP(shm_attach) {
  int id = shmget((key_t)v[0].n, 0, 0);
  check(id < 0 || shmat(id, NULL, (int)v[1].n) == (void*)-1 ? -1 : 0);
}
OP(shm_stat) {
  struct shmid_ds ds = {0};
  int id = shmget((key_t)v[0].n, 0, 0);
  if (!check(id < 0 ? -1 : shmctl(id, IPC_STAT, &ds))) return;
  say_perm(&ds.shm_perm);
  say(" size=%zu nattch=%lu cpid=%d lpid=%d", ds.shm_segsz, (unsigned long)ds.shm_nattch,
      ds.shm_cpid, ds.shm_lpid);
}
OP(shm_lock) {
  int id = shmget((key_t)v[0].n, 0, 0);
  check(id < 0 ? -1 : shmctl(id, (int)v[1].n, NULL));
}
OP(shm_remove) {
  int id = shmget((key_t)v[0].n, 0, 0);
  check(id < 0 ? -1 : shmctl(id, IPC_RMID, NULL));
}
// The times in the last columns are left out.
OP(proc_sysvipc) {
  char path[64];
  snprintf(path, sizeof path, "/proc/sysvipc/%s", v[0].s);
  const char* text = slurp(path);
  box->failed = !*text;
  for (const char* line = strchr(text, '\n'); line && line[1]; line = strchr(line, '\n')) {
    line += strspn(line, "\n ");
    say("|");
    for (int column = 0; column < 8 && *line != '\n'; column++) {
      size_t length = strcspn(line, " \n");
      say("%.*s ", (int)length, line);
      line += length;
      line += strspn(line, " ");
    }
  }
}

OP(mq_open) {
  struct mq_attr attributes = {.mq_maxmsg = v[3].n, .mq_msgsize = 64};
  keep(MQFD, v,
       (int)syscall(SYS_mq_open, v[1].s, O_RDWR | O_NONBLOCK | (int)v[2].n, 0600, &attributes));
}
// Without attributes, a queue takes those of its namespace.
OP(mq_default) {
  struct mq_attr now;
  int fd = (int)syscall(SYS_mq_open, "default", O_RDWR | O_CREAT | O_CLOEXEC, 0600, NULL);
  if (!check(fd)) return;
  if (syscall(SYS_mq_getsetattr, fd, NULL, &now) == 0)
    say(" maxmsg=%ld msgsize=%ld", now.mq_maxmsg, now.mq_msgsize);
  close(fd);
}
OP(mq_send) {
  check(syscall(SYS_mq_timedsend, held(MQFD, v), "hello", v[2].n, (unsigned)v[1].n, NULL));
}
OP(mq_receive) {
  char text[64];
  unsigned priority = 0;
  if (number(syscall(SYS_mq_timedreceive, held(MQFD, v), text, sizeof text, &priority, NULL)) >= 0)
    say(" priority=%u", priority);
}
OP(mq_getattr) {
  struct mq_attr now;
  if (check(syscall(SYS_mq_getsetattr, held(MQFD, v), NULL, &now)))
    say(" maxmsg=%ld curmsgs=%ld", now.mq_maxmsg, now.mq_curmsgs);
}
OP(mq_notify) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = (int)v[1].n};
  check(syscall(SYS_mq_notify, held(MQFD, v), &event));
}
OP(mq_unlink) { check(syscall(SYS_mq_unlink, v[0].s)); }

// What an ordinary user, to whom it does not belong, may do with it.
HELPER void use_sysv(int me, const struct value* v) {
  (void)me;
  static struct {
    long type;
    char text[8];
  } message = {1, "hello"};
  struct msqid_ds queue;
  struct shmid_ds memory;
  struct sembuf up = {0, 1, IPC_NOWAIT};
  int msg = msgget((key_t)v[0].n, 0), sem = semget((key_t)v[0].n, 0, 0);
  int shm = shmget((key_t)v[0].n, 0, 0);
  turn_into_user();
  if (msg >= 0) {
    say_tried("send", msgsnd(msg, &message, 5, IPC_NOWAIT));
    say_tried("msg_stat", msgctl(msg, IPC_STAT, &queue));
    say_tried("msg_rmid", msgctl(msg, IPC_RMID, NULL));
  }
  if (sem >= 0) {
    say_tried("semop", semop(sem, &up, 1));
    say_tried("setval", semctl(sem, 0, SETVAL, 1));
    say_tried("sem_rmid", semctl(sem, 0, IPC_RMID));
  }
  if (shm >= 0) {
    say_tried("attach", shmat(shm, NULL, 0) == (void*)-1 ? -1 : 0);
    say_tried("shm_stat", shmctl(shm, IPC_STAT, &memory));
    say_tried("lock", shmctl(shm, SHM_LOCK, NULL));
    say_tried("shm_rmid", shmctl(shm, IPC_RMID, NULL));
  }
}
OP(sysv_as_user) {
  if (work_in_child(syscall(SYS_fork), use_sysv, me, v, NULL) < 0) check(-1);
}
HELPER void use_mq(int me, const struct value* v) {
  (void)me;
  turn_into_user();
  say_tried("open", syscall(SYS_mq_open, v[0].s, O_RDONLY, 0, NULL));
  say_tried("unlink", syscall(SYS_mq_unlink, v[0].s));
}
OP(mq_as_user) {
  if (work_in_child(syscall(SYS_fork), use_mq, me, v, NULL) < 0) check(-1);
}
// What is removed while somebody is attached goes with the last of them.
// What does not fit, in an IPC namespace of its own with small limits.
HELPER void exceed_ipc_limits(int me, const struct value* v) {
  (void)me, (void)v;
  const struct {
    long type;
    char text[10];
  } message = {1, "123456789"};
  const struct rlimit none = {0, 0}, page = {4096, 4096};
  if (!check(unshare(CLONE_NEWIPC))) return;
  say_tried("msgmnb", put("/proc/sys/kernel/msgmnb", "16"));
  int queue = msgget(IPC_PRIVATE, 0600);
  for (int i = 0; i < 2; i++)
    say_tried("msgsnd", msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT));
  say_tried("queues_max", put("/proc/sys/fs/mqueue/queues_max", "1"));
  turn_into_user();
  int first = (int)syscall(SYS_mq_open, "first", O_CREAT | O_RDWR, 0600, NULL);
  say_tried("first", first);
  say_tried("second", syscall(SYS_mq_open, "second", O_CREAT | O_RDWR, 0600, NULL));
  say_tried("unlink", syscall(SYS_mq_unlink, "first"));
  close(first);
  setrlimit(RLIMIT_MSGQUEUE, &none);
  say_tried("bytes", syscall(SYS_mq_open, "third", O_CREAT | O_RDWR, 0600, NULL));
  setrlimit(RLIMIT_MEMLOCK, &page);
  int memory = shmget(IPC_PRIVATE, 8192, 0600);
  say_tried("lock", shmctl(memory, SHM_LOCK, NULL));
}
OP(ipc_limits) { number(work_in_child(syscall(SYS_fork), exceed_ipc_limits, me, v, NULL)); }
OP(shm_life) {
  struct shmid_ds ds;
  int id = shmget(IPC_PRIVATE, 4096, 0600);
  if (!check(id)) return;
  void* memory = shmat(id, NULL, 0);
  say_tried("removed", shmctl(id, IPC_RMID, NULL));
  say_tried("attached", shmctl(id, IPC_STAT, &ds));
  void* again = shmat(id, NULL, 0);
  say_tried("again", again == (void*)-1 ? -1 : 0);
  if (again != (void*)-1) shmdt(again);
  shmdt(memory);
  say_tried("detached", shmctl(id, IPC_STAT, &ds));
}

// The table.
#include "domains.h"

static const struct domain kName = {
    "name", 0,
    WORDS({"alpha", 5}, {"beta", 4}, {"gamma.example", 13}, {"-", 0},
          {"hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", 64},
          {"iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii", 65})};
static const struct domain kMsgKey = {"msg_key", 0, WORDS({"k1", 0x6d01}, {"k2", 0x6d02})};
static const struct domain kMessage = {"message", 0, WORDS({"sent", 0})};
static const struct domain kMqMessage = {"mq_message", 0, WORDS({"sent", 0})};
static const struct domain kSemKey = {"sem_key", 0, WORDS({"k1", 0x6d01}, {"k2", 0x6d02})};
static const struct domain kShmKey = {"shm_key", 0, WORDS({"k1", 0x6d01}, {"k2", 0x6d02})};
static const struct domain kGetFlags = {
    "get_flags", 0,
    WORDS({"CREAT", IPC_CREAT | 0600}, {"CREAT|0666", IPC_CREAT | 0666},
          {"CREAT|EXCL", IPC_CREAT | IPC_EXCL | 0666}, {"0", 0})};
static const struct domain kMsgType = {"msg_type", 0,
                                       WORDS({"1", 1}, {"2", 2}, {"7", 7}, {"0", 0})};
static const struct domain kMsgSize = {
    "msg_size", 0, WORDS({"5", 5}, {"0", 0}, {"100", 100}, {"8192", 8192}, {"8193", 8193})};
static const struct domain kMsgWanted = {
    "msg_wanted", 0, WORDS({"0", 0}, {"1", 1}, {"2", 2}, {"-2", -2}, {"-7", -7})};
static const struct domain kMsgRcv = {
    "msg_rcv", 0, WORDS({"0", 0}, {"NOERROR", MSG_NOERROR}, {"EXCEPT", MSG_EXCEPT})};
static const struct domain kQbytes = {"qbytes", 0,
                                      WORDS({"16384", 16384}, {"16", 16}, {"20000", 20000})};
static const struct domain kNsems = {"nsems", 0, WORDS({"2", 2}, {"1", 1}, {"250", 250}, {"0", 0})};
static const struct domain kSemNumber = {"sem", 0, WORDS({"0", 0}, {"1", 1}, {"2", 2})};
static const struct domain kSemDelta = {
    "delta", 0, WORDS({"1", 1}, {"3", 3}, {"0", 0}, {"-1", -1}, {"-2", -2}, {"32767", 32767})};
static const struct domain kSemFlags = {"sem_flags", 0, WORDS({"0", 0}, {"UNDO", SEM_UNDO})};
static const struct domain kSemQuestion = {
    "sem_question", 0,
    WORDS({"GETVAL", GETVAL}, {"GETPID", GETPID}, {"GETNCNT", GETNCNT}, {"GETZCNT", GETZCNT})};
static const struct domain kSemValue = {
    "sem_value", 0, WORDS({"5", 5}, {"0", 0}, {"32767", 32767}, {"32768", 32768})};
static const struct domain kShmSize = {"shm_size", 0,
                                       WORDS({"4096", 4096}, {"1", 1}, {"8192", 8192}, {"0", 0})};
static const struct domain kShmFlags = {"shm_flags", 0, WORDS({"0", 0}, {"RDONLY", SHM_RDONLY})};
static const struct domain kMark = {"mark", 0, WORDS({"1", 1}, {"2", 2})};
static const struct domain kSysvFile = {"sysvipc", 0, WORDS({"msg", 0}, {"sem", 0}, {"shm", 0})};
static const struct domain kMq = {"mq", 1, WORDS({"q0", 0}, {"q1", 1}, {"q2", 2})};
static const struct domain kMqName = {"mq_name", 0, WORDS({"one", 0}, {"two", 0})};
static const struct domain kMqFlags = {
    "mq_flags", 0, WORDS({"CREAT", O_CREAT}, {"0", 0}, {"CREAT|EXCL", O_CREAT | O_EXCL})};
static const struct domain kMqMax = {"mq_max", 0,
                                     WORDS({"2", 2}, {"10", 10}, {"11", 11}, {"0", 0})};
static const struct domain kPriority = {
    "priority", 0, WORDS({"0", 0}, {"5", 5}, {"32767", 32767}, {"32768", 32768})};
static const struct domain kMqSize = {"mq_size", 0, WORDS({"5", 5}, {"64", 64}, {"65", 65})};

static const struct domain kSysvLimit = {"sysv_limit", 0,
                                         WORDS({"sem", 0}, {"msgmni", 1}, {"shmmni", 1})};
static const struct domain kShmLock = {"shm_lock", 0,
                                       WORDS({"LOCK", SHM_LOCK}, {"UNLOCK", SHM_UNLOCK})};

const struct op kIpcOps[] = {
    {"sethostname", "sethostname(2)", "uts user", RUN(sethostname), {{&kName, PLAIN}}, 0},
    {"setdomainname", "setdomainname(2)", "uts user", RUN(setdomainname), {{&kName, PLAIN}}, 0},
    {"sethostname_nowhere",
     "sethostname(2)",
     "uts user",
     RUN(sethostname_nowhere),
     {{NULL, PLAIN}},
     FAILS},
    {"uname", "uname(2)", "uts", RUN(uname), {{NULL, PLAIN}}, 0},
    {"msgget", "msgget(2)", "ipc", RUN(msgget), {{&kMsgKey, GIVE}, {&kGetFlags, PLAIN}}, 0},
    {"msgsnd",
     "msgop(2)",
     "ipc",
     RUN(msgsnd),
     {{&kMsgKey, NEED}, {&kMsgType, PLAIN}, {&kMsgSize, PLAIN}, {&kMessage, GIVE}},
     0},
    {"msgrcv",
     "msgop(2)",
     "ipc",
     RUN(msgrcv),
     {{&kMsgKey, NEED}, {&kMsgWanted, PLAIN}, {&kMsgRcv, PLAIN}, {&kMessage, TAKE}},
     0},
    {"msg_stat", "msgctl(2)", "ipc", RUN(msg_stat), {{&kMsgKey, NEED}}, 0},
    {"msg_set",
     "msgctl(2)",
     "ipc",
     RUN(msg_set),
     {{&kMsgKey, NEED}, {&kId, PLAIN}, {&kQbytes, PLAIN}},
     0},
    {"msg_remove", "msgctl(2)", "ipc", RUN(msg_remove), {{&kMsgKey, TAKE}}, 0},
    {"ipc_info", "msgctl(2)", "ipc", RUN(ipc_info), {{NULL, PLAIN}}, 0},
    {"semget",
     "semget(2)",
     "ipc",
     RUN(semget),
     {{&kSemKey, GIVE}, {&kNsems, PLAIN}, {&kGetFlags, PLAIN}},
     0},
    {"semop",
     "semop(2)",
     "ipc",
     RUN(semop),
     {{&kSemKey, NEED}, {&kSemNumber, PLAIN}, {&kSemDelta, PLAIN}, {&kSemFlags, PLAIN}},
     0},
    {"semtimedop",
     "semop(2)",
     "ipc",
     RUN(semtimedop),
     {{&kSemKey, NEED}, {&kSemNumber, PLAIN}, {&kSemDelta, PLAIN}},
     0},
    {"sysv_limit", "proc_sys_kernel(5)", "ipc", RUN(sysv_limit), {{&kSysvLimit, PLAIN}}, 0},
    {"sysv_more", "sysvipc(7)", "ipc", RUN(sysv_more), {{NULL, PLAIN}}, 0},
    {"sem_get",
     "semctl(2)",
     "ipc pid",
     RUN(sem_get),
     {{&kSemKey, NEED}, {&kSemNumber, PLAIN}, {&kSemQuestion, PLAIN}},
     0},
    {"sem_set",
     "semctl(2)",
     "ipc",
     RUN(sem_set),
     {{&kSemKey, NEED}, {&kSemNumber, PLAIN}, {&kSemValue, PLAIN}},
     0},
    {"sem_remove", "semctl(2)", "ipc", RUN(sem_remove), {{&kSemKey, TAKE}}, 0},
    {"shmget",
     "shmget(2)",
     "ipc",
     RUN(shmget),
     {{&kShmKey, GIVE}, {&kShmSize, PLAIN}, {&kGetFlags, PLAIN}},
     0},
    {"shm_mark", "shmop(2)", "ipc", RUN(shm_mark), {{&kShmKey, NEED}, {&kMark, PLAIN}}, 0},
    {"shm_attach", "shmop(2)", "ipc", RUN(shm_attach), {{&kShmKey, NEED}, {&kShmFlags, PLAIN}}, 0},
    {"shm_stat", "shmctl(2)", "ipc pid", RUN(shm_stat), {{&kShmKey, NEED}}, 0},
    {"shm_lock", "shmctl(2)", "ipc", RUN(shm_lock), {{&kShmKey, NEED}, {&kShmLock, PLAIN}}, 0},
    {"shm_remove", "shmctl(2)", "ipc", RUN(shm_remove), {{&kShmKey, TAKE}}, 0},
    {"msg_as_user", "sysvipc(7)", "ipc user", RUN(sysv_as_user), {{&kMsgKey, NEED}}, 0},
    {"sem_as_user", "sysvipc(7)", "ipc user", RUN(sysv_as_user), {{&kSemKey, NEED}}, 0},
    {"shm_as_user", "sysvipc(7)", "ipc user", RUN(sysv_as_user), {{&kShmKey, NEED}}, 0},
    {"mq_as_user", "mq_overview(7)", "ipc user", RUN(mq_as_user), {{&kMqName, NEED}}, 0},
    {"ipc_limits", "ipc_namespaces(7)", "ipc user", RUN(ipc_limits), {{NULL, PLAIN}}, 0},
    {"shm_life", "shmctl(2)", "ipc", RUN(shm_life), {{NULL, PLAIN}}, 0},
    {"proc_sysvipc", "proc(5)", "ipc user", RUN(proc_sysvipc), {{&kSysvFile, PLAIN}}, 0},
    {"mq_open",
     "mq_overview(7)",
     "ipc",
     RUN(mq_open),
     {{&kMq, GIVE}, {&kMqName, GIVE}, {&kMqFlags, PLAIN}, {&kMqMax, PLAIN}},
     0},
    {"mq_default", "mq_open(3)", "ipc", RUN(mq_default), {{NULL, PLAIN}}, 0},
    {"mq_send",
     "mq_send(3)",
     "ipc",
     RUN(mq_send),
     {{&kMq, NEED}, {&kPriority, PLAIN}, {&kMqSize, PLAIN}, {&kMqMessage, GIVE}},
     0},
    {"mq_receive", "mq_receive(3)", "ipc", RUN(mq_receive), {{&kMq, NEED}, {&kMqMessage, TAKE}}, 0},
    {"mq_getattr", "mq_getattr(3)", "ipc", RUN(mq_getattr), {{&kMq, NEED}}, 0},
    {"mq_notify", "mq_notify(3)", "ipc pid", RUN(mq_notify), {{&kMq, NEED}, {&kSignal, PLAIN}}, 0},
    {"mq_unlink", "mq_unlink(3)", "ipc", RUN(mq_unlink), {{&kMqName, TAKE}}, 0},
};
const int kIpcOpCount = COUNT(kIpcOps);
