#include "sys/message.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace nsvet::sys {
namespace {

constexpr std::size_t kMostFds = 8;
using Control = std::array<char, CMSG_SPACE(sizeof(int) * kMostFds)>;

}  // namespace

Result<SocketPair> make_socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return last_error("socketpair()");
  }
  return SocketPair{Fd(ends[0]), Fd(ends[1])};
}

Result<> send_message(int socket, std::string_view bytes, const std::vector<int>& fds) {
  if (fds.size() > kMostFds || bytes.size() > kMessageLimit) return error(E2BIG, "sendmsg()");
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * fds.size());
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return last_error("sendmsg()");
  }
  return {};
}

Result<Message> receive_message(int socket, std::chrono::milliseconds limit) {
  pollfd readable{.fd = socket, .events = POLLIN, .revents = 0};
  int ready = 0;
  while ((ready = ::poll(&readable, 1, static_cast<int>(limit.count()))) < 0) {
    if (errno != EINTR) return last_error("poll(socket)");
  }
  if (ready == 0) return error(ETIMEDOUT, "wait for a message");
  Message message;
  message.bytes.resize(kMessageLimit);
  iovec part{message.bytes.data(), message.bytes.size()};
  alignas(cmsghdr) Control control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t n = 0;
  while ((n = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) < 0) {
    if (errno != EINTR) return last_error("recvmsg()");
  }
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      message.fds.emplace_back(fd);
    }
  }
  if (n == 0) return error(EPIPE, "the other end is closed");
  message.bytes.resize(static_cast<std::size_t>(n));
  return message;
}

}  // namespace nsvet::sys
