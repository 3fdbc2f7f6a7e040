#include "sys/rtnetlink.h"

#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace nsvet::sys {
namespace {

constexpr std::uint16_t kMake = NLM_F_CREATE | NLM_F_EXCL;

ifinfomsg link_message(unsigned index = 0) {
  ifinfomsg message{};
  message.ifi_index = static_cast<int>(index);
  return message;
}

Result<> change_flags(std::string_view name, unsigned flags) {
  auto message = link_message();
  message.ifi_flags = flags;
  message.ifi_change = IFF_UP;
  return LinkRequest(RTM_NEWLINK, 0).fixed(message).text(IFLA_IFNAME, name).send();
}

}  // namespace

LinkRequest::LinkRequest(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  header.nlmsg_seq = 1;
  append(&header, sizeof header);
}

void LinkRequest::append(const void* bytes, std::size_t size) {
  if (NLMSG_ALIGN(size_ + size) > buffer_.size()) {
    fits_ = false;
    return;
  }
  std::memcpy(buffer_.data() + size_, bytes, size);
  size_ = NLMSG_ALIGN(size_ + size);
}

LinkRequest& LinkRequest::text(std::uint16_t attribute, std::string_view value) {
  return bytes(attribute, std::string_view(std::string(value).c_str(), value.size() + 1));
}

LinkRequest& LinkRequest::bytes(std::uint16_t attribute, std::string_view value) {
  begin(attribute);
  append(value.data(), value.size());
  return close(sizeof(rtattr) + value.size());  // Without the padding.
}

LinkRequest& LinkRequest::number(std::uint16_t attribute, std::int32_t value) {
  begin(attribute);
  append(&value, sizeof value);
  return end();
}

LinkRequest& LinkRequest::begin(std::uint16_t attribute) {
  open_[depth_++] = size_;
  const rtattr head{sizeof(rtattr), attribute};
  append(&head, sizeof head);
  return *this;
}

LinkRequest& LinkRequest::end() { return close(size_ - open_[depth_ - 1]); }

LinkRequest& LinkRequest::close(std::size_t size) {
  const std::size_t at = open_[--depth_];
  const auto length = static_cast<std::uint16_t>(size);
  // What did not fit has no place there.
  if (fits_) std::memcpy(buffer_.data() + at, &length, sizeof length);
  return *this;
}

Result<> LinkRequest::write(int socket) {
  if (!fits_) return error(EMSGSIZE, "rtnetlink request");
  const auto length = static_cast<std::uint32_t>(size_);
  std::memcpy(buffer_.data(), &length, sizeof length);
  if (::send(socket, buffer_.data(), size_, 0) < 0) return last_error("send(rtnetlink)");
  return {};
}

Result<> LinkRequest::send(int socket) {
  const auto answer = exchange(socket);
  if (!answer) return tl::unexpected(answer.error());
  if (!answer->empty()) return error(EPROTO, "rtnetlink answers something else");
  return {};
}

Result<std::string> LinkRequest::ask(int socket) { return exchange(socket); }

// What the kernel answers, behind the header; nothing when it acknowledges.
Result<std::string> LinkRequest::exchange(int socket) {
  Fd own;
  if (socket < 0) {
    auto opened = link_socket();
    if (!opened) return tl::unexpected(opened.error());
    own = std::move(*opened);
    socket = own.get();
  }
  if (auto written = write(socket); !written) return tl::unexpected(written.error());
  alignas(nlmsghdr) std::array<char, 8192> answer{};
  const ssize_t size = ::recv(socket, answer.data(), answer.size(), 0);
  if (size < 0) return last_error("recv(rtnetlink)");
  const auto* header = reinterpret_cast<const nlmsghdr*>(answer.data());
  if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) return error(EPROTO, "recv(rtnetlink)");
  if (header->nlmsg_type == NLMSG_ERROR) {
    nlmsgerr verdict{};
    std::memcpy(&verdict, NLMSG_DATA(header), sizeof verdict);
    if (verdict.error != 0) return error(-verdict.error, "rtnetlink request");
    return std::string();
  }
  return std::string(answer.data() + NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
}

Result<Fd> link_socket(unsigned groups) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return last_error("socket(AF_NETLINK)");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return last_error("bind(AF_NETLINK)");
  }
  return socket;
}

Result<> add_device(std::string_view name) {
  const auto made = LinkRequest(RTM_NEWLINK, kMake)
                        .fixed(link_message())
                        .text(IFLA_IFNAME, name)
                        .begin(IFLA_LINKINFO)
                        .text(IFLA_INFO_KIND, "dummy")
                        .end()
                        .send();
  if (made || made.error().number != EOPNOTSUPP) return made;
  return add_veth(name, fmt::format("{}-peer", name));
}

Result<> add_veth(std::string_view name, std::string_view peer, int peer_netns) {
  LinkRequest request(RTM_NEWLINK, kMake);
  request.fixed(link_message())
      .text(IFLA_IFNAME, name)
      .begin(IFLA_LINKINFO)
      .text(IFLA_INFO_KIND, "veth")
      .begin(IFLA_INFO_DATA)
      .begin(VETH_INFO_PEER)
      .fixed(link_message())
      .text(IFLA_IFNAME, peer);
  if (peer_netns >= 0) request.number(IFLA_NET_NS_FD, peer_netns);
  return request.end().end().end().send();
}

Result<> delete_link(std::string_view name) {
  return LinkRequest(RTM_DELLINK, 0).fixed(link_message()).text(IFLA_IFNAME, name).send();
}

Result<> move_link(std::string_view name, int netns, int socket) {
  return LinkRequest(RTM_NEWLINK, 0)
      .fixed(link_message())
      .text(IFLA_IFNAME, name)
      .number(IFLA_NET_NS_FD, netns)
      .send(socket);
}

Result<> move_link_to(std::string_view name, pid_t pid) {
  return LinkRequest(RTM_NEWLINK, 0)
      .fixed(link_message())
      .text(IFLA_IFNAME, name)
      .number(IFLA_NET_NS_PID, pid)
      .send();
}

Result<> set_up(std::string_view name) { return change_flags(name, IFF_UP); }

Result<> set_down(std::string_view name) { return change_flags(name, 0); }

}  // namespace nsvet::sys
