// What is asked of IPC objects and of processes, and set on them, from inside.
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "inside.h"
#include "sys/file_handle.h"
#include "sys/pidfd_info.h"
#include "sys/process.h"

namespace nsvet::bench {
namespace {

using enum model::NsType;

using OfObject = long (*)(int);

// An object of an IPC namespace of our own.
template <OfObject kCall>
sys::Result<Prepared> of_object(int (*make)()) {
  if (auto in = own(CLONE_NEWIPC); !in) return tl::unexpected(in.error());
  const int id = make();
  if (id < 0) return sys::last_error("no object to ask");
  return Prepared{[id] { return kCall(id); }};
}

template <OfObject kCall>
sys::Result<Prepared> of_queue() {
  return of_object<kCall>([] { return ::msgget(IPC_PRIVATE, 0600); });
}

template <OfObject kCall>
sys::Result<Prepared> of_semaphores() {
  return of_object<kCall>([] { return ::semget(IPC_PRIVATE, 4, 0600); });
}

template <OfObject kCall>
sys::Result<Prepared> of_segment() {
  return of_object<kCall>([] { return ::shmget(IPC_PRIVATE, 4096, 0600); });
}

template <OfObject kCall>
sys::Result<Prepared> of_posix_queue() {
  return of_object<kCall>([] {
    mq_attr shape{};
    shape.mq_maxmsg = 1;
    shape.mq_msgsize = 64;
    return static_cast<int>(::mq_open("/nsvet", O_CREAT | O_RDWR, 0600, &shape));
  });
}

// The permissions of an object as they are, set again.
template <class Object, int (*kControl)(int, int, Object*)>
long set_again(int id) {
  static Object object = [id] {
    Object now{};
    kControl(id, IPC_STAT, &now);
    return now;
  }();
  return kControl(id, IPC_SET, &object);
}

template <class Object, int (*kControl)(int, int, Object*), int kCommand>
long ask(int id) {
  static Object object;
  return kControl(id, kCommand, &object);
}

int semaphores(int id, int command, semid_ds* object) { return ::semctl(id, 0, command, object); }

template <int kCommand>
long ask_limits(int id) {
  static std::array<char, 256> info;  // struct msginfo, seminfo, shminfo or shm_info
  return ::shmctl(id, kCommand, reinterpret_cast<shmid_ds*>(info.data()));
}

long ask_queues(int id) {
  static msginfo info;
  return ::msgctl(id, MSG_INFO, reinterpret_cast<msqid_ds*>(&info));
}

long ask_semaphores(int id) {
  static seminfo info;
  return ::semctl(id, 0, SEM_INFO, &info);
}

long get_all(int id) {
  static std::array<unsigned short, 4> values;
  return ::semctl(id, 0, GETALL, values.data());
}

long set_value(int id) { return ::semctl(id, 0, SETVAL, 1); }

long lock_segment(int id) {
  if (::shmctl(id, SHM_LOCK, nullptr) != 0) return -1;
  return ::shmctl(id, SHM_UNLOCK, nullptr);
}

long get_attributes(int queue) {
  static mq_attr attributes;
  return ::mq_getattr(queue, &attributes);
}

long notify(int queue) {
  sigevent none{};
  none.sigev_notify = SIGEV_NONE;
  if (::mq_notify(queue, &none) != 0) return -1;
  return ::mq_notify(queue, nullptr);
}

long poll_queue(int queue) {
  pollfd asked{queue, POLLIN | POLLOUT, 0};
  return ::poll(&asked, 1, 0);
}

long read_queue(int queue) {
  std::array<char, 256> text{};
  return ::pread(queue, text.data(), text.size(), 0);
}

template <const char* kPath>
long list(int) {
  std::array<char, 1024> text{};
  const sys::Fd file(::open(kPath, O_RDONLY | O_CLOEXEC));
  return ::read(file.get(), text.data(), text.size());
}

constexpr char kMessages[] = "/proc/sysvipc/msg";
constexpr char kSemaphores[] = "/proc/sysvipc/sem";
constexpr char kSegments[] = "/proc/sysvipc/shm";

// A pidfd of a child that does nothing.
template <OfObject kCall>
sys::Result<Prepared> of_child() {
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    sys::die_with_parent(self);  // Which ends at once where the call is refused.
    for (;;) ::pause();
  }
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (pidfd < 0) return sys::last_error("pidfd_open()");
  // What an older kernel refuses, it lacks.
  if (kCall(pidfd) < 0) return sys::error(ENOSYS, "not of this kernel's pidfds");
  return Prepared{[pidfd] { return kCall(pidfd); }};
}

long wait_by_pidfd(int pidfd) {
  siginfo_t info{};
  return ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info,
                  WEXITED | WNOHANG);
}

long ask_pidfd(int pidfd) {
  sys::PidfdInfo info;
  return ::ioctl(pidfd, sys::kPidfdGetInfo, &info);
}

long stat_pidfd(int pidfd) {
  struct stat st {};
  return ::fstat(pidfd, &st);
}

long read_fdinfo(int pidfd) {
  static const std::string path = fmt::format("/proc/self/fdinfo/{}", pidfd);
  std::array<char, 512> text{};
  const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return ::read(file.get(), text.data(), text.size());
}

// From the process to its handle, and back.
long by_handle(int pidfd) {
  const auto handle = sys::handle_of(pidfd, "", AT_EMPTY_PATH);
  return measure::as_call(handle.and_then(
      [pidfd](const sys::FileHandle& known) { return sys::open_handle(pidfd, known); }));
}

const bool registered = register_operations({
    {"msg_stat",
     "one msgctl(IPC_STAT)",
     "msgctl(2)",
     {},
     of_queue<ask<msqid_ds, ::msgctl, IPC_STAT>>},
    {"msg_set", "one msgctl(IPC_SET)", "msgctl(2)", {}, of_queue<set_again<msqid_ds, ::msgctl>>},
    {"msg_info", "one msgctl(MSG_INFO)", "msgctl(2)", {}, of_queue<ask_queues>},
    {"msg_list",
     "open(2), read(2) and close(2) of /proc/sysvipc/msg",
     "sysvipc(7)",
     {},
     of_queue<list<kMessages>>},
    {"sem_stat",
     "one semctl(IPC_STAT)",
     "semctl(2)",
     {},
     of_semaphores<ask<semid_ds, semaphores, IPC_STAT>>},
    {"sem_set",
     "one semctl(IPC_SET)",
     "semctl(2)",
     {},
     of_semaphores<set_again<semid_ds, semaphores>>},
    {"sem_getall", "one semctl(GETALL) of four", "semctl(2)", {}, of_semaphores<get_all>},
    {"sem_setval", "one semctl(SETVAL)", "semctl(2)", {}, of_semaphores<set_value>},
    {"sem_info", "one semctl(SEM_INFO)", "semctl(2)", {}, of_semaphores<ask_semaphores>},
    {"sem_list",
     "open(2), read(2) and close(2) of /proc/sysvipc/sem",
     "sysvipc(7)",
     {},
     of_semaphores<list<kSemaphores>>},
    {"shm_stat",
     "one shmctl(IPC_STAT)",
     "shmctl(2)",
     {},
     of_segment<ask<shmid_ds, ::shmctl, IPC_STAT>>},
    {"shm_set", "one shmctl(IPC_SET)", "shmctl(2)", {}, of_segment<set_again<shmid_ds, ::shmctl>>},
    {"shm_info", "one shmctl(SHM_INFO)", "shmctl(2)", {}, of_segment<ask_limits<SHM_INFO>>},
    {"shm_limits", "one shmctl(IPC_INFO)", "shmctl(2)", {}, of_segment<ask_limits<IPC_INFO>>},
    {"shm_lock",
     "shmctl(SHM_LOCK) and shmctl(SHM_UNLOCK)",
     "shmctl(2)",
     {},
     of_segment<lock_segment>},
    {"shm_list",
     "open(2), read(2) and close(2) of /proc/sysvipc/shm",
     "sysvipc(7)",
     {},
     of_segment<list<kSegments>>},
    {"mq_getattr", "one mq_getattr(3)", "mq_getattr(3)", {}, of_posix_queue<get_attributes>},
    {"mq_notify",
     "mq_notify(3) that asks for it, and one that asks no more",
     "mq_notify(3)",
     {},
     of_posix_queue<notify>},
    {"mq_poll", "one poll(2) of a queue", "mq_overview(7)", {}, of_posix_queue<poll_queue>},
    {"mq_read",
     "one pread(2) of a queue's state",
     "mq_overview(7)",
     {},
     of_posix_queue<read_queue>},
    {"pidfd_wait", "one waitid(P_PIDFD, WNOHANG)", "waitid(2)", {}, of_child<wait_by_pidfd>},
    {"pidfd_info",
     "one ioctl(PIDFD_GET_INFO)",
     "linux/pidfd.h, PIDFD_GET_INFO",
     {},
     of_child<ask_pidfd>},
    {"pidfd_stat", "one fstat(2) of a pidfd", "pidfd_open(2)", {}, of_child<stat_pidfd>},
    {"pidfd_fdinfo",
     "open(2), read(2) and close(2) of a pidfd's fdinfo",
     "pidfd_open(2)",
     {pid},
     of_child<read_fdinfo>},
    {"pidfd_handle",
     "name_to_handle_at(2), open_by_handle_at(2) and close(2) of a pidfd",
     "fs/pidfs.c",
     {},
     of_child<by_handle>},
});

}  // namespace
}  // namespace nsvet::bench
