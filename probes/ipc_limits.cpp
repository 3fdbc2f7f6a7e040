// IPC sysctls: a set of its own for each IPC namespace, at their defaults, and in force.
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include <array>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

struct Sysctl {
  const char* file;     ///< Below /proc/sys.
  const char* value;    ///< What a check sets; within all bounds.
  const char* initial;  ///< In a new namespace; null where it depends on the machine.
};

const Sysctl kSysctls[] = {
    {"kernel/msgmax", "4711", "8192"},
    {"kernel/msgmnb", "4712", "16384"},
    {"kernel/msgmni", "17", "32000"},
    {"kernel/sem", "100\t200\t30\t40", "32000\t1024000000\t500\t32000"},
    {"kernel/shmmax", "1048576", "18446744073692774399"},
    {"kernel/shmall", "1000", "18446744073692774399"},
    {"kernel/shmmni", "18", "4096"},
    {"kernel/shm_rmid_forced", "1", "0"},
    {"kernel/msg_next_id", "7", "-1"},
    {"kernel/sem_next_id", "7", "-1"},
    {"kernel/shm_next_id", "7", "-1"},
    {"fs/mqueue/msg_default", "9", "10"},
    {"fs/mqueue/msg_max", "11", "10"},
    {"fs/mqueue/msgsize_default", "4096", "8192"},
    {"fs/mqueue/msgsize_max", "8193", "8192"},
    {"fs/mqueue/queues_max", "3", "256"},
};

std::string sysctl_path(const Sysctl& sysctl) { return fmt::format("/proc/sys/{}", sysctl.file); }

void expect_private_sysctl(Check& t, const Sysctl& sysctl) {
  if (!setup(sys::exists(sysctl_path(sysctl)))) Check::skip(sysctl_path(sysctl) + " is not there");
  const auto index = &sysctl - kSysctls;
  const auto read = [index] { return sys::read_file(sysctl_path(kSysctls[index])); };
  const auto before = setup(read());
  Actor outer = t.spawn({.flags = CLONE_NEWIPC});
  const auto initial = setup(outer(read));
  t.fact("initial", initial.substr(0, initial.size() - 1));
  if (sysctl.initial != nullptr)
    t.expect("in a new namespace", initial, sysctl.initial + std::string("\n"));
  const auto written = outer(
      [index] { return sys::write_file(sysctl_path(kSysctls[index]), kSysctls[index].value); });
  if (!written && (written.error().number == EACCES || written.error().number == EPERM) &&
      !missing(Need::root).empty()) {
    // Up to Linux 5.18 the root of a user namespace could not.
    Check::skip("the root of a user namespace cannot write it here");
  }
  require(written);
  const std::string value = sysctl.value + std::string("\n");
  t.expect("after a write, in the namespace", setup(outer(read)), value);
  Actor child = outer.spawn();
  t.expect("in a child", setup(child(read)), value);
  Actor inner = outer.spawn({.flags = CLONE_NEWIPC});
  t.expect("in a nested new one: the default, not the parent's", setup(inner(read)), initial);
  t.expect("outside", setup(read()), before);
}

bool register_sysctls() {
  for (const Sysctl& sysctl : kSysctls) {
    std::string name = sysctl.file;
    name = name.substr(name.rfind('/') + 1);
    const bool queue = std::string_view(sysctl.file).starts_with("fs/mqueue");
    register_check(
        {.id = fmt::format("ipc.sysctl.{}", (queue ? "mqueue_" : "") + name),
         .title = fmt::format("{} is private to an IPC namespace, and starts at its default",
                              sysctl.file),
         .rule = fmt::format("/proc/sys/{} belongs to the reader's IPC namespace; a new "
                             "namespace has the default, not its parent's value",
                             sysctl.file),
         .source = "ipc_namespaces(7)",
         .types = {NsType::ipc},
         .needs = {Need::admin, queue ? Need::mqueue : Need::sysvipc}},
        [&sysctl](Check& t) { expect_private_sysctl(t, sysctl); });
  }
  return true;
}
const bool sysctls_registered = register_sysctls();

sys::Result<int> result_of(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return static_cast<int>(returned);
}

struct Message {
  long type = 1;
  std::array<char, 256> text{};
};

sys::Result<int> new_queue() { return result_of(::msgget(IPC_PRIVATE, 0600), "msgget()"); }
sys::Result<int> send_bytes(int queue, std::size_t size) {
  const Message message;
  return result_of(::msgsnd(queue, &message, size, IPC_NOWAIT), "msgsnd()");
}

// An actor in a new IPC namespace whose sysctls it can write.
Actor with_sysctls(Check& t, std::initializer_list<std::pair<const char*, const char*>> values) {
  Actor inside = t.spawn({.flags = CLONE_NEWIPC});
  for (const auto& [file, value] : values) {
    const auto written = inside([file = file, value = value] {
      return sys::write_file(fmt::format("/proc/sys/kernel/{}", file), value);
    });
    if (!written && !missing(Need::root).empty()) {
      Check::skip("the root of a user namespace cannot write IPC sysctls here");
    }
    require(written);
  }
  return inside;
}

NSVET_CHECK(message_limits, {.id = "ipc.msg.limits",
                             .title = "msgmax, msgmnb and msgmni hold in their namespace",
                             .rule = "a longer message than msgmax fails with EINVAL, a queue with "
                                     "more than msgmnb bytes with EAGAIN, more queues than msgmni "
                                     "with ENOSPC; another namespace has limits of its own",
                             .source = "ipc_namespaces(7), msgsnd(2), msgget(2)",
                             .types = {NsType::ipc},
                             .needs = {Need::admin, Need::sysvipc}}) {
  Actor inside = with_sysctls(t, {{"msgmax", "100"}, {"msgmnb", "150"}, {"msgmni", "2"}});
  Actor other = inside.spawn({.flags = CLONE_NEWIPC});
  const int queue = require(inside(new_queue));
  const auto send = [queue](std::size_t size) {
    return [queue, size] { return send_bytes(queue, size); };
  };
  t.expect_errno("a message of 101 bytes", inside(send(101)), EINVAL);
  t.expect_success("a message of 100 bytes", inside(send(100)));
  t.expect_errno("51 bytes more", inside(send(51)), EAGAIN);
  t.expect_success("50 bytes more", inside(send(50)));
  t.expect_success("a second queue", inside(new_queue));
  t.expect_errno("a third queue", inside(new_queue), ENOSPC);
  t.expect_success("101 bytes in another namespace", other([] {
                     return new_queue().and_then([](int id) { return send_bytes(id, 101); });
                   }));
  t.expect_success("a second queue there", other(new_queue));
  t.expect_success("a third queue there", other(new_queue));
  require(inside([queue] { return result_of(::msgctl(queue, IPC_RMID, nullptr), "IPC_RMID"); }));
  t.expect_success("a queue after one was removed", inside(new_queue));
}

NSVET_CHECK(semaphore_limits,
            {.id = "ipc.sem.limits",
             .title = "The four numbers of kernel/sem hold in their namespace",
             .rule = "more semaphores than semmsl in a set fail with EINVAL, more "
                     "than semmns or semmni in all with ENOSPC, more operations "
                     "than semopm with E2BIG",
             .source = "ipc_namespaces(7), semget(2), semop(2)",
             .types = {NsType::ipc},
             .needs = {Need::admin, Need::sysvipc}}) {
  Actor inside = with_sysctls(t, {{"sem", "5 9 3 2"}});
  const auto get = [](int count) {
    return [count] { return result_of(::semget(IPC_PRIVATE, count, 0600), "semget()"); };
  };
  t.expect_errno("a set of 6", inside(get(6)), EINVAL);
  const int set = require(inside(get(5)));
  t.expect_errno("another of 5", inside(get(5)), ENOSPC);
  t.expect_success("another of 4", inside(get(4)));
  t.expect_errno("a third set", inside(get(1)), ENOSPC);
  const auto operate = [set](std::size_t count) {
    return [set, count] {
      std::array<sembuf, 4> steps{};
      for (auto& step : steps) step.sem_op = 1;
      return result_of(::semop(set, steps.data(), count), "semop()");
    };
  };
  t.expect_success("3 operations", inside(operate(3)));
  t.expect_errno("4 operations", inside(operate(4)), E2BIG);
  Actor other = inside.spawn({.flags = CLONE_NEWIPC});
  t.expect_success("a set of 6 in another namespace", other(get(6)));
}

NSVET_CHECK(memory_limits,
            {.id = "ipc.shm.limits",
             .title = "shmmax, shmall and shmmni hold in their namespace",
             .rule = "a larger segment than shmmax fails with EINVAL, more pages than "
                     "shmall or segments than shmmni with ENOSPC",
             .source = "ipc_namespaces(7), shmget(2)",
             .types = {NsType::ipc},
             .needs = {Need::admin, Need::sysvipc}}) {
  Actor inside = with_sysctls(t, {{"shmmax", "16384"}, {"shmall", "6"}, {"shmmni", "3"}});
  const auto get = [](std::size_t size) {
    return [size] { return result_of(::shmget(IPC_PRIVATE, size, 0600), "shmget()"); };
  };
  t.expect_errno("16385 bytes", inside(get(16385)), EINVAL);
  t.expect_success("16384 bytes", inside(get(16384)));
  t.expect_errno("3 pages beyond 6", inside(get(12288)), ENOSPC);
  t.expect_success("1 page", inside(get(4096)));
  t.expect_success("the last page", inside(get(1)));
  Actor other = inside.spawn({.flags = CLONE_NEWIPC});
  t.expect_success("16385 bytes in another namespace", other(get(16385)));
  Actor counted = with_sysctls(t, {{"shmmni", "2"}});
  t.expect_success("a first segment", counted(get(1)));
  t.expect_success("a second segment", counted(get(1)));
  t.expect_errno("a third segment", counted(get(1)), ENOSPC);
}

NSVET_CHECK(forced_removal, {.id = "ipc.shm.rmid_forced",
                             .title = "shm_rmid_forced removes what nobody has attached",
                             .rule = "with shm_rmid_forced a segment is destroyed at the last "
                                     "detach, and when its maker ends or leaves; another namespace "
                                     "keeps its segments",
                             .source = "proc_sys_kernel(5), ipc_namespaces(7)",
                             .types = {NsType::ipc},
                             .needs = {Need::admin, Need::sysvipc}}) {
  const auto life = [](Actor& actor) {
    return actor([]() -> sys::Result<> {
      const int id = ::shmget(IPC_PRIVATE, 4096, 0600);
      void* at = ::shmat(id, nullptr, 0);
      if (at == reinterpret_cast<void*>(-1)) return sys::last_error("shmat()");
      ::shmdt(at);
      shmid_ds state;
      return result_of(::shmctl(id, IPC_STAT, &state), "IPC_STAT").map([](int) {});
    });
  };
  Actor inside = with_sysctls(t, {{"shm_rmid_forced", "1"}});
  t.expect_errno("the segment after the last detach", life(inside), EINVAL);
  Actor other = inside.spawn({.flags = CLONE_NEWIPC});
  t.expect_success("the same in another namespace", life(other));
  const auto made = [] { return result_of(::shmget(IPC_PRIVATE, 4096, 0600), "shmget()"); };
  const auto exists = [](Actor& actor, int id) {
    return actor([id] {
      shmid_ds state;
      return ::shmctl(id, IPC_STAT, &state) == 0;
    });
  };
  Actor ends = inside.spawn();
  const int left = require(ends(made));
  t.expect("one that was never attached", exists(inside, left), true);
  ends.finish();
  t.expect("gone when its maker has ended", eventually([&] { return !exists(inside, left); }),
           true);
  Actor leaves = inside.spawn();
  const int orphan = require(leaves(made));
  require(leaves([] { return sys::unshare(CLONE_NEWIPC); }));
  t.expect("when its maker has left", exists(inside, orphan), false);
  Actor elsewhere = other.spawn();
  const int kept = require(elsewhere(made));
  elsewhere.finish();
  t.expect("one of another namespace, when its maker has ended", exists(other, kept), true);
}

NSVET_CHECK(next_id, {.id = "ipc.sysctl.next_id_taken",
                      .title = "*_next_id gives the next object its id, once",
                      .rule = "the id written is that of the next object of the kind in this "
                              "namespace; the file then reads -1",
                      .source = "proc_sys_kernel(5)",
                      .types = {NsType::ipc},
                      .needs = {Need::admin, Need::sysvipc}}) {
  if (!setup(sys::exists("/proc/sys/kernel/msg_next_id"))) {
    Check::skip("this kernel has no msg_next_id (CONFIG_CHECKPOINT_RESTORE)");
  }
  Actor inside =
      with_sysctls(t, {{"msg_next_id", "20"}, {"sem_next_id", "21"}, {"shm_next_id", "22"}});
  t.expect("queue", require(inside(new_queue)), 20);
  t.expect("semaphore set",
           require(inside([] { return result_of(::semget(IPC_PRIVATE, 1, 0600), "semget()"); })),
           21);
  t.expect("segment",
           require(inside([] { return result_of(::shmget(IPC_PRIVATE, 1, 0600), "shmget()"); })),
           22);
  for (const char* file : {"msg_next_id", "sem_next_id", "shm_next_id"}) {
    t.expect(
        fmt::format("{} afterwards", file),
        setup(inside([file] { return sys::read_file(fmt::format("/proc/sys/kernel/{}", file)); })),
        "-1\n");
  }
}

}  // namespace
}  // namespace nsvet::probe
