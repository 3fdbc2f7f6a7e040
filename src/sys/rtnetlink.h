// A little of rtnetlink(7): requests, and the devices of a network namespace.
#pragma once

#include <linux/rtnetlink.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

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

  /// Sends it and waits for the kernel's acknowledgement; EMSGSIZE when it has become too long.
  /// @param socket of rtnetlink, -1 for a new one in the caller's namespace
  Result<> send(int socket = -1);
  /// Sends it and returns the first answer, of RTM_* with its payload behind the header.
  /// @param socket as above
  Result<std::string> ask(int socket = -1);

 private:
  void append(const void* bytes, std::size_t size);
  LinkRequest& close(std::size_t size);
  Result<> write(int socket);
  Result<std::string> exchange(int socket);

  std::array<char, 1024> buffer_{};
  std::size_t size_ = 0;
  bool fits_ = true;
  std::array<std::size_t, 4> open_{};
  std::size_t depth_ = 0;
};

Result<Fd> link_socket(unsigned groups = 0);

/// Devices of the caller's network namespace, made, moved, removed and described.
/// A dummy device, or one end of a veth pair where the kernel has no dummies.
Result<> add_device(std::string_view name);
/// @param peer_netns a descriptor of the namespace in which the peer is made, -1 for the caller's
Result<> add_veth(std::string_view name, std::string_view peer, int peer_netns = -1);
Result<> delete_link(std::string_view name);
/// @param socket as above
Result<> move_link(std::string_view name, int netns, int socket = -1);
/// To the namespace of a process.
Result<> move_link_to(std::string_view name, pid_t pid);
Result<> set_up(std::string_view name);
Result<> set_down(std::string_view name);

}  // namespace nsvet::sys
