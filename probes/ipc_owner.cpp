// Who may change System V objects, and the limits of their namespace: owner, creator, and the
// capabilities over the user namespace that owns the IPC namespace.
#include <linux/capability.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

sys::Result<> done(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return {};
}

// Owner and group as the caller sees them, and the mode.
struct Owner {
  uid_t uid;
  gid_t gid;
  unsigned short mode;
};

struct Kind {
  const char* name;
  const char* what;
  int (*make)();
  sys::Result<Owner> (*owner)(int id);
  sys::Result<> (*give)(int id, Owner to);
  sys::Result<> (*remove)(int id);
};

template <class State>
Owner owner_in(const State& perm) {
  return {perm.uid, perm.gid, static_cast<unsigned short>(perm.mode & 0777)};
}
template <class Perm>
void set_owner(Perm& perm, Owner to) {
  perm.uid = to.uid;
  perm.gid = to.gid;
  perm.mode = to.mode;
}

const Kind kKinds[] = {
    {"msg", "message queue", [] { return ::msgget(IPC_PRIVATE, 0600); },
     [](int id) -> sys::Result<Owner> {
       msqid_ds state;
       if (::msgctl(id, IPC_STAT, &state) != 0) return sys::last_error("IPC_STAT");
       return owner_in(state.msg_perm);
     },
     [](int id, Owner to) {
       msqid_ds state{};
       set_owner(state.msg_perm, to);
       state.msg_qbytes = 1024;
       return done(::msgctl(id, IPC_SET, &state), "IPC_SET");
     },
     [](int id) { return done(::msgctl(id, IPC_RMID, nullptr), "IPC_RMID"); }},
    {"sem", "semaphore set", [] { return ::semget(IPC_PRIVATE, 1, 0600); },
     [](int id) -> sys::Result<Owner> {
       semid_ds state;
       if (::semctl(id, 0, IPC_STAT, &state) != 0) return sys::last_error("IPC_STAT");
       return owner_in(state.sem_perm);
     },
     [](int id, Owner to) {
       semid_ds state{};
       set_owner(state.sem_perm, to);
       return done(::semctl(id, 0, IPC_SET, &state), "IPC_SET");
     },
     [](int id) { return done(::semctl(id, 0, IPC_RMID), "IPC_RMID"); }},
    {"shm", "segment", [] { return ::shmget(IPC_PRIVATE, 4096, 0600); },
     [](int id) -> sys::Result<Owner> {
       shmid_ds state;
       if (::shmctl(id, IPC_STAT, &state) != 0) return sys::last_error("IPC_STAT");
       return owner_in(state.shm_perm);
     },
     [](int id, Owner to) {
       shmid_ds state{};
       set_owner(state.shm_perm, to);
       return done(::shmctl(id, IPC_SET, &state), "IPC_SET");
     },
     [](int id) { return done(::shmctl(id, IPC_RMID, nullptr), "IPC_RMID"); }},
};

// Ids of the initial user namespace, which nobody else should have.
constexpr unsigned kFirstId = 200000;

sys::Result<> become_with(unsigned id, int capability) {
  if (auto kept = done(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "PR_SET_KEEPCAPS"); !kept) return kept;
  if (::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) {
    return sys::last_error("setresuid()");
  }
  return sys::raise_permitted().and_then([=] { return sys::keep_capability(capability); });
}

// Root of a user namespace with a hundred ids and an IPC namespace that it owns.
Actor spawn_root(Check& t) {
  Actor root = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWIPC});
  for (const char* file : {"uid_map", "gid_map"}) {
    require(sys::write_file(fmt::format("/proc/{}/{}", root.pid(), file),
                            fmt::format("0 {} 100", kFirstId)));
  }
  require(root([]() -> sys::Result<> {
    if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0) {
      return sys::last_error("setresuid(0)");
    }
    return done(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "PR_SET_DUMPABLE");
  }));
  return root;
}

void expect_owners(Check& t, const Kind& kind) {
  const auto index = &kind - kKinds;
  Actor root = spawn_root(t);
  Actor creator = root.spawn();
  Actor owner = root.spawn();
  Actor able = root.spawn();
  Actor unable = root.spawn();
  Actor below = root.spawn();
  require(creator([] { return sys::become_user(5, 5); }));
  require(owner([] { return sys::become_user(6, 6); }));
  require(able([] { return become_with(7, CAP_SYS_ADMIN); }));
  require(unable([] { return sys::drop_capability(CAP_SYS_ADMIN); }));
  require(below([] { return sys::become_user(7, 7); }));
  require(below([] { return sys::enter_own_user_namespace(); }));
  const auto make = [&] {
    return require(creator([index]() -> sys::Result<int> {
      const int id = kKinds[index].make();
      if (id < 0) return sys::last_error("get()");
      return id;
    }));
  };
  const auto give = [&](Actor& actor, int id, Owner to) {
    return actor([=] { return kKinds[index].give(id, to); });
  };
  const auto remove = [&](Actor& actor, int id) {
    return actor([=] { return kKinds[index].remove(id); });
  };
  const auto stat = [&](Actor& actor, int id) {
    return actor([=] { return kKinds[index].owner(id); });
  };
  const int id = make();
  t.expect_errno("given away by another user", give(owner, id, {6, 6, 0600}), EPERM);
  t.expect_errno("by root without CAP_SYS_ADMIN", give(unable, id, {6, 6, 0600}), EPERM);
  t.expect_errno("by root of a user namespace below", give(below, id, {0, 0, 0600}), EPERM);
  t.expect_errno("to an id without a map", give(creator, id, {100, 6, 0600}), EINVAL);
  t.expect_errno("to a group without a map", give(creator, id, {6, 100, 0600}), EINVAL);
  t.expect_success("given away by its creator", give(creator, id, {6, 6, 0640}));
  const auto seen = require(stat(owner, id));
  t.expect("owner inside", seen.uid, 6U);
  t.expect("group inside", seen.gid, 6U);
  t.expect("mode", seen.mode, 0640);
  Actor outside = t.spawn();
  const int ns = outside.give(setup(sys::open_ns(NsType::ipc, root.pid())).get());
  require(outside([ns] { return sys::setns(ns, CLONE_NEWIPC); }));
  t.expect("owner outside", require(stat(outside, id)).uid, kFirstId + 6);
  t.expect_success("mode taken back by its creator", give(creator, id, {6, 6, 0600}));
  t.expect_success("removed by its new owner", remove(owner, id));
  const int second = make();
  t.expect_errno("removed by root without CAP_SYS_ADMIN", remove(unable, second), EPERM);
  t.expect_errno("removed by root of a user namespace below", remove(below, second), EPERM);
  t.expect_success("given away with CAP_SYS_ADMIN alone", give(able, second, {6, 6, 0600}));
  t.expect_success("removed with it", remove(able, second));
}

bool register_kinds() {
  for (const Kind& kind : kKinds) {
    register_check(
        {.id = fmt::format("ipc.owner.{}", kind.name),
         .title = fmt::format("A {} is changed by owner, creator or CAP_SYS_ADMIN", kind.what),
         .rule = "IPC_SET and IPC_RMID are EPERM but for owner, creator and who has CAP_SYS_ADMIN "
                 "over the user namespace that owns the IPC namespace; IPC_SET takes ids of the "
                 "caller's user namespace, EINVAL for one without a map",
         .source = "msgctl(2), semctl(2), shmctl(2), user_namespaces(7)",
         .types = {NsType::ipc, NsType::user},
         .needs = {Need::root, Need::userns, Need::sysvipc}},
        [&kind](Check& t) { expect_owners(t, kind); });
  }
  return true;
}
const bool kinds_registered = register_kinds();

NSVET_CHECK(
    queue_size,
    {.id = "ipc.owner.queue_size",
     .title = "msg_qbytes beyond msgmnb needs a capability over the machine",
     .rule = "IPC_SET lowers msg_qbytes for an owner, and raises it up to msgmnb; beyond it "
             "CAP_SYS_RESOURCE in the initial user namespace is needed (EPERM), all "
             "capabilities of the namespace's owner do not suffice",
     .source = "msgctl(2), ipc/msg.c",
     .types = {NsType::ipc, NsType::user},
     .needs = {Need::root, Need::userns, Need::sysvipc}}) {
  const auto resize = [](unsigned long bytes) {
    return [bytes]() -> sys::Result<> {
      static const int queue = ::msgget(IPC_PRIVATE, 0600);
      msqid_ds state;
      if (::msgctl(queue, IPC_STAT, &state) != 0) return sys::last_error("IPC_STAT");
      state.msg_qbytes = bytes;
      return done(::msgctl(queue, IPC_SET, &state), "IPC_SET");
    };
  };
  constexpr unsigned long kMost = 16384;
  Actor root = spawn_root(t);
  t.expect_success("lowered", root(resize(100)));
  t.expect_success("raised to msgmnb", root(resize(kMost)));
  t.expect_errno("raised beyond it", root(resize(kMost + 1)), EPERM);
  Actor real = t.spawn({.flags = CLONE_NEWIPC});
  if (sys::has_capability(CAP_SYS_RESOURCE)) {
    t.expect_success("raised beyond it by real root", real(resize(kMost + 1)));
  }
  require(real([] { return sys::drop_capability(CAP_SYS_RESOURCE); }));
  t.expect_errno("without CAP_SYS_RESOURCE", real(resize(kMost + 2)), EPERM);
}

NSVET_CHECK(shm_lock,
            {.id = "ipc.owner.shm_lock",
             .title = "Segments are locked by their owner within a limit, or with CAP_IPC_LOCK",
             .rule = "SHM_LOCK and SHM_UNLOCK are for owner and creator, with a RLIMIT_MEMLOCK "
                     "that is not 0, and for who has CAP_IPC_LOCK over the user namespace that "
                     "owns the IPC namespace, else EPERM",
             .source = "shmctl(2), user_namespaces(7)",
             .types = {NsType::ipc, NsType::user},
             .needs = {Need::root, Need::userns, Need::sysvipc}}) {
  Actor root = spawn_root(t);
  Actor owner = root.spawn();
  Actor poor = root.spawn();
  Actor able = root.spawn();
  Actor below = root.spawn();
  require(owner([] { return sys::become_user(5, 5); }));
  require(poor([] { return sys::become_user(5, 5); }));
  require(poor([] {
    const rlimit none{0, 0};
    return done(::setrlimit(RLIMIT_MEMLOCK, &none), "setrlimit()");
  }));
  require(able([] { return become_with(7, CAP_IPC_LOCK); }));
  require(below([] { return sys::become_user(7, 7); }));
  require(below([] { return sys::enter_own_user_namespace(); }));
  const int id = require(owner([]() -> sys::Result<int> {
    const int made = ::shmget(IPC_PRIVATE, 4096, 0600);
    if (made < 0) return sys::last_error("shmget()");
    return made;
  }));
  const auto control = [id](int command) {
    return [=] { return done(::shmctl(id, command, nullptr), "shmctl()"); };
  };
  t.expect_success("locked by its owner", owner(control(SHM_LOCK)));
  t.expect_success("unlocked by its owner", owner(control(SHM_UNLOCK)));
  t.expect_errno("locked by its owner with a limit of 0", poor(control(SHM_LOCK)), EPERM);
  t.expect_errno("locked by root of a user namespace below", below(control(SHM_LOCK)), EPERM);
  t.expect_success("locked with CAP_IPC_LOCK alone", able(control(SHM_LOCK)));
  t.expect_errno("unlocked by root of a user namespace below", below(control(SHM_UNLOCK)), EPERM);
  require(able([] { return sys::drop_capability(CAP_IPC_LOCK); }));
  t.expect_errno("unlocked without it", able(control(SHM_UNLOCK)), EPERM);
}

NSVET_CHECK(sysctl_permission,
            {.id = "ipc.sysctl.permission",
             .title = "IPC sysctls are written by the root of the owning user namespace, at most",
             .rule = "another user cannot write the sysctls of an IPC namespace, nor can the root "
                     "of a user namespace that does not own it (EACCES)",
             .source = "ipc_namespaces(7), ipc/ipc_sysctl.c, ipc_permissions()",
             .types = {NsType::ipc, NsType::user},
             .needs = {Need::root, Need::userns, Need::sysvipc}}) {
  const auto write = [] { return sys::write_file("/proc/sys/kernel/msgmax", "4711"); };
  Actor root = t.spawn({.flags = CLONE_NEWIPC});
  Actor other = root.spawn();
  Actor below = root.spawn();
  setup(other([] { return sys::become_user(kFirstId, kFirstId); }));
  setup(below([] { return sys::become_user(kFirstId, kFirstId); }));
  require(below([] { return sys::enter_own_user_namespace(); }));
  t.expect_success("by root", root(write));
  t.expect_errno("by another user", other(write), EACCES);
  t.expect_errno("by root of a user namespace below", below(write), EACCES);
  Actor owner = spawn_root(t);
  Actor user = owner.spawn();
  require(user([] { return sys::become_user(5, 5); }));
  t.expect_errno("by a user of the owning user namespace", user(write), EACCES);
  // From Linux 6.9 on, and in stable releases from 5.19 on.
  t.fact("root_of_owner", sys::outcome(owner(write)));
}

}  // namespace
}  // namespace nsvet::probe
