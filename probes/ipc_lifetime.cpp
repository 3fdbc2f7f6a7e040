// How long objects live: as long as their IPC namespace, whoever holds it, and no longer.
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr key_t kKey = 0x6e737677;
constexpr std::size_t kPage = 4096;

sys::Result<int> result_of(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return static_cast<int>(returned);
}

struct Message {
  long type = 1;
  char byte = 0;
};

// Every kind of System V object under one key, each holding the byte.
sys::Result<> fill(char byte) {
  const int queue = ::msgget(kKey, IPC_CREAT | IPC_EXCL | 0600);
  const Message message{1, byte};
  if (::msgsnd(queue, &message, 1, IPC_NOWAIT) != 0) return sys::last_error("msgsnd()");
  const int set = ::semget(kKey, 1, IPC_CREAT | IPC_EXCL | 0600);
  if (::semctl(set, 0, SETVAL, static_cast<int>(byte)) != 0) return sys::last_error("SETVAL");
  void* at = ::shmat(::shmget(kKey, kPage, IPC_CREAT | IPC_EXCL | 0600), nullptr, 0);
  if (at == reinterpret_cast<void*>(-1)) return sys::last_error("shmat()");
  *static_cast<char*>(at) = byte;
  return result_of(::shmdt(at), "shmdt()").map([](int) {});
}

// What the objects of that key hold, a letter each.
sys::Result<std::string> contents() {
  Message message;
  if (::msgrcv(::msgget(kKey, 0), &message, 1, 0, IPC_NOWAIT) != 1) {
    return sys::last_error("msgrcv()");
  }
  const int value = ::semctl(::semget(kKey, 1, 0), 0, GETVAL);
  if (value < 0) return sys::last_error("GETVAL");
  void* at = ::shmat(::shmget(kKey, kPage, 0), nullptr, SHM_RDONLY);
  if (at == reinterpret_cast<void*>(-1)) return sys::last_error("shmat()");
  std::string found{message.byte, static_cast<char>(value), *static_cast<char*>(at)};
  if (::shmdt(at) != 0) return sys::last_error("shmdt()");
  return found;
}

NSVET_CHECK(apart, {.id = "ipc.objects.contents",
                    .title = "Objects of one key in two IPC namespaces have contents of their own",
                    .rule = "a message, a semaphore's value and what is written to a segment stay "
                            "in their namespace, though another has objects of the same key",
                    .source = "ipc_namespaces(7)",
                    .types = {NsType::ipc},
                    .needs = {Need::admin, Need::sysvipc}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  Actor two = one.spawn({.flags = CLONE_NEWIPC});
  Actor in_one = one.spawn();
  require(one([] { return fill('a'); }));
  require(two([] { return fill('b'); }));
  t.expect("in the first, read by a child", require(in_one(contents)), "aaa");
  t.expect("in the second", require(two(contents)), "bbb");
  t.expect_errno("a second message in the second", two(contents), ENOMSG);
}

NSVET_CHECK(kept, {.id = "ipc.objects.kept",
                   .title = "Objects outlive the processes of their IPC namespace",
                   .rule = "objects persist, with what they hold, while the namespace does: when "
                           "its last process has ended, whoever has a descriptor of it can join it "
                           "and finds them",
                   .source = "ipc_namespaces(7), sysvipc(7), namespaces(7)",
                   .types = {NsType::ipc},
                   .needs = {Need::admin, Need::sysvipc}}) {
  Actor maker = t.spawn({.flags = CLONE_NEWIPC});
  const auto held = setup(sys::open_ns(NsType::ipc, maker.pid()));
  require(maker([] { return fill('k'); }));
  maker.finish();
  Actor later = t.spawn({.flags = CLONE_NEWIPC});
  const int fd = later.give(held.get());
  require(later([fd] { return sys::setns(fd, CLONE_NEWIPC); }));
  t.expect("what they hold", require(later(contents)), "kkk");
}

// A page of locked shared memory, which counts for its user while the segment exists.
sys::Result<> lock_segment() {
  const int id = ::shmget(IPC_PRIVATE, kPage, 0600);
  if (id < 0) return sys::last_error("shmget()");
  if (::shmctl(id, SHM_LOCK, nullptr) == 0) return {};
  const auto why = sys::last_error("SHM_LOCK");
  ::shmctl(id, IPC_RMID, nullptr);
  return why;
}

void limit(int resource, rlim_t bytes) {
  const rlimit value{bytes, bytes};
  if (::prlimit(0, static_cast<__rlimit_resource>(resource), &value, nullptr) != 0) {
    throw Abort{model::Outcome::error, "cannot set a resource limit"};
  }
}

// Whether what the first namespace used up can be had in another only when the first has ended.
void expect_given_back(Check& t, int resource, rlim_t bytes, int refusal, sys::Result<> (*use)()) {
  Actor user = t.spawn({.flags = CLONE_NEWIPC});
  // Users of a new user namespace have used nothing yet.
  require(user([] { return sys::enter_own_user_namespace(); }));
  user([=] { limit(resource, bytes); });
  Actor first = user.spawn({.flags = CLONE_NEWIPC});
  Actor second = user.spawn({.flags = CLONE_NEWIPC});
  require(first(use));
  t.expect_errno("beyond the limit, in another namespace", second(use), refusal);
  first.finish();
  t.expect("had when the first has ended", eventually([&] { return second(use).has_value(); }),
           true);
}

NSVET_CHECK(segments_destroyed,
            {.id = "ipc.shm.destroyed",
             .title = "Segments are destroyed with their IPC namespace",
             .rule = "a locked segment counts for RLIMIT_MEMLOCK of its user, in whatever "
                     "namespace (ENOMEM), until its namespace has ended",
             .source = "ipc_namespaces(7), shmctl(2), getrlimit(2)",
             .types = {NsType::ipc, NsType::user},
             .needs = {Need::admin, Need::userns, Need::sysvipc}}) {
  expect_given_back(t, RLIMIT_MEMLOCK, kPage, ENOMEM, lock_segment);
}

sys::Result<> big_queue() {
  mq_attr attributes{};
  attributes.mq_maxmsg = 8;
  attributes.mq_msgsize = 512;
  const mqd_t queue = ::mq_open("/nsvet", O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
  if (queue < 0) return sys::last_error("mq_open()");
  ::mq_close(queue);
  return {};
}

NSVET_CHECK(queues_destroyed,
            {.id = "ipc.mqueue.destroyed",
             .title = "POSIX message queues are destroyed with their IPC namespace",
             .rule = "a queue counts for RLIMIT_MSGQUEUE of its user, in whatever namespace "
                     "(EMFILE), until its namespace has ended",
             .source = "ipc_namespaces(7), mq_overview(7), getrlimit(2)",
             .types = {NsType::ipc, NsType::user},
             .needs = {Need::admin, Need::userns, Need::mqueue}}) {
  // One queue of 4096 bytes and its overhead, but not two.
  expect_given_back(t, RLIMIT_MSGQUEUE, 8000, EMFILE, big_queue);
}

// One object of the kind under the key, with the caller as who used it last.
struct Kind {
  const char* name;
  sys::Result<int> (*use)();
  sys::Result<int> (*find)();
};
const Kind kKinds[] = {
    {"queue",
     [] {
       const Message message;
       return result_of(::msgsnd(::msgget(kKey, IPC_CREAT | IPC_EXCL | 0600), &message, 1, 0),
                        "msgsnd()");
     },
     [] { return result_of(::msgget(kKey, 0), "msgget()"); }},
    {"semaphore set",
     [] {
       return result_of(::semctl(::semget(kKey, 1, IPC_CREAT | IPC_EXCL | 0600), 0, SETVAL, 1),
                        "semctl()");
     },
     [] { return result_of(::semget(kKey, 1, 0), "semget()"); }},
    {"segment",
     [] { return result_of(::shmget(kKey, kPage, IPC_CREAT | IPC_EXCL | 0600), "shmget()"); },
     [] { return result_of(::shmget(kKey, kPage, 0), "shmget()"); }},
};

// Ends the actor and reaps it, so that nothing of it is left to hold a namespace.
void end(Actor& parent, Actor& child) {
  child.finish();
  parent([pid = child.pid()] { ::waitpid(pid, nullptr, __WALL); });
}

// An object remembers the process that used it last, and this the PID namespace that it was in. So
// there is room for another PID namespace, within a limit of one, when the object is no more.
NSVET_CHECK(destroyed, {.id = "ipc.objects.destroyed",
                        .title = "Objects are destroyed with their IPC namespace",
                        .rule = "when an IPC namespace ends, all its objects are destroyed, and "
                                "what they hold is given back; a namespace made later has none",
                        .source = "ipc_namespaces(7), ipc/namespace.c",
                        .types = {NsType::ipc, NsType::pid, NsType::user},
                        .needs = {Need::admin, Need::userns, Need::sysvipc}}) {
  for (const Kind& kind : kKinds) {
    Actor user = t.spawn({.flags = CLONE_NEWUSER});
    require(sys::map_root(user.pid(), ::geteuid(), ::getegid()));
    require(user([] { return sys::write_file("/proc/sys/user/max_pid_namespaces", "1"); }));
    const auto room = [&] { return user.try_spawn({.flags = CLONE_NEWPID}).has_value(); };
    Actor keeper = user.spawn({.flags = CLONE_NEWIPC});
    {
      // Its PID file descriptor would hold its PID namespace, too.
      Actor maker = keeper.spawn({.flags = CLONE_NEWPID});
      require(maker(kind.use));
      end(keeper, maker);
    }
    t.expect_success(fmt::format("the {} when its maker has ended", kind.name), keeper(kind.find));
    if (room()) Check::skip("objects do not hold PID namespaces on this kernel");
    end(user, keeper);
    t.expect(fmt::format("the {} has gone with its namespace", kind.name), eventually(room), true);
    Actor later = user.spawn({.flags = CLONE_NEWIPC});
    t.expect_errno(fmt::format("the {}'s key in a later namespace", kind.name), later(kind.find),
                   ENOENT);
  }
}

NSVET_CHECK(undo_by_setns,
            {.id = "ipc.sem.undo_by_setns",
             .title = "setns(2) to another IPC namespace applies semaphore adjustments",
             .rule = "what SEM_UNDO remembers is undone when the process joins another namespace",
             .source = "semop(2), kernel/nsproxy.c",
             .types = {NsType::ipc},
             .needs = {Need::admin, Need::sysvipc}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  Actor elsewhere = one.spawn({.flags = CLONE_NEWIPC});
  const int set =
      require(one([] { return result_of(::semget(IPC_PRIVATE, 1, 0600), "semget()"); }));
  const auto value = [set] { return ::semctl(set, 0, GETVAL); };
  Actor leaves = one.spawn();
  require(leaves([set] {
    sembuf step{0, 5, SEM_UNDO};
    return result_of(::semop(set, &step, 1), "semop()");
  }));
  t.expect("value while it is there", one(value), 5);
  const int fd = leaves.give(setup(sys::open_ns(NsType::ipc, elsewhere.pid())).get());
  require(leaves([fd] { return sys::setns(fd, CLONE_NEWIPC); }));
  t.expect("value when it has left", one(value), 0);
}

}  // namespace
}  // namespace nsvet::probe
