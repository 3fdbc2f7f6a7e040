// IPC namespaces: System V objects and POSIX message queues.
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "probe/check.h"

namespace nsvet::probe {
namespace {

enum class Kind { msg, sem, shm };
constexpr key_t kKey = 0x6e737674;

// A failed call as an errno, else the object's id.
sys::Result<int> get(Kind kind, int flags) {
  int id = -1;
  switch (kind) {
    case Kind::msg:
      id = ::msgget(kKey, flags);
      break;
    case Kind::sem:
      id = ::semget(kKey, 1, flags);
      break;
    case Kind::shm:
      id = ::shmget(kKey, 4096, flags);
      break;
  }
  if (id < 0) return sys::last_error("get({:#x})", flags);
  return id;
}

sys::Result<> stat_id(Kind kind, int id) {
  int result = -1;
  msqid_ds msg;
  shmid_ds shm;
  semid_ds sem;
  switch (kind) {
    case Kind::msg:
      result = ::msgctl(id, IPC_STAT, &msg);
      break;
    case Kind::sem:
      result = ::semctl(id, 0, IPC_STAT, &sem);
      break;
    case Kind::shm:
      result = ::shmctl(id, IPC_STAT, &shm);
      break;
  }
  if (result < 0) return sys::last_error("stat({})", id);
  return {};
}

void objects_are_private(Check& t, Kind kind) {
  // Both sides are new, so that nothing of the host's can be in the way.
  Actor outer = t.spawn({.flags = CLONE_NEWIPC});
  Actor inner = outer.spawn({.flags = CLONE_NEWIPC});
  const int id = require(outer([kind] { return get(kind, IPC_CREAT | IPC_EXCL | 0600); }));
  t.expect_errno("the key in another namespace", inner([kind] { return get(kind, 0); }), ENOENT);
  t.expect_errno("the id in another namespace", inner([kind, id] { return stat_id(kind, id); }),
                 EINVAL);
  t.expect_success("the same key created there",
                   inner([kind] { return get(kind, IPC_CREAT | IPC_EXCL | 0600); }));
  Actor child = outer.spawn();
  t.expect_success("the key in a child of the creator", child([kind] { return get(kind, 0); }));
  t.expect_success("the id in a child of the creator",
                   child([kind, id] { return stat_id(kind, id); }));
}

bool register_kinds() {
  struct Row {
    Kind kind;
    const char* name;
    const char* what;
  };
  for (const Row& row :
       {Row{Kind::msg, "msg", "message queues"}, Row{Kind::sem, "sem", "semaphores"},
        Row{Kind::shm, "shm", "shared memory"}}) {
    register_check({.id = fmt::format("ipc.{}.isolated", row.name),
                    .title = fmt::format("System V {} are private to an IPC namespace", row.what),
                    .rule = "System V keys and ids of one IPC namespace mean nothing in another",
                    .source = "ipc_namespaces(7)",
                    .types = {NsType::ipc},
                    .needs = {Need::admin, Need::sysvipc}},
                   [kind = row.kind](Check& t) { objects_are_private(t, kind); });
  }
  return true;
}
const bool kinds_registered = register_kinds();

sys::Result<> open_queue(int flags) {
  const mqd_t queue = ::mq_open("/nsvet", flags, 0600, nullptr);
  if (queue < 0) return sys::last_error("mq_open({:#x})", flags);
  ::mq_close(queue);
  return {};
}

NSVET_CHECK(mqueue, {.id = "ipc.mqueue.isolated",
                     .title = "POSIX message queues are private to an IPC namespace",
                     .rule = "each IPC namespace has its own POSIX message queue file system",
                     .source = "ipc_namespaces(7)",
                     .types = {NsType::ipc},
                     .needs = {Need::admin, Need::mqueue}}) {
  Actor outer = t.spawn({.flags = CLONE_NEWIPC});
  Actor inner = outer.spawn({.flags = CLONE_NEWIPC});
  require(outer([] { return open_queue(O_CREAT | O_EXCL | O_RDWR); }));
  t.expect_errno("the name in another namespace", inner([] { return open_queue(O_RDWR); }), ENOENT);
  t.expect_success("the same name created there",
                   inner([] { return open_queue(O_CREAT | O_EXCL | O_RDWR); }));
  Actor child = outer.spawn();
  t.expect_success("the name in a child of the creator", child([] { return open_queue(O_RDWR); }));
}

}  // namespace
}  // namespace nsvet::probe
