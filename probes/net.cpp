// Network namespaces: devices, ports, abstract sockets and sysctls.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// The devices of the caller's namespace as /proc/net/dev lists them, each with a space behind.
std::string devices() {
  const auto text = setup(sys::read_file("/proc/self/net/dev"));
  std::string names;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    names += line.substr(line.find_first_not_of(' '), colon - line.find_first_not_of(' ')) + " ";
  }
  return names;
}

sys::Result<short> loopback_flags(short set) {
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return sys::last_error("socket()");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return sys::last_error("SIOCGIFFLAGS");
  if (set == 0) return request.ifr_flags;
  request.ifr_flags = static_cast<short>(request.ifr_flags | set);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return sys::last_error("SIOCSIFFLAGS");
  return request.ifr_flags;
}

NSVET_CHECK(loopback, {.id = "net.devices.new",
                       .title = "A new network namespace has a loopback device, which is down",
                       .rule = "a new network namespace has only lo, and lo is down",
                       .source = "network_namespaces(7)",
                       .types = {NsType::net},
                       .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWNET});
  // Tunnel modules add fallback devices of theirs to every namespace.
  t.expect("lo is there", inside([] { return devices().find("lo ") != std::string::npos; }), true);
  t.fact("devices", inside([] { return devices(); }));
  const auto flags = setup(inside([] { return loopback_flags(0); }));
  t.expect("lo is up", (flags & IFF_UP) != 0, false);
  require(inside([] { return loopback_flags(IFF_UP); }));
  t.expect("lo is up after it was set up",
           (setup(inside([] { return loopback_flags(0); })) & IFF_UP) != 0, true);
  Actor other = t.spawn({.flags = CLONE_NEWNET});
  t.expect("lo is up in another namespace",
           (setup(other([] { return loopback_flags(0); })) & IFF_UP) != 0, false);
}

sys::Result<int> listen_on(sockaddr* address, socklen_t size) {
  sys::Fd socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return sys::last_error("socket()");
  if (::bind(socket.get(), address, size) != 0) return sys::last_error("bind()");
  if (::listen(socket.get(), 1) != 0) return sys::last_error("listen()");
  return socket.release();
}

sys::Result<> connect_to(sockaddr* address, socklen_t size) {
  const sys::Fd socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return sys::last_error("socket()");
  if (::connect(socket.get(), address, size) != 0) return sys::last_error("connect()");
  return {};
}

sockaddr_in loopback_port() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(4711);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_un unix_name(std::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

template <class Address>
sys::Result<int> listening(Address address) {
  return listen_on(reinterpret_cast<sockaddr*>(&address), sizeof address);
}
template <class Address>
sys::Result<> connected(Address address) {
  return connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address);
}

NSVET_CHECK(ports, {.id = "net.ports.isolated",
                    .title = "Ports are private to a network namespace",
                    .rule = "a port bound in one network namespace is free in another, and cannot "
                            "be reached from there",
                    .source = "network_namespaces(7)",
                    .types = {NsType::net},
                    .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  require(one([] { return loopback_flags(IFF_UP); }));
  require(two([] { return loopback_flags(IFF_UP); }));
  require(one([] { return listening(loopback_port()); }));
  t.expect_success("connect() in the same namespace",
                   one([] { return connected(loopback_port()); }));
  t.expect_errno("connect() from the other", two([] { return connected(loopback_port()); }),
                 ECONNREFUSED);
  t.expect_errno("bind() again in the same namespace",
                 one([] { return listening(loopback_port()); }), EADDRINUSE);
  t.expect_success("bind() of the same port in the other",
                   two([] { return listening(loopback_port()); }));
}

constexpr std::string_view kAbstract("\0nsvet-abstract", 15);

NSVET_CHECK(abstract, {.id = "net.unix.abstract",
                       .title = "Abstract unix sockets are private to a network namespace",
                       .rule = "network namespaces isolate the abstract socket name space",
                       .source = "network_namespaces(7)",
                       .types = {NsType::net},
                       .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  require(one([] { return listening(unix_name(kAbstract)); }));
  t.expect_success("connect() in the same namespace",
                   one([] { return connected(unix_name(kAbstract)); }));
  t.expect_errno("connect() from the other", two([] { return connected(unix_name(kAbstract)); }),
                 ECONNREFUSED);
}

NSVET_CHECK(path_sockets,
            {.id = "net.unix.path",
             .title = "Unix sockets with a path are not isolated by network namespaces",
             .rule = "a path-bound socket is found through the file system",
             .source = "unix(7)",
             .types = {NsType::net, NsType::mnt},
             .needs = {Need::admin}}) {
  Actor one = t.spawn();
  one([] { enter_private_mounts(); });
  Actor two = one.spawn({.flags = CLONE_NEWNET});
  require(one([] { return listening(unix_name("/tmp/socket")); }));
  t.expect_success("connect() from another network namespace",
                   two([] { return connected(unix_name("/tmp/socket")); }));
}

NSVET_CHECK(sysctls, {.id = "net.sysctl.isolated",
                      .title = "Network sysctls are private to a network namespace",
                      .rule = "the files under /proc/sys/net belong to the reader's namespace",
                      .source = "network_namespaces(7)",
                      .types = {NsType::net},
                      .needs = {Need::admin}}) {
  static constexpr const char* kFile = "/proc/sys/net/ipv4/ip_default_ttl";
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto before = setup(two([] { return sys::read_file(kFile); }));
  require(one([] { return sys::write_file(kFile, "77"); }));
  t.expect("value inside", setup(one([] { return sys::read_file(kFile); })), "77\n");
  t.expect("value in another", setup(two([] { return sys::read_file(kFile); })), before);
}

}  // namespace
}  // namespace nsvet::probe
