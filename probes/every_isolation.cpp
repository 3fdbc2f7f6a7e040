// Which namespace isolates what, and that the seven others do not: one check for each resource,
// asked from a new namespace of each type.
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <optional>

#include "every.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

using sys::last_error;

struct Resource {
  const char* name;
  const char* title;
  const char* rule;
  const char* source;
  std::optional<NsType> isolated_by;  ///< None: no type does.
  int refusal;                        ///< What the isolated asker gets.
  std::vector<Need> needs;
  void (*provide)();               ///< In the process that has the resource.
  sys::Result<> (*use)(pid_t of);  ///< In the process that asks.
  sys::Result<> (*confirm)();      ///< In the first one, after a use that succeeded.
};

int kept = -1;  // A descriptor of the provider, for its later steps.

sockaddr_un unix_address(std::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}
constexpr std::string_view kAbstract("\0nsvet-isolation", 16);
constexpr std::string_view kSocketPath = "/tmp/socket";

void listen_on(std::string_view name) {
  const auto address = unix_address(name);
  kept = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(kept, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(kept, 16) != 0) {
    setup(sys::Result<>(last_error("listen({})", name)));
  }
}

sys::Result<> connect_to(std::string_view name) {
  const auto address = unix_address(name);
  const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return last_error("connect()");
  }
  return {};
}

sys::Result<> accepted() {
  const sys::Fd connection(::accept4(kept, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection) return last_error("accept()");
  return {};
}

int pipe_end = -1;

sys::Result<> read_byte() {
  char byte = 0;
  if (::read(kept, &byte, 1) != 1 || byte != 'n') return last_error("read()");
  return {};
}

volatile std::sig_atomic_t signals = 0;

constexpr key_t kKey = 0x6e737669;

const Resource kResources[] = {
    {"abstract_socket",
     "Abstract unix sockets are isolated by network namespaces alone",
     "an abstract name is found in its network namespace only, and from new namespaces of all "
     "other types",
     "network_namespaces(7), unix(7)",
     NsType::net,
     ECONNREFUSED,
     {},
     [] { listen_on(kAbstract); },
     [](pid_t) { return connect_to(kAbstract); },
     accepted},
    {"path_socket",
     "Unix sockets with a path are isolated by nothing but the path",
     "a socket is found by all who see the file, whatever their network namespace; it is not when "
     "a mount of theirs covers it",
     "unix(7)",
     NsType::mnt,
     ENOENT,
     {},
     [] { listen_on(kSocketPath); },
     [](pid_t) { return connect_to(kSocketPath); },
     accepted},
    {"fifo",
     "Named pipes are isolated by nothing but the path",
     "a FIFO is found by all who see the file; it is not when a mount of theirs covers it",
     "fifo(7)",
     NsType::mnt,
     ENOENT,
     {},
     [] {
       if (::mkfifo("/tmp/fifo", 0600) != 0) setup(sys::Result<>(last_error("mkfifo()")));
       kept = setup(sys::open("/tmp/fifo", O_RDONLY | O_NONBLOCK)).release();
     },
     [](pid_t) {
       return sys::open("/tmp/fifo", O_WRONLY | O_NONBLOCK).and_then([](const sys::Fd& fd) {
         return sys::write_all(fd.get(), "n");
       });
     },
     read_byte},
    {"pipe",
     "Pipes are isolated by no namespace",
     "a pipe has no name: whoever holds an end can use it, in whichever namespaces",
     "pipe(7)",
     std::nullopt,
     0,
     {},
     [] {
       auto pipe = setup(sys::make_pipe());
       kept = pipe.read.release();
       pipe_end = pipe.write.release();
     },
     [](pid_t) { return sys::write_all(pipe_end, "n"); },
     read_byte},
    {"sysv_key",
     "System V keys are isolated by IPC namespaces alone",
     "a message queue's key is found in its IPC namespace only, and from new namespaces of all "
     "other types",
     "ipc_namespaces(7)",
     NsType::ipc,
     ENOENT,
     {Need::sysvipc},
     [] {
       kept = ::msgget(kKey, IPC_CREAT | IPC_EXCL | 0600);
       if (kept < 0) setup(sys::Result<>(last_error("msgget()")));
     },
     [](pid_t) -> sys::Result<> {
       const int id = ::msgget(kKey, 0600);
       if (id < 0) return last_error("msgget()");
       const struct {
         long type;
         char byte;
       } message{1, 'n'};
       if (::msgsnd(id, &message, 1, IPC_NOWAIT) != 0) return last_error("msgsnd()");
       return {};
     },
     []() -> sys::Result<> {
       struct {
         long type;
         char byte;
       } message{};
       if (::msgrcv(kept, &message, 1, 0, IPC_NOWAIT) != 1) return last_error("msgrcv()");
       return {};
     }},
    {"mqueue",
     "POSIX message queues are isolated by IPC namespaces alone",
     "a queue's name is found in its IPC namespace only, and from new namespaces of all other "
     "types",
     "ipc_namespaces(7)",
     NsType::ipc,
     ENOENT,
     {Need::mqueue},
     [] {
       kept = ::mq_open("/nsvet", O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, nullptr);
       if (kept < 0) setup(sys::Result<>(last_error("mq_open()")));
     },
     [](pid_t) -> sys::Result<> {
       const mqd_t queue = ::mq_open("/nsvet", O_WRONLY);
       if (queue < 0) return last_error("mq_open()");
       const int sent = ::mq_send(queue, "n", 1, 0);
       ::mq_close(queue);
       if (sent != 0) return last_error("mq_send()");
       return {};
     },
     []() -> sys::Result<> {
       std::array<char, 8192> message;
       if (::mq_receive(kept, message.data(), message.size(), nullptr) != 1) {
         return last_error("mq_receive()");
       }
       return {};
     }},
    {"signal",
     "Signals are isolated by PID namespaces alone",
     "a process outside has no PID inside a new PID namespace (ESRCH); from new namespaces of all "
     "other types it can be signalled",
     "pid_namespaces(7), kill(2)",
     NsType::pid,
     ESRCH,
     {},
     [] { ::signal(SIGUSR1, [](int) { signals = signals + 1; }); },
     [](pid_t provider) -> sys::Result<> {
       if (::kill(provider, SIGUSR1) != 0) return last_error("kill()");
       return {};
     },
     []() -> sys::Result<> {
       if (!eventually([] { return signals == 1; })) return sys::error(EINTR, "signal");
       signals = 0;
       return {};
     }},
};

void expect_isolation(Check& t, const Resource& resource) {
  // All in namespaces of its own, so that nothing of the host's is in reach.
  Actor provider = t.spawn({.flags = CLONE_NEWIPC | CLONE_NEWNET});
  provider([] { enter_private_mounts(); });
  const auto index = &resource - kResources;
  provider([index] { kResources[index].provide(); });
  for (const auto& type : model::kNsTypes) {
    if (!missing(type.type).empty()) continue;
    if (type.type == NsType::user && !missing(Need::userns).empty()) continue;
    Actor asker = provider.spawn({.flags = type.clone_flag});
    const bool isolated = resource.isolated_by == type.type;
    if (type.type == NsType::mnt && isolated) {
      setup(asker([] { return sys::mount("tmpfs", "/tmp", "tmpfs", 0); }));
    }
    const auto used = asker([index, pid = provider.pid()] { return kResources[index].use(pid); });
    if (isolated) {
      t.expect_errno(fmt::format("from a new {} namespace", type.name), used, resource.refusal);
    } else if (t.expect_success(fmt::format("from a new {} namespace", type.name), used)) {
      t.expect_success(fmt::format("what came from a new {} namespace", type.name),
                       provider([index] { return kResources[index].confirm(); }));
    }
  }
}

bool register_resources() {
  for (const Resource& resource : kResources) {
    CheckInfo info{.id = fmt::format("every.isolation.{}", resource.name),
                   .title = resource.title,
                   .rule = resource.rule,
                   .source = resource.source,
                   .types = {NsType::ipc, NsType::mnt, NsType::net},
                   .needs = {Need::admin}};
    info.needs.insert(info.needs.end(), resource.needs.begin(), resource.needs.end());
    register_check(std::move(info), [&resource](Check& t) { expect_isolation(t, resource); });
  }
  return true;
}
const bool resources_registered = register_resources();

}  // namespace
}  // namespace nsvet::probe
