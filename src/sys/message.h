// Whole messages with descriptors between processes, over a SOCK_SEQPACKET pair: it works across
// all namespaces, because no name is looked up.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

inline constexpr std::size_t kMessageLimit = 65536;  ///< bytes

struct Message {
  std::string bytes;
  std::vector<Fd> fds;
};

struct SocketPair {
  Fd first;
  Fd second;
};
Result<SocketPair> make_socket_pair();

/// @param fds passed along (SCM_RIGHTS, unix(7)); at most 8
Result<> send_message(int socket, std::string_view bytes, const std::vector<int>& fds = {});

/// @param limit negative: for ever. ETIMEDOUT after it; EPIPE when the other end is closed
Result<Message> receive_message(int socket, std::chrono::milliseconds limit);

}  // namespace nsvet::sys
