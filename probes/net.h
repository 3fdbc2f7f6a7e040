// What the checks of network namespaces have in common: a little of rtnetlink(7), and sockets.
#pragma once

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {

/// One request of rtnetlink(7), built up attribute by attribute.
class LinkRequest {
 public:
  LinkRequest(std::uint16_t type, std::uint16_t flags);
  /// The fixed part behind the header: ifinfomsg, ifaddrmsg, rtgenmsg...
  template <class Fixed>
  LinkRequest& fixed(const Fixed& value) {
    append(&value, sizeof value);
    return *this;
  }
  /// With the terminating zero that the kernel wants.
  LinkRequest& text(std::uint16_t attribute, std::string_view value);
  LinkRequest& bytes(std::uint16_t attribute, std::string_view value);
  LinkRequest& number(std::uint16_t attribute, std::int32_t value);
  LinkRequest& begin(std::uint16_t attribute);
  LinkRequest& end();

  /// Sends it and waits for the kernel's acknowledgement.
  /// @param socket of rtnetlink, -1 for a new one in the caller's namespace
  sys::Result<> send(int socket = -1);
  /// Sends it and returns the first answer, of RTM_* with its payload behind the header.
  sys::Result<std::string> ask();

 private:
  void append(const void* bytes, std::size_t size);
  sys::Result<> write(int socket);

  std::array<char, 1024> buffer_{};
  std::size_t size_ = 0;
  std::array<std::size_t, 4> open_{};
  std::size_t depth_ = 0;
};

sys::Result<sys::Fd> link_socket(unsigned groups = 0);

/// Devices of the caller's network namespace, made, moved, removed and described.
/// A dummy device, or one end of a veth pair where the kernel has no dummies.
sys::Result<> add_device(std::string_view name);
/// @param peer_netns a descriptor of the namespace in which the peer is made, -1 for the caller's
sys::Result<> add_veth(std::string_view name, std::string_view peer, int peer_netns = -1);
sys::Result<> delete_link(std::string_view name);
sys::Result<> move_link(std::string_view name, int netns);
/// To the namespace of a process.
sys::Result<> move_link_to(std::string_view name, pid_t pid);
sys::Result<> set_up(std::string_view name);
sys::Result<> set_down(std::string_view name);
/// 10.47.0.LAST
sockaddr_in address_of(std::uint8_t last, std::uint16_t port);
/// 10.47.0.LAST/24
sys::Result<> add_address(std::string_view name, std::uint8_t last);
/// @return its index, ENODEV for none
sys::Result<unsigned> link_index(std::string_view name);
bool has_link(std::string_view name);

/// Skips the check when the kernel has no such device type: EOPNOTSUPP.
void need_device_type(const sys::Result<>& made);

inline sys::Result<> result_of(long returned, const char* call) {
  if (returned < 0) return sys::last_error("{}", call);
  return {};
}

/// A socket that is closed on exec.
inline sys::Result<int> new_socket(int family, int type, int protocol = 0) {
  const int fd = ::socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) return sys::last_error("socket({}, {})", family, type);
  return fd;
}

template <class Address>
sys::Result<> bind_to(int socket, const Address& address) {
  return result_of(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address),
                   "bind()");
}
template <class Address>
sys::Result<> connect_to(int socket, const Address& address) {
  return result_of(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address),
                   "connect()");
}

/// The descriptor of the actor's network namespace, in the check.
inline sys::Fd netns_of(const Actor& actor) {
  return setup(sys::open_ns(NsType::net, actor.pid()));
}

}  // namespace nsvet::probe
