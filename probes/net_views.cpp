// Sockets that only their own network namespace lists, finds or hears.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "net.h"

namespace nsvet::probe {
namespace {

constexpr std::uint16_t kPort = 4711;  // 1267 in hexadecimal.

sockaddr_nl netlink_address() {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_pid = kPort;
  return address;
}

sockaddr_un abstract_address() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string_view("\0nsvet-listed", 13).copy(address.sun_path, sizeof address.sun_path);
  return address;
}

sockaddr_in any_address() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  return address;
}

sockaddr_in6 any_address6() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(kPort);
  return address;
}

// A socket as /proc/net/FILE lists it: a line that contains `shown`, or any below the heading.
struct Listed {
  const char* file;
  const char* shown;
  int family, type, protocol;
};
const Listed kListed[] = {
    {"tcp", ":1267 ", AF_INET, SOCK_STREAM, 0},
    {"tcp6", ":1267 ", AF_INET6, SOCK_STREAM, 0},
    {"udp", ":1267 ", AF_INET, SOCK_DGRAM, 0},
    {"udp6", ":1267 ", AF_INET6, SOCK_DGRAM, 0},
    {"raw", ":00FD ", AF_INET, SOCK_RAW, 253},
    {"unix", "@nsvet-listed", AF_UNIX, SOCK_STREAM, 0},
    {"netlink", " 4711 ", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
    {"packet", "", AF_PACKET, SOCK_DGRAM, 0},
};

sys::Result<int> opened(const Listed& row) {
  const auto made = new_socket(row.family, row.type, row.protocol);
  if (!made) return made;
  sys::Result<> bound;
  if (row.family == AF_UNIX) bound = bind_to(*made, abstract_address());
  if (row.family == AF_NETLINK) bound = bind_to(*made, netlink_address());
  if (row.family == AF_INET) bound = bind_to(*made, any_address());
  if (row.family == AF_INET6) bound = bind_to(*made, any_address6());
  if (!bound) return tl::unexpected(bound.error());
  if (row.type == SOCK_STREAM && ::listen(*made, 1) != 0) return sys::last_error("listen()");
  return made;
}

bool lists(const std::string& text, std::string_view shown) {
  const auto body = text.substr(std::min(text.find('\n'), text.size() - 1) + 1);
  return shown.empty() ? !body.empty() : body.find(shown) != std::string::npos;
}

void expect_listed(Check& t, const Listed& row) {
  const auto index = &row - kListed;
  const auto listed = [index] {
    const auto path = fmt::format("/proc/self/net/{}", kListed[index].file);
    return lists(setup(sys::read_file(path)), kListed[index].shown);
  };
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = one.spawn({.flags = CLONE_NEWNET});
  Actor in_one = one.spawn();
  const auto made = one([index] { return opened(kListed[index]); });
  if (!made && made.error().number == EAFNOSUPPORT) {
    Check::skip("this kernel has no such sockets");
  }
  const int socket = require(made);
  t.expect("in its namespace, read by another process", in_one(listed), true);
  t.expect("in another namespace", two(listed), false);
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  t.expect("in one made later", two(listed), false);
  one([socket] { ::close(socket); });
  t.expect("in its namespace, when it is closed", eventually([&] { return !in_one(listed); }),
           true);
}

bool register_listed() {
  for (const Listed& row : kListed) {
    register_check(
        {.id = fmt::format("net.proc.{}", row.file),
         .title = fmt::format("/proc/net/{} lists the sockets of its network namespace", row.file),
         .rule = fmt::format("a socket shows in /proc/net/{} of the network namespace in "
                             "which it was made, while it is open, and in no other",
                             row.file),
         .source = "proc_pid_net(5), network_namespaces(7)",
         .types = {NsType::net},
         .needs = {Need::admin}},
        [&row](Check& t) { expect_listed(t, row); });
  }
  return true;
}
const bool listed_registered = register_listed();

NSVET_CHECK(netlink_ports, {.id = "net.netlink.ports",
                            .title = "Netlink port ids are private to a network namespace",
                            .rule = "a port id is taken in its namespace (EADDRINUSE) and free in "
                                    "another; a message to it from another is refused "
                                    "(ECONNREFUSED)",
                            .source = "netlink(7), network_namespaces(7)",
                            .types = {NsType::net},
                            .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto bound = []() -> sys::Result<int> {
    const auto made = new_socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
    if (!made) return made;
    sys::Fd socket(*made);
    if (auto done = bind_to(socket.get(), netlink_address()); !done) {
      return tl::unexpected(done.error());
    }
    return socket.release();
  };
  const auto sent = [] {
    return new_socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK).and_then([](int fd) {
      const sys::Fd socket(fd);
      const auto to = netlink_address();
      return result_of(
          ::sendto(socket.get(), "n", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to),
          "sendto(netlink)");
    });
  };
  const auto received = [](int socket) {
    return [socket] {
      char byte = 0;
      return ::recv(socket, &byte, 1, MSG_DONTWAIT) == 1 && byte == 'n';
    };
  };
  const int here = require(one(bound));
  t.expect_errno("bound again in the same namespace", one(bound), EADDRINUSE);
  t.expect_errno("a message from another namespace", two(sent), ECONNREFUSED);
  t.expect_success("a message from its own", one(sent));
  t.expect("it arrives", one(received(here)), true);
  const int there = require(two(bound));
  require(two(sent));
  t.expect("a message in the other arrives there", two(received(there)), true);
  t.expect("it arrives in the first", one(received(here)), false);
}

NSVET_CHECK(packets, {.id = "net.packet.private",
                      .title = "A packet socket hears its own network namespace alone",
                      .rule = "AF_PACKET sockets get the packets on devices of the namespace in "
                              "which they were made, and none of others",
                      .source = "packet(7), network_namespaces(7)",
                      .types = {NsType::net},
                      .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto listening = [] { return new_socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)); };
  const auto made = one(listening);
  if (!made && made.error().number == EAFNOSUPPORT) {
    Check::skip("this kernel has no packet sockets");
  }
  const int here = require(made);
  const int there = require(two(listening));
  const auto send_local = [] {
    return new_socket(AF_INET, SOCK_DGRAM).and_then([](int fd) {
      const sys::Fd socket(fd);
      auto to = any_address();
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return result_of(
          ::sendto(socket.get(), "n", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to),
          "sendto()");
    });
  };
  const auto heard = [](int socket) {
    return [socket] {
      char byte = 0;
      return ::recv(socket, &byte, 1, MSG_DONTWAIT) == 1;
    };
  };
  for (Actor* actor : {&one, &two}) require((*actor)([] { return set_up("lo"); }));
  require(one(send_local));
  t.expect("heard in its namespace", eventually([&] { return one(heard(here)); }), true);
  t.expect("heard in another", two(heard(there)), false);
  require(two(send_local));
  t.expect("the other hears its own", eventually([&] { return two(heard(there)); }), true);
}

NSVET_CHECK(bound_device, {.id = "net.link.bound_socket",
                           .title = "A socket can be bound to a device of its namespace only",
                           .rule = "SO_BINDTODEVICE looks the name up in the socket's network "
                                   "namespace, whoever calls it: ENODEV for one that is only "
                                   "elsewhere",
                           .source = "socket(7), network_namespaces(7)",
                           .types = {NsType::net},
                           .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  need_device_type(one([] { return add_device("nsvet0"); }));
  Actor two = one.spawn();
  const auto make = [] { return new_socket(AF_INET, SOCK_DGRAM); };
  const int old = setup(two(make));
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  const int fresh = setup(two(make));
  const auto bind_device = [](int socket) {
    return [socket] {
      return result_of(::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, "nsvet0", 7),
                       "SO_BINDTODEVICE");
    };
  };
  t.expect_errno("a socket of another namespace", two(bind_device(fresh)), ENODEV);
  t.expect_success("one of its namespace, from another", two(bind_device(old)));
}

NSVET_CHECK(ports6, {.id = "net.ports.ipv6",
                     .title = "IPv6 ports are private to a network namespace",
                     .rule = "a port of ::1 bound in one network namespace is free in another, and "
                             "cannot be reached from there",
                     .source = "network_namespaces(7), ipv6(7)",
                     .types = {NsType::net},
                     .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto local = [] {
    auto address = any_address6();
    address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
    return address;
  };
  const auto listening = [local]() -> sys::Result<int> {
    const auto made = new_socket(AF_INET6, SOCK_STREAM);
    if (!made) return made;
    sys::Fd socket(*made);
    if (auto done = bind_to(socket.get(), local()); !done) return tl::unexpected(done.error());
    if (::listen(socket.get(), 1) != 0) return sys::last_error("listen()");
    return socket.release();
  };
  const auto connected = [local] {
    return new_socket(AF_INET6, SOCK_STREAM).and_then([local](int fd) {
      const sys::Fd socket(fd);
      return connect_to(socket.get(), local());
    });
  };
  const auto before = one(connected);
  if (!before && before.error().number == EAFNOSUPPORT) Check::skip("this kernel has no IPv6");
  for (Actor* actor : {&one, &two}) require((*actor)([] { return set_up("lo"); }));
  const auto bound = one(listening);
  if (!bound && bound.error().number == EADDRNOTAVAIL) Check::skip("IPv6 is disabled here");
  require(bound);
  t.expect_success("connect() in the same namespace", one(connected));
  t.expect_errno("connect() from the other", two(connected), ECONNREFUSED);
  t.expect_errno("bind() again in the same namespace", one(listening), EADDRINUSE);
  t.expect_success("bind() of the same port in the other", two(listening));
}

}  // namespace
}  // namespace nsvet::probe
