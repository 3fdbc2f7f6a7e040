// What the checks of network namespaces have in common: devices, addresses and sockets.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string_view>

#include "probe/check.h"
#include "sys/file.h"
#include "sys/rtnetlink.h"

namespace nsvet::probe {

using sys::add_device;
using sys::add_veth;
using sys::delete_link;
using sys::link_socket;
using sys::LinkRequest;
using sys::move_link;
using sys::move_link_to;
using sys::set_down;
using sys::set_up;

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
