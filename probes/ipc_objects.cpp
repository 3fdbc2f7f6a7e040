// System V objects and POSIX queues: permissions, what outlives what, and the views of /proc.
#include <fcntl.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr key_t kKey = 0x6e737675;

sys::Result<int> result_of(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return static_cast<int>(returned);
}

sys::Result<int> make_queue() {
  return result_of(::msgget(kKey, IPC_CREAT | IPC_EXCL | 0600), "msgget()");
}

std::size_t rows(const std::string& table) {
  return static_cast<std::size_t>(std::ranges::count(table, '\n')) - 1;
}

NSVET_CHECK(permissions,
            {.id = "ipc.permission.owner",
             .title = "An object's mode decides, and CAP_IPC_OWNER in the owning user "
                      "namespace",
             .rule = "another user needs permission bits (EACCES), or CAP_IPC_OWNER "
                     "over the user namespace that owns the IPC namespace; IPC_SET and "
                     "IPC_RMID are for owner and creator (EPERM)",
             .source = "sysvipc(7), user_namespaces(7)",
             .types = {NsType::ipc, NsType::user},
             .needs = {Need::root, Need::sysvipc}}) {
  Actor maker = t.spawn({.flags = CLONE_NEWIPC});
  setup(maker([] { return sys::become_user(1000, 1000); }));
  const int id = require(maker(make_queue));
  const auto stat = [id] {
    msqid_ds state;
    return result_of(::msgctl(id, IPC_STAT, &state), "IPC_STAT");
  };
  const auto remove = [id] { return result_of(::msgctl(id, IPC_RMID, nullptr), "IPC_RMID"); };
  auto joined = [&](Actor actor) {
    const int fd = actor.give(setup(sys::open_ns(NsType::ipc, maker.pid())).get());
    require(actor([fd] { return sys::setns(fd, CLONE_NEWIPC); }));
    return actor;
  };
  Actor other = joined(t.spawn());
  setup(other([] { return sys::become_user(1001, 1001); }));
  t.expect_errno("IPC_STAT by another user", other(stat), EACCES);
  t.expect_errno("msgget() by another user",
                 other([] { return result_of(::msgget(kKey, 0600), "msgget()"); }), EACCES);
  t.expect_errno("IPC_RMID by another user", other(remove), EPERM);
  Actor able = joined(t.spawn());
  t.expect_success("IPC_STAT with CAP_IPC_OWNER", able(stat));
  setup(able([] { return sys::drop_capability(CAP_IPC_OWNER); }));
  t.expect_errno("IPC_STAT without it", able(stat), EACCES);
  // All capabilities, but in a user namespace that does not own the IPC namespace.
  Actor inner = joined(t.spawn());
  require(inner([]() -> sys::Result<> {
    if (::setresgid(1001, 1001, 1001) != 0 || ::setresuid(1001, 1001, 1001) != 0) {
      return sys::last_error("setresuid()");
    }
    return sys::unshare(CLONE_NEWUSER);
  }));
  t.expect("CAP_IPC_OWNER inside", inner([] { return sys::has_capability(CAP_IPC_OWNER); }), true);
  t.expect_errno("IPC_STAT with CAP_IPC_OWNER in another user namespace", inner(stat), EACCES);
  t.expect_errno("IPC_RMID there", inner(remove), EPERM);
  t.expect_success("IPC_RMID by the owner", maker(remove));
}

NSVET_CHECK(ids_translated,
            {.id = "ipc.permission.ids",
             .title = "The owner that IPC_STAT shows is the caller's view",
             .rule = "uid and cuid are those of the caller's user namespace, or the "
                     "overflow id",
             .source = "user_namespaces(7), msgctl(2)",
             .types = {NsType::ipc, NsType::user},
             .needs = {Need::admin, Need::userns, Need::sysvipc}}) {
  Actor maker = t.spawn({.flags = CLONE_NEWIPC});
  const int id = require(
      maker([] { return result_of(::msgget(kKey, IPC_CREAT | IPC_EXCL | 0666), "msgget()"); }));
  struct Owners {
    uid_t uid, cuid;
    gid_t gid, cgid;
  };
  const auto owners = [id]() -> sys::Result<Owners> {
    msqid_ds state;
    if (::msgctl(id, IPC_STAT, &state) != 0) return sys::last_error("IPC_STAT");
    return Owners{state.msg_perm.uid, state.msg_perm.cuid, state.msg_perm.gid, state.msg_perm.cgid};
  };
  const auto ours = require(maker(owners));
  t.expect("owner outside", ours.uid, ::geteuid());
  t.expect("creator outside", ours.cuid, ::geteuid());
  Actor inner = maker.spawn({.flags = CLONE_NEWUSER});
  const auto theirs = require(inner(owners));
  t.expect("owner without a map", theirs.uid, sys::kNobody);
  t.expect("creator without a map", theirs.cuid, sys::kNobody);
  t.expect("group without a map", theirs.gid, sys::kNobody);
  t.expect("creator's group without a map", theirs.cgid, sys::kNobody);
}

NSVET_CHECK(proc_views,
            {.id = "ipc.proc.sysvipc",
             .title = "/proc/sysvipc shows the reader's IPC namespace",
             .rule = "msg, sem and shm list the objects of the reader's namespace, also "
                     "after setns(2)",
             .source = "proc_sysvipc(5), ipc_namespaces(7)",
             .types = {NsType::ipc},
             .needs = {Need::admin, Need::sysvipc}}) {
  const auto read = [](const char* file) {
    return [file] { return sys::read_file(fmt::format("/proc/sysvipc/{}", file)); };
  };
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  Actor two = t.spawn({.flags = CLONE_NEWIPC});
  require(one([]() -> sys::Result<> {
    if (::msgget(kKey, IPC_CREAT | 0600) < 0 || ::semget(kKey, 2, IPC_CREAT | 0600) < 0 ||
        ::shmget(kKey, 4096, IPC_CREAT | 0600) < 0) {
      return sys::last_error("get()");
    }
    return {};
  }));
  for (const char* file : {"msg", "sem", "shm"}) {
    t.expect(fmt::format("rows of {} inside", file), rows(setup(one(read(file)))), 1U);
    t.expect(fmt::format("rows of {} in another", file), rows(setup(two(read(file)))), 0U);
  }
  const int fd = two.give(setup(sys::open_ns(NsType::ipc, one.pid())).get());
  require(two([fd] { return sys::setns(fd, CLONE_NEWIPC); }));
  for (const char* file : {"msg", "sem", "shm"}) {
    t.expect(fmt::format("rows of {} after setns()", file), rows(setup(two(read(file)))), 1U);
  }
}

NSVET_CHECK(attachment,
            {.id = "ipc.shm.attached",
             .title = "An attached segment stays attached in another IPC namespace",
             .rule = "unshare(CLONE_NEWIPC) leaves attached memory mapped, readable and "
                     "shared, though its id means nothing any more; it can be detached",
             .source = "unshare(2), ipc_namespaces(7)",
             .types = {NsType::ipc},
             .needs = {Need::admin, Need::sysvipc}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  struct Segment {
    int id;
    volatile char* at;
  };
  const auto segment = require(one([]() -> sys::Result<Segment> {
    const int id = ::shmget(IPC_PRIVATE, 4096, 0600);
    void* at = ::shmat(id, nullptr, 0);
    if (at == reinterpret_cast<void*>(-1)) return sys::last_error("shmat()");
    return Segment{id, static_cast<volatile char*>(at)};
  }));
  // A child has the mapping at the same address.
  Actor two = one.spawn();
  require(two([] { return sys::unshare(CLONE_NEWIPC); }));
  t.expect_errno(
      "the id in the new namespace", two([segment]() -> sys::Result<> {
        shmid_ds state;
        return result_of(::shmctl(segment.id, IPC_STAT, &state), "IPC_STAT").map([](int) {});
      }),
      EINVAL);
  one([segment] { *segment.at = 'x'; });
  t.expect("what the other writes", two([segment] { return *segment.at == 'x'; }), true);
  two([segment] { *segment.at = 'y'; });
  t.expect("what the other reads", one([segment] { return *segment.at == 'y'; }), true);
  const auto attached = [segment]() -> sys::Result<int> {
    shmid_ds state;
    if (::shmctl(segment.id, IPC_STAT, &state) != 0) return sys::last_error("IPC_STAT");
    return static_cast<int>(state.shm_nattch);
  };
  t.expect("attached", require(one(attached)), 2);
  t.expect_success("detach", two([segment] {
                     return result_of(::shmdt(const_cast<const char*>(segment.at)), "shmdt()");
                   }));
  t.expect("attached after it", require(one(attached)), 1);
}

NSVET_CHECK(undo, {.id = "ipc.sem.undo",
                   .title = "unshare(CLONE_NEWIPC) applies a process's semaphore adjustments",
                   .rule = "CLONE_NEWIPC implies CLONE_SYSVSEM: what SEM_UNDO remembers is undone "
                           "when the process leaves the namespace",
                   .source = "unshare(2), semop(2)",
                   .types = {NsType::ipc},
                   .needs = {Need::admin, Need::sysvipc}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  const int set =
      require(one([] { return result_of(::semget(IPC_PRIVATE, 1, 0600), "semget()"); }));
  const auto value = [set] { return ::semctl(set, 0, GETVAL); };
  const auto raise = [set] {
    sembuf step{0, 5, SEM_UNDO};
    return result_of(::semop(set, &step, 1), "semop()");
  };
  Actor leaves = one.spawn();
  require(leaves(raise));
  t.expect("value while it is there", one(value), 5);
  require(leaves([] { return sys::unshare(CLONE_NEWIPC); }));
  t.expect("value when it has left", one(value), 0);
  Actor ends = one.spawn();
  require(ends(raise));
  t.expect("value while another is there", one(value), 5);
  ends.finish();
  t.expect("value when it has ended", eventually([&] { return one(value) == 0; }), true);
}

sys::Result<int> open_queue(int flags) {
  return result_of(::mq_open("/nsvet", flags, 0600, nullptr), "mq_open()");
}

NSVET_CHECK(queue_descriptor,
            {.id = "ipc.mqueue.descriptor",
             .title = "An open message queue descriptor works in any IPC namespace",
             .rule = "after unshare(CLONE_NEWIPC) an open descriptor leads to the old queue, while "
                     "the name is not found any more",
             .source = "ipc_namespaces(7)",
             .types = {NsType::ipc},
             .needs = {Need::admin, Need::mqueue}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  const int queue = require(one([] { return open_queue(O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK); }));
  Actor two = one.spawn();
  require(two([] { return sys::unshare(CLONE_NEWIPC); }));
  t.expect_errno("open by name", two([] { return open_queue(O_RDWR); }), ENOENT);
  t.expect_errno("unlink by name",
                 two([] { return result_of(::mq_unlink("/nsvet"), "mq_unlink()"); }), ENOENT);
  t.expect_success("send by descriptor",
                   two([queue] { return result_of(::mq_send(queue, "n", 1, 0), "mq_send()"); }));
  const auto received = one([queue] {
    std::array<char, 8192> text{};
    return result_of(::mq_receive(queue, text.data(), text.size(), nullptr), "mq_receive()")
        .map([&](int size) { return std::string(text.data(), static_cast<std::size_t>(size)); });
  });
  t.expect("received in the old namespace", require(received), "n");
}

NSVET_CHECK(queue_mount,
            {.id = "ipc.mqueue.mount",
             .title = "A mqueue file system shows the queues of its mounter's namespace",
             .rule = "it lists the queues of the IPC namespace of the mount, to "
                     "whomever reads it, and after the namespace's last process has "
                     "ended nothing can be made there any more (EACCES)",
             .source = "mq_overview(7), ipc_namespaces(7)",
             .types = {NsType::ipc, NsType::mnt},
             .needs = {Need::admin, Need::mqueue}}) {
  Actor outer = t.spawn();
  outer([] { enter_private_mounts(); });
  Actor inner = outer.spawn({.flags = CLONE_NEWIPC});
  require(inner([] { return open_queue(O_CREAT | O_EXCL | O_RDWR); }));
  require(inner([] { return sys::make_directory("/tmp/queues"); }));
  require(inner([] { return sys::mount("mqueue", "/tmp/queues", "mqueue", 0); }));
  const auto list = [] {
    return sys::list_directory("/tmp/queues").map([](const auto& names) {
      return fmt::format("{}", fmt::join(names, " "));
    });
  };
  t.expect("seen by the mounter", require(inner(list)), "nsvet");
  t.expect("seen from outside", require(outer(list)), "nsvet");
  t.expect_errno("the name outside", outer([] { return open_queue(O_RDWR); }), ENOENT);
  const auto make = [] {
    return sys::open("/tmp/queues/other", O_CREAT | O_EXCL | O_RDWR).map([](const sys::Fd&) {});
  };
  inner.finish();
  outer([pid = inner.pid()] { ::waitpid(pid, nullptr, __WALL); });
  t.expect("making a queue is refused when the namespace has ended", eventually([&] {
             const auto made = outer(make);
             if (made) outer([] { ::unlink("/tmp/queues/other"); });
             return !made && made.error().number == EACCES;
           }),
           true);
  t.expect("still listed", require(outer(list)), "nsvet");
}

NSVET_CHECK(queue_limit, {.id = "ipc.mqueue.limits",
                          .title = "queues_max and msg_max hold in their namespace",
                          .rule = "without CAP_SYS_RESOURCE more queues than queues_max fail with "
                                  "ENOSPC, and attributes beyond msg_max with EINVAL",
                          .source = "mq_overview(7), ipc_namespaces(7)",
                          .types = {NsType::ipc},
                          .needs = {Need::root, Need::mqueue}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWIPC});
  require(inside([] { return sys::write_file("/proc/sys/fs/mqueue/queues_max", "2"); }));
  setup(inside([] { return sys::drop_capability(CAP_SYS_RESOURCE); }));
  const auto make = [](const char* name, long messages) {
    return [name, messages] {
      mq_attr attributes{};
      attributes.mq_maxmsg = messages;
      attributes.mq_msgsize = 16;
      return result_of(::mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes), "mq_open()");
    };
  };
  t.expect_errno("11 messages", inside(make("/first", 11)), EINVAL);
  t.expect_success("a first queue", inside(make("/first", 10)));
  t.expect_success("a second queue", inside(make("/second", 1)));
  t.expect_errno("a third queue", inside(make("/third", 1)), ENOSPC);
  Actor other = inside.spawn({.flags = CLONE_NEWIPC});
  t.expect_success("one in another namespace", other(make("/third", 1)));
}

}  // namespace
}  // namespace nsvet::probe
