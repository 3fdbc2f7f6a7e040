// sock_diag(7): which sockets it tells of.
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "net.h"

namespace nsvet::probe {
namespace {

// What one family is asked by: for all sockets, or for the one with this inode.
struct UnixRequest {
  nlmsghdr header{sizeof(UnixRequest), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0};
  unix_diag_req ask{.sdiag_family = AF_UNIX,
                    .sdiag_protocol = 0,
                    .pad = 0,
                    .udiag_states = ~0U,
                    .udiag_ino = 0,
                    .udiag_show = 0,
                    .udiag_cookie = {~0U, ~0U}};
};
struct TcpRequest {
  nlmsghdr header{sizeof(TcpRequest), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 1, 0};
  inet_diag_req_v2 ask{.sdiag_family = AF_INET,
                       .sdiag_protocol = IPPROTO_TCP,
                       .idiag_ext = 0,
                       .pad = 0,
                       .idiag_states = ~0U,
                       .id = {}};
};

// The inodes in the answers to a request.
template <class Answer, class Request>
sys::Result<std::vector<std::uint32_t>> ask(const Request& request, std::uint32_t Answer::*inode) {
  const auto made = new_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  if (!made) return tl::unexpected(made.error());
  const sys::Fd socket(*made);
  if (::send(socket.get(), &request, sizeof request, 0) < 0) return sys::last_error("send()");
  std::vector<std::uint32_t> inodes;
  std::array<char, 32768> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) return sys::last_error("recv()");
    auto left = static_cast<std::uint32_t>(size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return inodes;
      if (header->nlmsg_type == NLMSG_ERROR) {
        return sys::error(-static_cast<nlmsgerr*>(NLMSG_DATA(header))->error, "sock_diag");
      }
      inodes.push_back(static_cast<Answer*>(NLMSG_DATA(header))->*inode);
      if ((header->nlmsg_flags & NLM_F_MULTI) == 0) return inodes;
    }
  }
}

sys::Result<std::vector<std::uint32_t>> all_unix() {
  UnixRequest request;
  request.header.nlmsg_flags |= NLM_F_DUMP;
  return ask<unix_diag_msg>(request, &unix_diag_msg::udiag_ino);
}
sys::Result<std::vector<std::uint32_t>> all_tcp() {
  TcpRequest request;
  request.header.nlmsg_flags |= NLM_F_DUMP;
  return ask<inet_diag_msg>(request, &inet_diag_msg::idiag_inode);
}

// A listening socket that stays open.
sys::Result<std::uint32_t> listen_on(int family) {
  const auto socket = new_socket(family, SOCK_STREAM);
  if (!socket) return tl::unexpected(socket.error());
  if (family == AF_UNIX) {
    // An address that the kernel chooses.
    const sa_family_t address = AF_UNIX;
    if (auto bound = bind_to(*socket, address); !bound) return tl::unexpected(bound.error());
  }
  if (::listen(*socket, 1) != 0) return sys::last_error("listen()");
  struct stat state {};
  if (::fstat(*socket, &state) != 0) return sys::last_error("fstat()");
  return static_cast<std::uint32_t>(state.st_ino);
}

struct Family {
  const char* name;
  int family;
  sys::Result<std::vector<std::uint32_t>> (*all)();
};
constexpr Family kFamilies[] = {{"unix", AF_UNIX, all_unix}, {"tcp", AF_INET, all_tcp}};

void expect_own_sockets(Check& t, const Family& family) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto inode = require(one([family] { return listen_on(family.family); }));
  const auto other = require(two([family] { return listen_on(family.family); }));
  const auto listed = [&](Actor& actor) {
    auto found = actor(family.all);
    if (!found && found.error().number == ENOENT) {
      Check::skip(fmt::format("this kernel has no sock_diag for {}", family.name));
    }
    return require(std::move(found));
  };
  const auto has = [](const std::vector<std::uint32_t>& all, std::uint32_t wanted) {
    return std::ranges::find(all, wanted) != all.end();
  };
  const auto first = listed(one);
  const auto second = listed(two);
  t.expect("its own socket", has(first, inode), true);
  t.expect("how many there are in all", first.size(), 1U);
  t.expect("its own socket in another namespace", has(second, other), true);
  t.expect("how many there are in that", second.size(), 1U);
  const int ns = two.give(netns_of(one).get());
  require(two([ns] { return sys::setns(ns, CLONE_NEWNET); }));
  t.expect("the socket of a namespace that was joined", has(listed(two), inode), true);
  if (family.family != AF_UNIX) return;
  const auto exact = [](std::uint32_t which) {
    return [which] {
      UnixRequest request;
      request.ask.udiag_ino = which;
      return ask<unix_diag_msg>(request, &unix_diag_msg::udiag_ino);
    };
  };
  t.expect_success("a socket by its inode", one(exact(inode)));
  t.expect_errno("a socket of another namespace by its inode", one(exact(other)), ENOENT);
}

bool register_families() {
  for (const Family& family : kFamilies) {
    register_check({.id = fmt::format("net.diag.{}", family.name),
                    .title = fmt::format("sock_diag tells of {} sockets of the caller's network "
                                         "namespace only",
                                         family.name),
                    .rule = "a dump lists the sockets of the network namespace that the netlink "
                            "socket was made in; one of another is not found by its inode either",
                    .source = "sock_diag(7), network_namespaces(7)",
                    .types = {NsType::net},
                    .needs = {Need::admin}},
                   [&family](Check& t) { expect_own_sockets(t, family); });
  }
  return true;
}
const bool families_registered = register_families();

}  // namespace
}  // namespace nsvet::probe
