// PIDs that System V IPC and POSIX message queues remember, as each namespace reads them.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

#include <array>

#include "pid_family.h"
#include "pid_signal.h"

namespace nsvet::probe {
namespace {

CheckInfo ipc_rule(std::string id, std::string title, std::string rule, std::string source,
                   Need need) {
  CheckInfo info = pid_rule(std::move(id), std::move(title), std::move(rule), std::move(source));
  info.types.push_back(NsType::ipc);
  info.needs.push_back(need);
  return info;
}

constexpr key_t kKey = 0x6e73;

void expect_numbers(Check& t, Family& family, const char* what, pid_t (*ask)()) {
  t.expect(fmt::format("{} inside", what), family.init([ask] { return ask(); }), 2);
  t.expect(fmt::format("{} in the parent namespace", what), family.outer([ask] { return ask(); }),
           3);
  t.expect(fmt::format("{} in a sibling namespace", what), family.sibling([ask] { return ask(); }),
           0);
}

NSVET_CHECK(semaphore, ipc_rule("pid.translated.semctl", "semctl(GETPID) is translated",
                                "sempid is the PID of who changed the semaphore last, in the "
                                "caller's namespace",
                                "semctl(2), pid_namespaces(7)", Need::sysvipc)) {
  Family family = make_family(t, CLONE_NEWIPC);
  setup(family.member([]() -> sys::Result<> {
    const int id = ::semget(kKey, 1, IPC_CREAT | 0666);
    sembuf up{0, 1, 0};
    if (id < 0 || ::semop(id, &up, 1) != 0) return sys::last_error("semop()");
    return {};
  }));
  expect_numbers(t, family, "GETPID", [] { return ::semctl(::semget(kKey, 0, 0), 0, GETPID); });
}

NSVET_CHECK(messages, ipc_rule("pid.translated.msgctl", "msg_lspid and msg_lrpid are translated",
                               "the PIDs of the last sender and receiver are those of the caller's "
                               "namespace",
                               "msgctl(2), pid_namespaces(7)", Need::sysvipc)) {
  Family family = make_family(t, CLONE_NEWIPC);
  setup(family.member([]() -> sys::Result<> {
    const int id = ::msgget(kKey, IPC_CREAT | 0666);
    struct {
      long type = 1;
      char text = 'x';
    } message;
    if (id < 0 || ::msgsnd(id, &message, 1, 0) != 0 || ::msgrcv(id, &message, 1, 0, 0) < 0) {
      return sys::last_error("msgsnd()");
    }
    return {};
  }));
  static constexpr auto kState = [] {
    msqid_ds state{};
    ::msgctl(::msgget(kKey, 0), IPC_STAT, &state);
    return state;
  };
  expect_numbers(t, family, "msg_lspid", [] { return kState().msg_lspid; });
  expect_numbers(t, family, "msg_lrpid", [] { return kState().msg_lrpid; });
}

NSVET_CHECK(memory, ipc_rule("pid.translated.shmctl", "shm_cpid and shm_lpid are translated",
                             "the PIDs of the creator and of the last user are those of the "
                             "caller's namespace",
                             "shmctl(2), pid_namespaces(7)", Need::sysvipc)) {
  Family family = make_family(t, CLONE_NEWIPC);
  setup(family.member([]() -> sys::Result<> {
    const int id = ::shmget(kKey, 4096, IPC_CREAT | 0666);
    void* place = id < 0 ? nullptr : ::shmat(id, nullptr, 0);
    if (place == nullptr || ::shmdt(place) != 0) return sys::last_error("shmget()");
    return {};
  }));
  static constexpr auto kState = [] {
    shmid_ds state{};
    ::shmctl(::shmget(kKey, 0, 0), IPC_STAT, &state);
    return state;
  };
  expect_numbers(t, family, "shm_cpid", [] { return kState().shm_cpid; });
  expect_numbers(t, family, "shm_lpid", [] { return kState().shm_lpid; });
}

NSVET_CHECK(queue_notification,
            ipc_rule("pid.translated.mq_notify", "The sender in mq_notify(3) is translated",
                     "si_pid of SI_MESGQ is the sender's PID in the receiver's namespace, 0 where "
                     "it has none",
                     "mq_notify(3), pid_namespaces(7)", Need::mqueue)) {
  Family family = make_family(t, CLONE_NEWIPC);
  setup(family.init([]() -> sys::Result<> {
    if (::mq_open("/nsvet", O_RDWR | O_CREAT, 0666, nullptr) < 0) return sys::last_error("mq_open");
    return {};
  }));
  auto told = [&](Actor& receiver, Actor& sender) {
    setup(receiver([]() -> sys::Result<> {
      set_disposition(Disposition::blocked);
      sigevent event{};
      event.sigev_notify = SIGEV_SIGNAL;
      event.sigev_signo = SIGUSR1;
      const mqd_t queue = ::mq_open("/nsvet", O_RDWR);
      if (queue < 0 || ::mq_notify(queue, &event) != 0) return sys::last_error("mq_notify()");
      return {};
    }));
    setup(sender([]() -> sys::Result<> {
      const mqd_t queue = ::mq_open("/nsvet", O_RDWR);
      if (queue < 0 || ::mq_send(queue, "x", 1, 0) != 0) return sys::last_error("mq_send()");
      return {};
    }));
    return receiver([] {
      sigset_t one;
      ::sigemptyset(&one);
      ::sigaddset(&one, SIGUSR1);
      siginfo_t info{};
      const timespec limit{20, 0};
      const int got = ::sigtimedwait(&one, &info, &limit);
      std::array<char, 8192> rest{};
      const mqd_t queue = ::mq_open("/nsvet", O_RDWR | O_NONBLOCK);
      ::mq_receive(queue, rest.data(), rest.size(), nullptr);
      ::mq_close(queue);
      set_disposition(Disposition::standard);
      if (got < 0) return sys::errno_name(errno);
      return fmt::format("pid {} code {}", info.si_pid, info.si_code);
    });
  };
  t.expect("from a member", told(family.init, family.member),
           fmt::format("pid 2 code {}", SI_MESGQ));
  t.expect("from inside to the parent namespace", told(family.outer, family.member),
           fmt::format("pid 3 code {}", SI_MESGQ));
  t.expect("from the parent namespace", told(family.init, family.outer),
           fmt::format("pid 0 code {}", SI_MESGQ));
  t.expect("from a sibling namespace", told(family.sibling, family.member),
           fmt::format("pid 0 code {}", SI_MESGQ));
}

}  // namespace
}  // namespace nsvet::probe
