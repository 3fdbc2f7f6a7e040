// What a process can learn of an IPC namespace: counts, indexes, open files of /proc, and mounts.
#include <fcntl.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr int kKinds = 3;
constexpr const char* kNames[kKinds] = {"queues", "semaphore sets", "segments"};

sys::Result<int> result_of(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return static_cast<int>(returned);
}

sys::Result<int> make(int kind) {
  return result_of(kind == 0   ? ::msgget(IPC_PRIVATE, 0600)
                   : kind == 1 ? ::semget(IPC_PRIVATE, 1, 0600)
                               : ::shmget(IPC_PRIVATE, 4096, 0600),
                   "get(IPC_PRIVATE)");
}

// How many there are, by MSG_INFO, SEM_INFO or SHM_INFO.
sys::Result<int> count(int kind) {
  msginfo messages{};
  seminfo semaphores{};
  shm_info memory{};
  switch (kind) {
    case 0:
      return result_of(::msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&messages)), "MSG_INFO")
          .map([&](int) { return messages.msgpool; });
    case 1:
      return result_of(::semctl(0, 0, SEM_INFO, &semaphores), "SEM_INFO").map([&](int) {
        return semaphores.semusz;
      });
    default:
      return result_of(::shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&memory)), "SHM_INFO")
          .map([&](int) { return memory.used_ids; });
  }
}

// The id of the object at an index of the kernel's table.
sys::Result<int> id_at(int kind, int index) {
  msqid_ds queue;
  semid_ds set;
  shmid_ds segment;
  return result_of(kind == 0   ? ::msgctl(index, MSG_STAT, &queue)
                   : kind == 1 ? ::semctl(index, 0, SEM_STAT, &set)
                               : ::shmctl(index, SHM_STAT, &segment),
                   "STAT");
}

NSVET_CHECK(infos, {.id = "ipc.info.counts",
                    .title = "MSG_INFO, SEM_INFO and SHM_INFO count the caller's namespace",
                    .rule = "the numbers of objects, and the table that MSG_STAT, SEM_STAT and "
                            "SHM_STAT go through, are those of the caller's IPC namespace",
                    .source = "msgctl(2), semctl(2), shmctl(2), ipc_namespaces(7)",
                    .types = {NsType::ipc},
                    .needs = {Need::admin, Need::sysvipc}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  Actor two = one.spawn({.flags = CLONE_NEWIPC});
  for (int kind = 0; kind < kKinds; ++kind) {
    const auto made = [kind] { return make(kind); };
    const auto counted = [kind] { return count(kind); };
    const auto first = [kind] { return id_at(kind, 0); };
    const int id = require(one(made));
    require(one(made));
    t.expect(fmt::format("{} in the first", kNames[kind]), require(one(counted)), 2);
    t.expect(fmt::format("{} in the second", kNames[kind]), require(two(counted)), 0);
    t.expect(fmt::format("the first of the {}", kNames[kind]), require(one(first)), id);
    t.expect_errno(fmt::format("the first of the {} in the second", kNames[kind]), two(first),
                   EINVAL);
  }
}

NSVET_CHECK(opened, {.id = "ipc.proc.opened",
                     .title = "An open file of /proc/sysvipc stays with its IPC namespace",
                     .rule = "msg, sem and shm show the namespace in which they were opened, also "
                             "when the reader has left it",
                     .source = "proc_sysvipc(5), ipc/util.c",
                     .types = {NsType::ipc},
                     .needs = {Need::admin, Need::sysvipc}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  for (int kind = 0; kind < kKinds; ++kind) require(one([kind] { return make(kind); }));
  Actor two = one.spawn();
  for (const char* file : {"msg", "sem", "shm"}) {
    const auto path = [file] { return fmt::format("/proc/sysvipc/{}", file); };
    const int fd = two([path] { return setup(sys::open(path(), O_RDONLY)).release(); });
    require(two([] { return sys::unshare(CLONE_NEWIPC); }));
    // The heading, and a line for the object.
    t.expect(fmt::format("lines of {}, opened before unshare()", file), two([fd] {
               std::array<char, 4096> text;
               const auto size = ::read(fd, text.data(), text.size());
               return size < 0 ? -1 : std::ranges::count(text.begin(), text.begin() + size, '\n');
             }),
             2);
    t.expect(fmt::format("lines of {}, opened after it", file),
             two([path] { return std::ranges::count(setup(sys::read_file(path())), '\n'); }), 1);
    const int back = two.give(setup(sys::open_ns(NsType::ipc, one.pid())).get());
    require(two([back] { return sys::setns(back, CLONE_NEWIPC); }));
  }
}

sys::Result<> open_queue(const char* name) {
  return result_of(::mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, nullptr), "mq_open()")
      .map([](int) {});
}

NSVET_CHECK(mounts, {.id = "ipc.mqueue.mounts",
                     .title = "Each IPC namespace has one mqueue file system, mounted anywhere",
                     .rule = "mounts made in two namespaces show the queues of each; two mounts "
                             "made in one are the same file system, and a file made or removed "
                             "there is a queue made or removed",
                     .source = "mq_overview(7), ipc_namespaces(7)",
                     .types = {NsType::ipc, NsType::mnt},
                     .needs = {Need::admin, Need::mqueue}}) {
  Actor one = t.spawn({.flags = CLONE_NEWIPC});
  one([] { enter_private_mounts(); });
  Actor two = one.spawn({.flags = CLONE_NEWIPC});
  const auto mount = [](const char* folder) {
    return [folder]() -> sys::Result<> {
      if (auto made = sys::make_directory(folder); !made) return made;
      return sys::mount("mqueue", folder, "mqueue", 0);
    };
  };
  require(one(mount("/tmp/one")));
  require(one(mount("/tmp/again")));
  require(two(mount("/tmp/two")));
  require(one([] { return open_queue("/of-one"); }));
  require(two([] { return open_queue("/of-two"); }));
  const auto list = [](const char* folder) {
    return [folder] {
      return sys::list_directory(folder).map(
          [](const auto& names) { return fmt::format("{}", fmt::join(names, " ")); });
    };
  };
  t.expect("the first's mount", require(one(list("/tmp/one"))), "of-one");
  t.expect("another of the first's", require(one(list("/tmp/again"))), "of-one");
  t.expect("the second's mount", require(one(list("/tmp/two"))), "of-two");
  require(one([] { return result_of(::unlink("/tmp/again/of-one"), "unlink()"); }));
  t.expect("the first's mount after unlink() in the other", require(one(list("/tmp/one"))), "");
  t.expect_success("the name again", one([] { return open_queue("/of-one"); }));
  t.expect("the second's mount after it", require(two(list("/tmp/two"))), "of-two");
}

NSVET_CHECK(defaults, {.id = "ipc.mqueue.defaults",
                       .title = "msg_default, msgsize_default and msgsize_max hold in their "
                                "namespace",
                       .rule = "a queue made without attributes has the two defaults of its "
                               "namespace; without CAP_SYS_RESOURCE longer messages than "
                               "msgsize_max fail with EINVAL",
                       .source = "mq_overview(7), ipc_namespaces(7)",
                       .types = {NsType::ipc},
                       .needs = {Need::root, Need::mqueue}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWIPC});
  for (const auto& [file, value] :
       {std::pair{"msg_default", "3"}, {"msgsize_default", "200"}, {"msgsize_max", "300"}}) {
    require(inside([file = file, value = value] {
      return sys::write_file(fmt::format("/proc/sys/fs/mqueue/{}", file), value);
    }));
  }
  setup(inside([] { return sys::drop_capability(CAP_SYS_RESOURCE); }));
  Actor other = inside.spawn({.flags = CLONE_NEWIPC});
  struct Sizes {
    long messages, bytes;
  };
  const auto made = [] {
    return result_of(::mq_open("/nsvet", O_CREAT | O_EXCL | O_RDWR, 0600, nullptr), "mq_open()")
        .map([](int queue) {
          mq_attr attributes{};
          ::mq_getattr(queue, &attributes);
          return Sizes{attributes.mq_maxmsg, attributes.mq_msgsize};
        });
  };
  const auto inner = require(inside(made));
  t.expect("messages", inner.messages, 3);
  t.expect("bytes of a message", inner.bytes, 200);
  const auto outer = require(other(made));
  t.expect("messages in another namespace", outer.messages, 10);
  t.expect("bytes of a message in another namespace", outer.bytes, 8192);
  const auto sized = [](const char* name, long bytes) {
    return [name, bytes] {
      mq_attr attributes{};
      attributes.mq_maxmsg = 1;
      attributes.mq_msgsize = bytes;
      return result_of(::mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes), "mq_open()");
    };
  };
  t.expect_errno("messages of 301 bytes", inside(sized("/long", 301)), EINVAL);
  t.expect_success("messages of 300 bytes", inside(sized("/long", 300)));
  t.expect_success("messages of 301 bytes in another namespace", other(sized("/long", 301)));
}

}  // namespace
}  // namespace nsvet::probe
