// System V IPC, POSIX queues and sockets, from inside.
#include <fcntl.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "inside.h"
#include "sys/file.h"

namespace nsvet::bench {
namespace {

using enum model::NsType;

template <class Make>
sys::Result<Prepared> in_own_ipc(Make make) {
  if (auto in = own(CLONE_NEWIPC); !in) return tl::unexpected(in.error());
  return make();
}

sys::Result<Prepared> shm_call() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    return Prepared{[]() -> long {
                      const int id = ::shmget(IPC_PRIVATE, 4096, 0600);
                      return ::shmctl(id, IPC_RMID, nullptr);
                    },
                    {}};
  });
}

sys::Result<Prepared> msg_call() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    return Prepared{[]() -> long {
                      const int id = ::msgget(IPC_PRIVATE, 0600);
                      return ::msgctl(id, IPC_RMID, nullptr);
                    },
                    {}};
  });
}

sys::Result<Prepared> msg_send() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    const int id = ::msgget(IPC_PRIVATE, 0600);
    if (id < 0) return sys::last_error("msgget(IPC_PRIVATE)");
    return Prepared{[id]() -> long {
                      struct {
                        long type = 1;
                        std::array<char, 64> text{};
                      } message;
                      if (::msgsnd(id, &message, sizeof message.text, IPC_NOWAIT) != 0) return -1;
                      return ::msgrcv(id, &message, sizeof message.text, 0, IPC_NOWAIT);
                    },
                    {}};
  });
}

sys::Result<Prepared> sem_call() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    return Prepared{[]() -> long {
                      const int id = ::semget(IPC_PRIVATE, 1, 0600);
                      return ::semctl(id, 0, IPC_RMID);
                    },
                    {}};
  });
}

sys::Result<Prepared> semop_call() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    const int id = ::semget(IPC_PRIVATE, 1, 0600);
    if (id < 0) return sys::last_error("semget(IPC_PRIVATE)");
    return Prepared{[id]() -> long {
                      std::array<sembuf, 2> both{{{0, 1, 0}, {0, -1, 0}}};
                      return ::semop(id, both.data(), both.size());
                    },
                    {}};
  });
}

sys::Result<Prepared> mq_call() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    const mqd_t probe = ::mq_open("/nsvet", O_CREAT | O_RDWR, 0600, nullptr);
    if (probe < 0) return sys::last_error("mq_open(/nsvet)");
    ::mq_close(probe);
    ::mq_unlink("/nsvet");
    return Prepared{[]() -> long {
                      const mqd_t queue = ::mq_open("/nsvet", O_CREAT | O_RDWR, 0600, nullptr);
                      if (queue < 0) return -1;
                      ::mq_close(queue);
                      return ::mq_unlink("/nsvet");
                    },
                    {}};
  });
}

sys::Result<Prepared> mq_send_call() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    mq_attr shape{};
    shape.mq_maxmsg = 1;
    shape.mq_msgsize = 64;
    const mqd_t queue = ::mq_open("/nsvet", O_CREAT | O_RDWR, 0600, &shape);
    if (queue < 0) return sys::last_error("mq_open(/nsvet)");
    ::mq_unlink("/nsvet");
    return Prepared{[queue]() -> long {
                      std::array<char, 64> text{};
                      if (::mq_send(queue, text.data(), text.size(), 0) != 0) return -1;
                      return ::mq_receive(queue, text.data(), text.size(), nullptr);
                    },
                    {}};
  });
}

sys::Result<Prepared> shm_attach() {
  return in_own_ipc([]() -> sys::Result<Prepared> {
    const int id = ::shmget(IPC_PRIVATE, 4096, 0600);
    if (id < 0) return sys::last_error("shmget(IPC_PRIVATE)");
    return Prepared{[id]() -> long { return ::shmdt(::shmat(id, nullptr, 0)); }, {}};
  });
}

template <int kDomain, int kType>
sys::Result<Prepared> socket_call() {
  return Prepared{[]() -> long {
                    const int fd = ::socket(kDomain, kType | SOCK_CLOEXEC, 0);
                    return fd < 0 ? -1 : ::close(fd);
                  },
                  {}};
}

sys::Result<> loopback_up() {
  if (auto in = own(CLONE_NEWNET); !in) return in;
  const sys::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return sys::last_error("socket(AF_INET)");
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return sys::last_error("SIOCSIFFLAGS(lo)");
  return {};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* general(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// One message over a pair of connected sockets of one process, and back.
Prepared round_trip(int a, int b) {
  return {[a, b]() -> long {
            std::array<char, 64> text{};
            for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
              if (::send(from, text.data(), text.size(), 0) < 0) return -1;
              if (::recv(to, text.data(), text.size(), 0) < 0) return -1;
            }
            return 0;
          },
          {}};
}

sys::Result<Prepared> udp_call() {
  if (auto up = loopback_up(); !up) return tl::unexpected(up.error());
  std::array<int, 2> fds{};
  for (std::uint16_t i = 0; i < 2; ++i) {
    fds[i] = ::socket(AF_INET, SOCK_DGRAM, 0);
    const auto here = loopback(static_cast<std::uint16_t>(5000 + i));
    if (::bind(fds[i], general(here), sizeof here) != 0) return sys::last_error("bind(udp)");
  }
  for (std::uint16_t i = 0; i < 2; ++i) {
    const auto there = loopback(static_cast<std::uint16_t>(5001 - i));
    if (::connect(fds[i], general(there), sizeof there) != 0)
      return sys::last_error("connect(udp)");
  }
  return round_trip(fds[0], fds[1]);
}

struct TcpPair {
  int client = -1;
  int server = -1;
};

sys::Result<TcpPair> connect_tcp(int listener) {
  TcpPair pair;
  pair.client = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto there = loopback(5000);
  if (::connect(pair.client, general(there), sizeof there) != 0) {
    return sys::last_error("connect(tcp)");
  }
  pair.server = ::accept(listener, nullptr, nullptr);
  return pair;
}

sys::Result<int> listen_tcp() {
  if (auto up = loopback_up(); !up) return tl::unexpected(up.error());
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto here = loopback(5000);
  if (::bind(listener, general(here), sizeof here) != 0 || ::listen(listener, 8) != 0) {
    return sys::last_error("listen(tcp)");
  }
  return listener;
}

sys::Result<Prepared> tcp_call() {
  const auto listener = listen_tcp();
  if (!listener) return tl::unexpected(listener.error());
  const auto pair = connect_tcp(*listener);
  if (!pair) return tl::unexpected(pair.error());
  return round_trip(pair->client, pair->server);
}

sys::Result<Prepared> tcp_connect() {
  const auto listener = listen_tcp();
  if (!listener) return tl::unexpected(listener.error());
  static TcpPair pair;
  return Prepared{[fd = *listener]() -> long {
                    const auto made = connect_tcp(fd);
                    if (!made) return -1;
                    pair = *made;
                    return 0;
                  },
                  [] {
                    ::close(pair.client);
                    ::close(pair.server);
                  }};
}

sys::Result<Prepared> unix_call() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) != 0)
    return sys::last_error("socketpair()");
  return round_trip(fds[0], fds[1]);
}

sys::Result<Prepared> pipe_call() {
  std::array<int, 2> fds{};
  if (::pipe(fds.data()) != 0) return sys::last_error("pipe()");
  return Prepared{[fds]() -> long {
                    std::array<char, 64> text{};
                    if (::write(fds[1], text.data(), text.size()) < 0) return -1;
                    return ::read(fds[0], text.data(), text.size());
                  },
                  {}};
}

sys::Result<Prepared> abstract_bind() {
  return Prepared{[]() -> long {
                    sockaddr_un name{};
                    name.sun_family = AF_UNIX;
                    std::memcpy(name.sun_path, "\0nsvet-bench", 12);
                    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
                    const int bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&name),
                                             offsetof(sockaddr_un, sun_path) + 12);
                    ::close(fd);
                    return bound;
                  },
                  {}};
}

sys::Result<Prepared> ifindex_call() {
  static int fd = -1;
  fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return sys::last_error("socket(AF_INET)");
  return Prepared{[]() -> long {
                    ifreq request{};
                    std::strncpy(request.ifr_name, "lo", IFNAMSIZ);
                    return ::ioctl(fd, SIOCGIFINDEX, &request);
                  },
                  {}};
}

const bool registered = register_operations({
    {"shm", "shmget(2) of a page and shmctl(IPC_RMID)", "shmget(2)", {user}, shm_call},
    {"shm_attach", "shmat(2) and shmdt(2) of a page", "shmop(2)", {}, shm_attach},
    {"msg", "msgget(2) and msgctl(IPC_RMID)", "msgget(2)", {user}, msg_call},
    {"msgsnd", "msgsnd(2) and msgrcv(2) of 64 bytes", "msgop(2)", {user, pid}, msg_send},
    {"sem", "semget(2) and semctl(IPC_RMID)", "semget(2)", {user}, sem_call},
    {"semop", "one semop(2) up and down", "semop(2)", {user, pid}, semop_call},
    {"mq", "mq_open(3), mq_close(3) and mq_unlink(3)", "mq_overview(7)", {user}, mq_call},
    {"mq_send", "mq_send(3) and mq_receive(3) of 64 bytes", "mq_overview(7)", {}, mq_send_call},
    {"socket_tcp",
     "socket(AF_INET, SOCK_STREAM) and close(2)",
     "network_namespaces(7)",
     {net, user},
     socket_call<AF_INET, SOCK_STREAM>},
    {"socket_udp6",
     "socket(AF_INET6, SOCK_DGRAM) and close(2)",
     "network_namespaces(7)",
     {net},
     socket_call<AF_INET6, SOCK_DGRAM>},
    {"socket_netlink",
     "socket(AF_NETLINK) and close(2)",
     "network_namespaces(7)",
     {net},
     socket_call<AF_NETLINK, SOCK_RAW>},
    {"socket_unix",
     "socket(AF_UNIX, SOCK_STREAM) and close(2)",
     "network_namespaces(7)",
     {net},
     socket_call<AF_UNIX, SOCK_STREAM>},
    {"bind_abstract",
     "socket(2), bind(2) to an abstract name, close(2)",
     "unix(7)",
     {net},
     abstract_bind},
    {"ifindex", "one ioctl(SIOCGIFINDEX) of lo", "netdevice(7)", {net}, ifindex_call},
    {"udp", "64 bytes over UDP through lo, and back", "udp(7)", {}, udp_call},
    {"tcp", "64 bytes over TCP through lo, and back", "tcp(7)", {}, tcp_call},
    {"tcp_connect", "socket(2), connect(2) and accept(2) through lo", "tcp(7)", {}, tcp_connect},
    {"unix", "64 bytes over a UNIX socket pair, and back", "unix(7)", {net, pid}, unix_call},
    {"pipe", "64 bytes through a pipe", "pipe(7)", {}, pipe_call},
});

}  // namespace
}  // namespace nsvet::bench
