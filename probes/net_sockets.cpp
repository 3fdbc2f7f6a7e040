// Sockets stay in the network namespace in which they were made; who may do what there.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sys::Result<> connect_socket(int socket, std::uint16_t port) {
  return connect_to(socket, loopback(port));
}

sys::Result<int> bound(int type, std::uint16_t port) {
  auto made = new_socket(AF_INET, type);
  if (!made) return made;
  sys::Fd socket(*made);
  if (auto done = bind_to(socket.get(), loopback(port)); !done) {
    return tl::unexpected(done.error());
  }
  if (type == SOCK_STREAM && ::listen(socket.get(), 4) != 0) return sys::last_error("listen()");
  return socket.release();
}

NSVET_CHECK(sockets_stay, {.id = "net.socket.stays",
                           .title = "A socket stays in the network namespace it was made in",
                           .rule = "after unshare(CLONE_NEWNET) a socket made before connects in "
                                   "the old namespace, one made after in the new",
                           .source = "network_namespaces(7)",
                           .types = {NsType::net},
                           .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  require(one([] { return set_up("lo"); }));
  require(one([] { return bound(SOCK_STREAM, 4711); }));
  Actor two = one.spawn();
  const int old = setup(two([] { return new_socket(AF_INET, SOCK_STREAM); }));
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  require(two([] { return set_up("lo"); }));
  const int fresh = setup(two([] { return new_socket(AF_INET, SOCK_STREAM); }));
  t.expect_success("connect() by the old socket", two([old] { return connect_socket(old, 4711); }));
  t.expect_errno("connect() by a new one", two([fresh] { return connect_socket(fresh, 4711); }),
                 ECONNREFUSED);
}

NSVET_CHECK(udp_ports, {.id = "net.ports.udp",
                        .title = "UDP ports are private to a network namespace",
                        .rule = "a bound port is taken in its namespace (EADDRINUSE) and free in "
                                "another; a datagram to it stays inside",
                        .source = "network_namespaces(7), udp(7)",
                        .types = {NsType::net},
                        .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  for (Actor* actor : {&one, &two}) require((*actor)([] { return set_up("lo"); }));
  const int here = require(one([] { return bound(SOCK_DGRAM, 4711); }));
  t.expect_errno("the port again", one([] { return bound(SOCK_DGRAM, 4711); }), EADDRINUSE);
  const int there = require(two([] { return bound(SOCK_DGRAM, 4711); }));
  require(one([]() -> sys::Result<> {
    auto socket = new_socket(AF_INET, SOCK_DGRAM);
    if (!socket) return tl::unexpected(socket.error());
    const sys::Fd own(*socket);
    if (auto connected = connect_socket(own.get(), 4711); !connected) return connected;
    return result_of(::send(own.get(), "n", 1, 0), "send()");
  }));
  const auto arrived = [](int socket) {
    return [socket] {
      char byte = 0;
      return ::recv(socket, &byte, 1, MSG_DONTWAIT) == 1;
    };
  };
  t.expect("it arrives", eventually([&] { return one(arrived(here)); }), true);
  t.expect("it arrives in the other", two(arrived(there)), false);
}

NSVET_CHECK(loopback_down, {.id = "net.loopback.down",
                            .title = "Nothing can be reached in a new network namespace",
                            .rule = "while lo is down, 127.0.0.1 cannot be reached (ENETUNREACH)",
                            .source = "network_namespaces(7)",
                            .types = {NsType::net},
                            .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWNET});
  const auto connect = [] {
    return new_socket(AF_INET, SOCK_DGRAM).and_then([](int fd) {
      const sys::Fd socket(fd);
      return connect_socket(socket.get(), 4711);
    });
  };
  t.expect_errno("connect() while lo is down", inside(connect), ENETUNREACH);
  require(inside([] { return set_up("lo"); }));
  t.expect_success("connect() when it is up", inside(connect));
}

constexpr int kNetnsCookie = 71;  // SO_NETNS_COOKIE, newer than the headers of older systems.

sys::Result<std::uint64_t> cookie_of(int socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(socket, SOL_SOCKET, kNetnsCookie, &cookie, &size) != 0) {
    return sys::last_error("SO_NETNS_COOKIE");
  }
  return cookie;
}

NSVET_CHECK(cookie,
            {.id = "net.socket.cookie",
             .title = "SO_NETNS_COOKIE names a socket's network namespace",
             .rule = "it is the same for all sockets of a namespace, not 0, differs between "
                     "namespaces, and stays with the socket",
             .source = "socket(7), commit e8b9eab99232",
             .types = {NsType::net},
             .needs = {Need::admin},
             .since = "5.14"}) {
  const auto ask = [] {
    return new_socket(AF_INET, SOCK_DGRAM).and_then([](int fd) {
      const sys::Fd socket(fd);
      return cookie_of(socket.get());
    });
  };
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = one.spawn();
  const auto first = one(ask);
  if (!first && first.error().number == ENOPROTOOPT) {
    Check::skip("this kernel has no SO_NETNS_COOKIE");
  }
  require(first);
  t.expect("it is 0", *first == 0, false);
  t.expect("asked again", require(one(ask)), *first);
  t.expect("asked by a child", require(two(ask)), *first);
  const int old = setup(two([] { return new_socket(AF_INET, SOCK_STREAM); }));
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  t.expect_differ("in a new namespace", require(two(ask)), *first);
  t.expect("of an old socket", require(two([old] { return cookie_of(old); })), *first);
}

NSVET_CHECK(socket_namespace, {.id = "net.socket.namespace",
                               .title = "SIOCGSKNS opens a socket's network namespace",
                               .rule = "it is that in which the socket was made, for every family; "
                                       "it needs CAP_NET_ADMIN over it (EPERM); another file gives "
                                       "ENOTTY",
                               .source = "net/socket.c",
                               .types = {NsType::net},
                               .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  const auto home = setup(one([] { return sys::ns_id(NsType::net); }));
  const auto ask = [](int socket) {
    return [socket]() -> sys::Result<sys::NsId> {
      const sys::Fd fd(::ioctl(socket, SIOCGSKNS));
      if (!fd) return sys::last_error("SIOCGSKNS");
      return sys::ns_id_of_fd(fd.get());
    };
  };
  struct Row {
    const char* name;
    int family, type, protocol;
  };
  constexpr Row kRows[] = {{"TCP", AF_INET, SOCK_STREAM, 0},
                           {"UDP", AF_INET, SOCK_DGRAM, 0},
                           {"raw", AF_INET, SOCK_RAW, IPPROTO_ICMP},
                           {"unix", AF_UNIX, SOCK_STREAM, 0},
                           {"netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
                           {"IPv6", AF_INET6, SOCK_STREAM, 0}};
  Actor two = one.spawn();
  std::vector<std::pair<const char*, int>> sockets;
  for (const Row& row : kRows) {
    const auto made = two([row] { return new_socket(row.family, row.type, row.protocol); });
    if (!made && made.error().number == EAFNOSUPPORT) continue;
    sockets.emplace_back(row.name, require(made));
  }
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  for (const auto& [name, socket] : sockets) {
    t.expect(fmt::format("namespace of a {} socket made before unshare()", name),
             require(two(ask(socket))), home);
  }
  const int fresh = setup(two([] { return new_socket(AF_INET, SOCK_STREAM); }));
  t.expect("namespace of one made after", require(two(ask(fresh))),
           setup(two([] { return sys::ns_id(NsType::net); })));
  const auto not_a_socket = setup(sys::open("/proc/self/status", O_RDONLY));
  t.expect_errno("of another file", ask(not_a_socket.get())(), ENOTTY);
  setup(two([] { return sys::drop_capability(CAP_NET_ADMIN); }));
  t.expect_errno("without CAP_NET_ADMIN", two(ask(fresh)), EPERM);
}

NSVET_CHECK(capabilities,
            {.id = "net.capabilities.owner",
             .title = "Capabilities count in the user namespace that owns the network "
                      "namespace",
             .rule = "raw and packet sockets and low ports are refused to the root "
                     "of a user namespace in its parent's network namespace (EPERM, "
                     "EACCES), and allowed in its own",
             .source = "user_namespaces(7), network_namespaces(7)",
             .types = {NsType::net, NsType::user},
             .needs = {Need::admin, Need::userns}}) {
  Actor outer = t.spawn({.flags = CLONE_NEWNET});
  require(outer([] { return set_up("lo"); }));
  Actor inner = outer.spawn({.flags = CLONE_NEWUSER});
  const auto raw = [] {
    return new_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP).map([](int fd) { ::close(fd); });
  };
  const auto packet = [] {
    return new_socket(AF_PACKET, SOCK_RAW, 0).map([](int fd) { ::close(fd); });
  };
  const auto low_port = [] { return bound(SOCK_STREAM, 80).map([](int fd) { ::close(fd); }); };
  t.expect_errno("raw socket in the parent's", inner(raw), EPERM);
  t.expect_errno("port 80 in the parent's", inner(low_port), EACCES);
  const auto outer_packet = outer(packet);
  const bool has_packet = !(!outer_packet && outer_packet.error().number == EAFNOSUPPORT);
  if (has_packet) t.expect_errno("packet socket in the parent's", inner(packet), EPERM);
  require(inner([] { return sys::unshare(CLONE_NEWNET); }));
  require(inner([] { return set_up("lo"); }));
  t.expect_success("raw socket in its own", inner(raw));
  t.expect_success("port 80 in its own", inner(low_port));
  if (has_packet) t.expect_success("packet socket in its own", inner(packet));
}

// Sysctls of a network namespace: what to write, and that it stays there.
struct Sysctl {
  const char* name;
  const char* file;
  const char* value;
};
const Sysctl kSysctls[] = {
    {"ip_forward", "ipv4/ip_forward", "1"},
    {"ip_local_port_range", "ipv4/ip_local_port_range", "40000\t41000"},
    {"ip_nonlocal_bind", "ipv4/ip_nonlocal_bind", "1"},
    {"icmp_echo_ignore_all", "ipv4/icmp_echo_ignore_all", "1"},
    {"tcp_syncookies", "ipv4/tcp_syncookies", "0"},
    {"tcp_fin_timeout", "ipv4/tcp_fin_timeout", "17"},
    {"tcp_keepalive_time", "ipv4/tcp_keepalive_time", "4711"},
    {"conf_all_rp_filter", "ipv4/conf/all/rp_filter", "2"},
    {"conf_lo_tag", "ipv4/conf/lo/tag", "4711"},
    {"ping_group_range", "ipv4/ping_group_range", "0\t0"},
    {"unprivileged_port_start", "ipv4/ip_unprivileged_port_start", "81"},
    {"somaxconn", "core/somaxconn", "77"},
    {"max_dgram_qlen", "unix/max_dgram_qlen", "33"},
    {"ipv6_forwarding", "ipv6/conf/all/forwarding", "1"},
};

void expect_private_sysctl(Check& t, const Sysctl& sysctl) {
  const auto index = &sysctl - kSysctls;
  const auto path = [](std::ptrdiff_t i) {
    return fmt::format("/proc/sys/net/{}", kSysctls[i].file);
  };
  const auto read = [index, path] { return sys::read_file(path(index)); };
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto initial = two(read);
  if (!initial && initial.error().number == ENOENT) Check::skip(path(index) + " is not there");
  t.fact("initial", require(initial).substr(0, initial->size() - 1));
  const std::string value = sysctl.value + std::string("\n");
  t.expect_differ("before", require(one(read)), value);
  require(one([index, path] { return sys::write_file(path(index), kSysctls[index].value); }));
  t.expect("where it was written", require(one(read)), value);
  Actor child = one.spawn();
  t.expect("in a child", require(child(read)), value);
  t.expect("in another namespace", require(two(read)), *initial);
  Actor later = one.spawn({.flags = CLONE_NEWNET});
  t.expect("in one made later from there", require(later(read)), *initial);
  const int fd = two.give(netns_of(one).get());
  require(two([fd] { return sys::setns(fd, CLONE_NEWNET); }));
  t.expect("after setns()", require(two(read)), value);
}

bool register_sysctls() {
  for (const Sysctl& sysctl : kSysctls) {
    register_check({.id = fmt::format("net.sysctl.{}", sysctl.name),
                    .title = fmt::format("net/{} is private to a network namespace", sysctl.file),
                    .rule = fmt::format("/proc/sys/net/{} belongs to the reader's network "
                                        "namespace; a new one does not take its maker's value",
                                        sysctl.file),
                    .source = "network_namespaces(7)",
                    .types = {NsType::net},
                    .needs = {Need::admin}},
                   [&sysctl](Check& t) { expect_private_sysctl(t, sysctl); });
  }
  return true;
}
const bool sysctls_registered = register_sysctls();

NSVET_CHECK(proc_net, {.id = "net.proc.reader",
                       .title = "/proc/PID/net shows that process's network namespace",
                       .rule = "/proc/net is /proc/self/net, and follows unshare(2) and setns(2); "
                               "/proc/PID/net shows another's",
                       .source = "proc_pid_net(5), network_namespaces(7)",
                       .types = {NsType::net},
                       .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  need_device_type(one([] { return add_device("nsvet0"); }));
  const auto lists = [](pid_t pid) {
    return [pid] {
      const auto path = pid == 0 ? "/proc/net/dev" : fmt::format("/proc/{}/net/dev", pid);
      return setup(sys::read_file(path)).find("nsvet0:") != std::string::npos;
    };
  };
  t.expect("/proc/net inside", one(lists(0)), true);
  t.expect("/proc/net in another", two(lists(0)), false);
  t.expect("/proc/PID/net of the first, read by the other", two(lists(one.pid())), true);
  t.expect("/proc/PID/net of the other, read by the first", one(lists(two.pid())), false);
  const int fd = two.give(netns_of(one).get());
  require(two([fd] { return sys::setns(fd, CLONE_NEWNET); }));
  t.expect("/proc/net after setns()", two(lists(0)), true);
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  t.expect("/proc/net after unshare()", two(lists(0)), false);
}

NSVET_CHECK(sysfs, {.id = "net.sysfs.mounter",
                    .title = "/sys/class/net shows the network namespace of the mount",
                    .rule = "a sysfs mounted in a network namespace lists its devices, to whomever "
                            "reads it",
                    .source = "sysfs(5), network_namespaces(7)",
                    .types = {NsType::net, NsType::mnt},
                    .needs = {Need::root}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  one([] { enter_private_mounts(); });
  Actor two = one.spawn({.flags = CLONE_NEWNET});
  need_device_type(two([] { return add_device("nsvet0"); }));
  require(one([] { return add_device("nsvet1"); }));
  for (const char* folder : {"/tmp/one", "/tmp/two"}) {
    require(one([folder] { return sys::make_directory(folder); }));
  }
  require(one([] { return sys::mount("sysfs", "/tmp/one", "sysfs", 0); }));
  require(two([] { return sys::mount("sysfs", "/tmp/two", "sysfs", 0); }));
  const auto shows = [](const char* folder, const char* device) {
    return [folder, device] {
      return setup(sys::exists(fmt::format("{}/class/net/{}", folder, device)));
    };
  };
  t.expect("the second's mount, read there", two(shows("/tmp/two", "nsvet0")), true);
  t.expect("the second's mount, read by the first", one(shows("/tmp/two", "nsvet0")), true);
  t.expect("the first's device there", one(shows("/tmp/two", "nsvet1")), false);
  t.expect("the first's mount, read there", one(shows("/tmp/one", "nsvet1")), true);
  t.expect("the first's mount, read by the second", two(shows("/tmp/one", "nsvet1")), true);
  t.expect("the second's device there", two(shows("/tmp/one", "nsvet0")), false);
}

}  // namespace
}  // namespace nsvet::probe
