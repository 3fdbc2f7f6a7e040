// Sysctls of a network namespace in force: what its sockets do by them. And who may write them.
#include <arpa/inet.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "net.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

// An option of a new socket, as a number.
std::string option(int family, int type, int level, int name) {
  const auto made = new_socket(family, type);
  if (!made) return outcome(made);
  const sys::Fd socket(*made);
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket.get(), level, name, &value, &size) != 0) return sys::errno_name(errno);
  return std::to_string(value);
}

sockaddr_in local(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  return address;
}

std::string bound(const sockaddr_in& address) {
  const auto made = new_socket(AF_INET, SOCK_DGRAM);
  if (!made) return outcome(made);
  const sys::Fd socket(*made);
  return outcome(bind_to(socket.get(), address));
}

struct InForce {
  const char* name;
  const char* file;
  const char* value;
  const char* effect;  ///< What the value leads to.
  std::string (*ask)();
};
const InForce kInForce[] = {
    {"default_ttl", "ipv4/ip_default_ttl", "77", "77",
     [] { return option(AF_INET, SOCK_DGRAM, IPPROTO_IP, IP_TTL); }},
    {"tcp_keepalive_time", "ipv4/tcp_keepalive_time", "4711", "4711",
     [] { return option(AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_KEEPIDLE); }},
    {"tcp_keepalive_probes", "ipv4/tcp_keepalive_probes", "47", "47",
     [] { return option(AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_KEEPCNT); }},
    {"tcp_fin_timeout", "ipv4/tcp_fin_timeout", "17", "17",
     [] { return option(AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_LINGER2); }},
    {"tcp_wmem", "ipv4/tcp_wmem", "4096\t20000\t400000", "20000",
     [] { return option(AF_INET, SOCK_STREAM, SOL_SOCKET, SO_SNDBUF); }},
    {"bindv6only", "ipv6/bindv6only", "1", "1",
     [] { return option(AF_INET6, SOCK_STREAM, IPPROTO_IPV6, IPV6_V6ONLY); }},
    {"somaxconn", "core/somaxconn", "77", "77",
     [] {
       const sys::Fd socket(setup(new_socket(AF_INET, SOCK_STREAM)));
       if (::listen(socket.get(), 1 << 20) != 0) return sys::errno_name(errno);
       tcp_info info{};
       socklen_t size = sizeof info;
       ::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size);
       // Of a listening socket, the longest that its queue can be.
       return std::to_string(info.tcpi_sacked);
     }},
    {"local_port_range", "ipv4/ip_local_port_range", "20000\t20000", "20000",
     [] {
       const sys::Fd socket(setup(new_socket(AF_INET, SOCK_DGRAM)));
       auto address = local(0);
       if (auto done = bind_to(socket.get(), address); !done) return outcome(done);
       socklen_t size = sizeof address;
       ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
       return std::string(ntohs(address.sin_port) == 20000 ? "20000" : "another");
     }},
    {"nonlocal_bind", "ipv4/ip_nonlocal_bind", "1", "success",
     [] { return bound(address_of(9, 4711)); }},
    {"ping_group_range", "ipv4/ping_group_range", "0\t0", "success",
     [] { return outcome(new_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)); }},
    {"unprivileged_port_start", "ipv4/ip_unprivileged_port_start", "81", "EACCES success",
     [] {
       setup(sys::drop_capability(CAP_NET_BIND_SERVICE));
       return bound(local(80)) + " " + bound(local(81));
     }},
    {"max_dgram_qlen", "unix/max_dgram_qlen", "2", "3 sent",
     [] {
       const sys::Fd receiver(setup(new_socket(AF_UNIX, SOCK_DGRAM)));
       const sys::Fd sender(setup(new_socket(AF_UNIX, SOCK_DGRAM)));
       sockaddr_un address{};
       address.sun_family = AF_UNIX;
       std::string_view("\0nsvet-full", 11).copy(address.sun_path, sizeof address.sun_path);
       setup(bind_to(receiver.get(), address));
       setup(connect_to(sender.get(), address));
       int sent = 0;
       while (sent < 1000 && ::send(sender.get(), "n", 1, MSG_DONTWAIT) == 1) ++sent;
       return fmt::format("{} sent", sent);
     }},
};

void expect_in_force(Check& t, const InForce& row) {
  const auto index = &row - kInForce;
  const auto path = [index] { return fmt::format("/proc/sys/net/{}", kInForce[index].file); };
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = one.spawn({.flags = CLONE_NEWNET});
  if (!one([path] { return setup(sys::exists(path())); })) Check::skip(path() + " is not there");
  for (Actor* actor : {&one, &two}) require((*actor)([] { return set_up("lo"); }));
  // By children, for what the question alters in them.
  const auto ask = [index](Actor& actor) {
    Actor child = actor.spawn();
    return child([index] { return kInForce[index].ask(); });
  };
  const auto before = ask(one);
  t.fact("by_default", before);
  t.expect_differ("before", before, std::string(row.effect));
  t.expect("before, in another namespace", ask(two), before);
  require(one([index, path] { return sys::write_file(path(), kInForce[index].value); }));
  t.expect("when it is written", ask(one), row.effect);
  t.expect("in another namespace", ask(two), before);
}

bool register_in_force() {
  for (const InForce& row : kInForce) {
    register_check({.id = fmt::format("net.in_force.{}", row.name),
                    .title = fmt::format("net/{} is in force in its network namespace", row.file),
                    .rule = fmt::format("sockets keep to the value of /proc/sys/net/{} of the "
                                        "network namespace in which they are made",
                                        row.file),
                    .source = "network_namespaces(7), ip(7), tcp(7), unix(7), listen(2)",
                    .types = {NsType::net},
                    .needs = {Need::admin}},
                   [&row](Check& t) { expect_in_force(t, row); });
  }
  return true;
}
const bool in_force_registered = register_in_force();

// An ordinary user outside who is root of a user namespace and has made a network namespace there.
// Real root could write sysctls as root, whatever its capabilities.
Actor ordinary_owner(const Check& t) {
  Actor owner = t.spawn();
  if (missing(Need::root).empty()) {
    setup(owner([] { return sys::become_user(1000, 1000); }));
    require(owner([] { return sys::enter_own_user_namespace(); }));
  }
  owner([] { enter_new(CLONE_NEWNET); });
  return owner;
}

NSVET_CHECK(owners, {.id = "net.sysctl.owner",
                     .title = "Network sysctls and /proc/net belong to the owner's root",
                     .rule = "files below /proc/sys/net and /proc/PID/net are owned by user and "
                             "group 0 of the user namespace that owns the network namespace",
                     .source = "net/sysctl_net.c, net_ctl_set_ownership(); fs/proc/proc_net.c",
                     .types = {NsType::net, NsType::user},
                     .needs = {Need::root, Need::userns}}) {
  constexpr unsigned kFirstId = 200000;
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  for (const char* file : {"uid_map", "gid_map"}) {
    require(sys::write_file(fmt::format("/proc/{}/{}", inside.pid(), file),
                            fmt::format("0 {} 100", kFirstId)));
  }
  // Who owns /proc/net is settled when the namespace is made, so not before the map.
  inside([] { enter_new(CLONE_NEWNET); });
  const auto owner_of = [](const std::string& path) -> sys::Result<std::string> {
    struct stat state {};
    if (::stat(path.c_str(), &state) != 0) return sys::last_error("stat({})", path);
    return fmt::format("{} {}", state.st_uid, state.st_gid);
  };
  for (const char* path : {"/proc/sys/net/ipv4/ip_default_ttl", "/proc/self/net/dev"}) {
    t.expect(fmt::format("{} inside", path), require(inside([=] { return owner_of(path); })),
             "0 0");
    t.expect(fmt::format("{} of the initial namespace", path), require(owner_of(path)), "0 0");
  }
  const auto outside = require(owner_of(fmt::format("/proc/{}/net/dev", inside.pid())));
  t.expect("/proc/PID/net/dev seen outside", outside, "200000 200000");
}

NSVET_CHECK(writers, {.id = "net.sysctl.permission",
                      .title = "Writing network sysctls needs CAP_NET_ADMIN over the network "
                               "namespace",
                      .rule = "CAP_NET_ADMIN in the user namespace that owns the network "
                              "namespace allows it; without it, and in another user namespace, "
                              "opening fails with EACCES",
                      .source = "network_namespaces(7), net/sysctl_net.c",
                      .types = {NsType::net, NsType::user},
                      .needs = {Need::admin, Need::userns}}) {
  const auto write = [] { return sys::write_file("/proc/sys/net/ipv4/ip_default_ttl", "77"); };
  Actor owner = ordinary_owner(t);
  Actor inner = owner.spawn({.flags = CLONE_NEWUSER});
  t.expect("CAP_NET_ADMIN inside", inner([] { return sys::has_capability(CAP_NET_ADMIN); }), true);
  t.expect_errno("by root of a user namespace below", inner(write), EACCES);
  t.expect_success("by the owner", owner(write));
  setup(owner([] { return sys::drop_capability(CAP_NET_ADMIN); }));
  t.expect_errno("by the owner without CAP_NET_ADMIN", owner(write), EACCES);
  require(inner([] { return sys::unshare(CLONE_NEWNET); }));
  t.expect_success("by root of a user namespace, in its own", inner(write));
}

struct Privileged {
  const char* name;
  int type, level, option, value;
};
constexpr Privileged kPrivileged[] = {{"SO_MARK", SOCK_DGRAM, SOL_SOCKET, SO_MARK, 1},
                                      {"SO_PRIORITY", SOCK_DGRAM, SOL_SOCKET, SO_PRIORITY, 7},
                                      {"IP_TRANSPARENT", SOCK_DGRAM, IPPROTO_IP, IP_TRANSPARENT, 1},
                                      {"TCP_REPAIR", SOCK_STREAM, IPPROTO_TCP, TCP_REPAIR, 1}};

NSVET_CHECK(options, {.id = "net.capabilities.options",
                      .title = "Privileged socket options need capabilities over the socket's "
                               "namespace",
                      .rule = "SO_MARK, SO_PRIORITY above 6, IP_TRANSPARENT and TCP_REPAIR of a "
                              "socket need capabilities in the user namespace that owns its "
                              "network namespace (EPERM), also when the caller has left that",
                      .source = "socket(7), ip(7), user_namespaces(7)",
                      .types = {NsType::net, NsType::user},
                      .needs = {Need::admin, Need::userns}}) {
  Actor outer = t.spawn({.flags = CLONE_NEWNET});
  Actor inner = outer.spawn({.flags = CLONE_NEWUSER});
  const auto set = [](const Privileged& row, int socket) {
    return [row, socket] {
      return result_of(::setsockopt(socket, row.level, row.option, &row.value, sizeof row.value),
                       row.name);
    };
  };
  const auto up = [](int socket) {
    return [socket] {
      ifreq request{};
      std::strcpy(request.ifr_name, "lo");
      request.ifr_flags = IFF_UP;
      return result_of(::ioctl(socket, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
    };
  };
  std::vector<int> old;
  for (const auto& row : kPrivileged) {
    old.push_back(setup(inner([row] { return new_socket(AF_INET, row.type); })));
    t.expect_errno(fmt::format("{} in the parent's namespace", row.name),
                   inner(set(row, old.back())), EPERM);
  }
  t.expect_errno("SIOCSIFFLAGS in the parent's namespace", inner(up(old.front())), EPERM);
  require(inner([] { return sys::unshare(CLONE_NEWNET); }));
  for (std::size_t i = 0; i < old.size(); ++i) {
    const auto& row = kPrivileged[i];
    t.expect_errno(fmt::format("{} of the old socket, when it has left", row.name),
                   inner(set(row, old[i])), EPERM);
    const int own = setup(inner([row] { return new_socket(AF_INET, row.type); }));
    t.expect_success(fmt::format("{} in its own namespace", row.name), inner(set(row, own)));
  }
  t.expect_errno("SIOCSIFFLAGS by the old socket, when it has left", inner(up(old.front())), EPERM);
  const int own = setup(inner([] { return new_socket(AF_INET, SOCK_DGRAM); }));
  t.expect_success("SIOCSIFFLAGS in its own namespace", inner(up(own)));
}

}  // namespace
}  // namespace nsvet::probe
