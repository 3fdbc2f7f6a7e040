// Modes of IPC objects, for users of one namespace: each kind of object keeps to its own.
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "probe/check.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

constexpr int kMode = 0640;

sys::Result<> done(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return {};
}

sys::Result<> attached(int id, int flags) {
  void* at = ::shmat(id, nullptr, flags);
  if (at == reinterpret_cast<void*>(-1)) return sys::last_error("shmat()");
  return done(::shmdt(at), "shmdt()");
}

// A kind of object: how it is made, and what reads, writes and removes it.
struct Kind {
  const char* name;
  const char* what;
  Need need;
  int unremoved;  ///< The refusal to remove it; mq_unlink(3) has one of its own.
  int (*make)();  ///< @return its id, 0 where it has a name
  sys::Result<> (*read)(int id);
  sys::Result<> (*write)(int id);
  sys::Result<> (*remove)(int id);
};

sys::Result<> open_queue(int flags) {
  const mqd_t queue = ::mq_open("/nsvet", flags);
  if (queue < 0) return sys::last_error("mq_open()");
  return done(::mq_close(queue), "mq_close()");
}

const Kind kKinds[] = {
    {"msg", "message queues", Need::sysvipc, EPERM, [] { return ::msgget(IPC_PRIVATE, kMode); },
     [](int id) {
       msqid_ds state;
       return done(::msgctl(id, IPC_STAT, &state), "IPC_STAT");
     },
     [](int id) {
       const struct {
         long type = 1;
         char byte = 'n';
       } message;
       return done(::msgsnd(id, &message, 1, IPC_NOWAIT), "msgsnd()");
     },
     [](int id) { return done(::msgctl(id, IPC_RMID, nullptr), "IPC_RMID"); }},
    {"sem", "semaphores", Need::sysvipc, EPERM, [] { return ::semget(IPC_PRIVATE, 1, kMode); },
     [](int id) { return done(::semctl(id, 0, GETVAL), "GETVAL"); },
     [](int id) { return done(::semctl(id, 0, SETVAL, 1), "SETVAL"); },
     [](int id) { return done(::semctl(id, 0, IPC_RMID), "IPC_RMID"); }},
    {"shm", "shared memory", Need::sysvipc, EPERM,
     [] { return ::shmget(IPC_PRIVATE, 4096, kMode); },
     [](int id) { return attached(id, SHM_RDONLY); }, [](int id) { return attached(id, 0); },
     [](int id) { return done(::shmctl(id, IPC_RMID, nullptr), "IPC_RMID"); }},
    {"mqueue", "POSIX message queues", Need::mqueue, EACCES,
     [] {
       const mqd_t queue = ::mq_open("/nsvet", O_CREAT | O_EXCL | O_RDWR, kMode, nullptr);
       return queue < 0 ? -1 : 0;
     },
     [](int) { return open_queue(O_RDONLY); }, [](int) { return open_queue(O_WRONLY); },
     [](int) { return done(::mq_unlink("/nsvet"), "mq_unlink()"); }},
};

void expect_modes(Check& t, const Kind& kind) {
  const auto index = &kind - kKinds;
  Actor maker = t.spawn({.flags = CLONE_NEWIPC});
  // In the namespace while they are still root.
  Actor in_group = maker.spawn();
  Actor other = maker.spawn();
  Actor inner = maker.spawn();
  setup(maker([] { return sys::become_user(1000, 1000); }));
  setup(in_group([] { return sys::become_user(1001, 1000); }));
  for (Actor* actor : {&other, &inner}) {
    setup((*actor)([] { return sys::become_user(1001, 1001); }));
  }
  // All capabilities, but in a user namespace that does not own the IPC namespace.
  require(inner([] { return sys::enter_own_user_namespace(); }));
  const int id = require(maker([index]() -> sys::Result<int> {
    const int made = kKinds[index].make();
    if (made < 0) return sys::last_error("make");
    return made;
  }));
  const auto read = [=] { return kKinds[index].read(id); };
  const auto write = [=] { return kKinds[index].write(id); };
  const auto remove = [=] { return kKinds[index].remove(id); };
  t.expect_success("read by the group", in_group(read));
  t.expect_errno("written by the group", in_group(write), EACCES);
  t.expect_errno("removed by the group", in_group(remove), kind.unremoved);
  for (Actor* actor : {&other, &inner}) {
    const char* who = actor == &other ? "another user" : "root of another user namespace";
    t.expect_errno(fmt::format("read by {}", who), (*actor)(read), EACCES);
    t.expect_errno(fmt::format("written by {}", who), (*actor)(write), EACCES);
    t.expect_errno(fmt::format("removed by {}", who), (*actor)(remove), kind.unremoved);
  }
  t.expect_success("read by the owner", maker(read));
  t.expect_success("written by the owner", maker(write));
  t.expect_success("removed by the owner", maker(remove));
}

bool register_kinds() {
  for (const Kind& kind : kKinds) {
    register_check(
        {.id = fmt::format("ipc.permission.{}_mode", kind.name),
         .title = fmt::format("The mode of {} decides who may use them", kind.what),
         .rule = "with mode 0640 the group may read, but not write (EACCES), others neither, nor "
                 "with all capabilities in a user namespace that does not own the IPC namespace; "
                 "only the owner may remove it (EPERM; EACCES of mq_unlink(3))",
         .source = "sysvipc(7), mq_overview(7), user_namespaces(7)",
         .types = {NsType::ipc, NsType::user},
         .needs = {Need::root, Need::userns, kind.need}},
        [&kind](Check& t) { expect_modes(t, kind); });
  }
  return true;
}
const bool kinds_registered = register_kinds();

}  // namespace
}  // namespace nsvet::probe
