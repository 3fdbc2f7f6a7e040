// Devices, addresses and events: private to a network namespace, and how they move between them.
#include <arpa/inet.h>
#include <linux/net_namespace.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "net.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(link_private, {.id = "net.link.private",
                           .title = "A device is in one network namespace, and so is its name",
                           .rule = "a device made in one namespace is not found in another, its "
                                   "name is free there, and taken in its own (EEXIST)",
                           .source = "network_namespaces(7)",
                           .types = {NsType::net},
                           .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto make = [] { return add_device("nsvet0"); };
  need_device_type(one(make));
  t.expect("it is there", one([] { return has_link("nsvet0"); }), true);
  t.expect("it is in another namespace", two([] { return has_link("nsvet0"); }), false);
  t.expect_errno("delete from another", two([] { return delete_link("nsvet0"); }), ENODEV);
  t.expect_errno("set up from another", two([] { return set_up("nsvet0"); }), ENODEV);
  t.expect_errno("the same name again", one(make), EEXIST);
  t.expect_success("the same name in another", two(make));
  require(two([] { return delete_link("nsvet0"); }));
  t.expect("it is there after the other's was deleted", one([] { return has_link("nsvet0"); }),
           true);
  Actor child = one.spawn();
  t.expect("a child sees it", child([] { return has_link("nsvet0"); }), true);
}

NSVET_CHECK(loopback_index, {.id = "net.link.loopback",
                             .title = "lo has index 1 everywhere, and stays",
                             .rule = "each namespace has a loopback device with index 1; it cannot "
                                     "be moved (EINVAL) nor deleted",
                             .source = "network_namespaces(7), net/core/dev.c",
                             .types = {NsType::net},
                             .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  for (Actor* actor : {&one, &two}) {
    t.expect("index of lo", require((*actor)([] { return link_index("lo"); })), 1U);
  }
  const int there = one.give(netns_of(two).get());
  t.expect_errno("move lo", one([there] { return move_link("lo", there); }), EINVAL);
  const auto deleted = one([] { return delete_link("lo"); });
  t.fact("errno_of_delete", sys::outcome(deleted));
  t.expect("deleting lo succeeds", bool(deleted), false);
  t.expect("lo is there", one([] { return has_link("lo"); }), true);
}

NSVET_CHECK(link_moves, {.id = "net.link.moves",
                         .title = "A device moves to another network namespace",
                         .rule = "a moved device is gone here and there in the other, down and "
                                 "without its addresses; where its name is taken the move fails "
                                 "with EEXIST and the device stays",
                         .source = "network_namespaces(7), rtnetlink(7)",
                         .types = {NsType::net},
                         .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  need_device_type(one([] { return add_device("nsvet0"); }));
  require(one([] { return set_up("nsvet0"); }));
  require(one([] { return add_address("nsvet0", 1); }));
  const int there = one.give(netns_of(two).get());
  require(two([] { return add_device("nsvet0"); }));
  t.expect_errno("move where the name is taken",
                 one([there] { return move_link("nsvet0", there); }), EEXIST);
  t.expect("it is still here", one([] { return has_link("nsvet0"); }), true);
  require(two([] { return delete_link("nsvet0"); }));
  t.expect_success("move", one([there] { return move_link("nsvet0", there); }));
  t.expect("it is here", one([] { return has_link("nsvet0"); }), false);
  t.expect("it is there", two([] { return has_link("nsvet0"); }), true);
  // The address is free again, so it has gone with the move.
  t.expect_success("its address, added there", two([] { return add_address("nsvet0", 1); }));
  t.expect_errno("the address twice", two([] { return add_address("nsvet0", 1); }), EEXIST);
  const auto routes = [] { return sys::read_file("/proc/self/net/route"); };
  t.expect("a route through it, while it is down",
           setup(two(routes)).find("nsvet0") != std::string::npos, false);
  require(two([] { return set_up("nsvet0"); }));
  t.expect("a route through it, when it is up",
           setup(two(routes)).find("nsvet0") != std::string::npos, true);
  t.expect("a route through it in the first namespace",
           setup(one(routes)).find("nsvet0") != std::string::npos, false);
}

NSVET_CHECK(moves_by_pid, {.id = "net.link.moves_by_pid",
                           .title = "A device moves to the network namespace of a process",
                           .rule = "IFLA_NET_NS_PID moves a device to where that process is, whose "
                                   "PID is the caller's view; without such a process the move "
                                   "fails with ESRCH and the device stays",
                           .source = "rtnetlink(7), network_namespaces(7)",
                           .types = {NsType::net},
                           .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = one.spawn({.flags = CLONE_NEWNET});
  Actor gone = one.spawn();
  need_device_type(one([] { return add_device("nsvet0"); }));
  gone.finish();
  one([pid = gone.pid()] { ::waitpid(pid, nullptr, __WALL); });
  t.expect_errno("to a process that is gone",
                 one([pid = gone.pid()] { return move_link_to("nsvet0", pid); }), ESRCH);
  t.expect("it is still here", one([] { return has_link("nsvet0"); }), true);
  t.expect_success("to another process",
                   one([pid = two.pid()] { return move_link_to("nsvet0", pid); }));
  t.expect("it is here", one([] { return has_link("nsvet0"); }), false);
  t.expect("it is there", two([] { return has_link("nsvet0"); }), true);
}

NSVET_CHECK(move_permission, {.id = "net.link.move_permission",
                              .title = "Moving a device needs CAP_NET_ADMIN over both namespaces",
                              .rule = "a device cannot be moved into a namespace over which the "
                                      "caller has no CAP_NET_ADMIN (EPERM), and devices of such a "
                                      "namespace cannot be made or changed",
                              .source = "network_namespaces(7), net/core/rtnetlink.c",
                              .types = {NsType::net, NsType::user},
                              .needs = {Need::admin, Need::userns}}) {
  Actor outer = t.spawn({.flags = CLONE_NEWNET});
  Actor inner = outer.spawn({.flags = CLONE_NEWUSER});
  t.expect_errno("set lo up in the parent's namespace", inner([] { return set_up("lo"); }), EPERM);
  t.expect_errno("make a device there", inner([] { return add_device("nsvet0"); }), EPERM);
  require(inner([] { return sys::unshare(CLONE_NEWNET); }));
  t.expect_success("set lo up in its own", inner([] { return set_up("lo"); }));
  need_device_type(inner([] { return add_device("nsvet0"); }));
  const int there = inner.give(netns_of(outer).get());
  t.expect_errno("move a device out", inner([there] { return move_link("nsvet0", there); }), EPERM);
  t.expect("it is still there", inner([] { return has_link("nsvet0"); }), true);
  const int inside = outer.give(netns_of(inner).get());
  require(outer([] { return add_device("nsvet1"); }));
  t.expect_success("move a device in, from outside",
                   outer([inside] { return move_link("nsvet1", inside); }));
}

// Sends a datagram to 10.47.0.LAST.
sys::Result<> send_to(std::uint8_t last) {
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto address = address_of(last, 4711);
  return result_of(::sendto(socket.get(), "n", 1, 0, reinterpret_cast<const sockaddr*>(&address),
                            sizeof address),
                   "sendto()");
}

sys::Result<int> receiver() {
  sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(4711);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return sys::last_error("bind()");
  }
  return socket.release();
}

// From whom a datagram came: the last byte of the address; 0 for none yet.
int received(int socket) {
  sockaddr_in from{};
  socklen_t size = sizeof from;
  char byte = 0;
  if (::recvfrom(socket, &byte, 1, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size) != 1) {
    return 0;
  }
  return static_cast<int>(ntohl(from.sin_addr.s_addr) & 0xFF);
}

NSVET_CHECK(veth_traffic, {.id = "net.veth.traffic",
                           .title = "A veth pair joins two network namespaces",
                           .rule = "the peer can be made in another namespace; what is sent into "
                                   "one end comes out at the other, and nowhere else; without it "
                                   "there is no route (ENETUNREACH)",
                           .source = "veth(4), network_namespaces(7)",
                           .types = {NsType::net},
                           .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  Actor three = t.spawn({.flags = CLONE_NEWNET});
  const int there = one.give(netns_of(two).get());
  need_device_type(one([there] { return add_veth("nsvet0", "nsvet1", there); }));
  t.expect("the peer is there", two([] { return has_link("nsvet1"); }), true);
  t.expect("the peer is here", one([] { return has_link("nsvet1"); }), false);
  for (Actor* actor : {&one, &two}) {
    const char* name = actor == &one ? "nsvet0" : "nsvet1";
    const std::uint8_t last = actor == &one ? 1 : 2;
    require((*actor)([name, last] { return add_address(name, last); }));
    require((*actor)([name] { return set_up(name); }));
  }
  const int socket = require(two([] { return receiver(); }));
  const int elsewhere = require(three([] { return receiver(); }));
  require(one([] { return send_to(2); }));
  int from = 0;
  t.expect("it arrives", eventually([&] {
             from = two([socket] { return received(socket); });
             return from != 0;
           }),
           true);
  t.expect("sender", from, 1);
  t.expect("it arrives elsewhere", three([elsewhere] { return received(elsewhere); }), 0);
  t.expect_errno("from a third namespace", three([] { return send_to(2); }), ENETUNREACH);
}

NSVET_CHECK(veth_carrier, {.id = "net.veth.carrier",
                           .title = "Both ends of a veth pair must be up",
                           .rule = "while either end is down the link of the pair is down: the "
                                   "other end, in its own network namespace, is not running",
                           .source = "veth(4)",
                           .types = {NsType::net},
                           .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const int there = one.give(netns_of(two).get());
  need_device_type(one([there] { return add_veth("nsvet0", "nsvet1", there); }));
  const auto running = [&] {
    return one([] {
      const sys::Fd socket(setup(new_socket(AF_INET, SOCK_DGRAM)));
      ifreq request{};
      std::strcpy(request.ifr_name, "nsvet0");
      setup(result_of(::ioctl(socket.get(), SIOCGIFFLAGS, &request), "SIOCGIFFLAGS"));
      return (request.ifr_flags & IFF_RUNNING) != 0;
    });
  };
  require(one([] { return set_up("nsvet0"); }));
  const auto stopped = [&] { return eventually([&] { return !running(); }); };
  t.expect("down while the other end is", stopped(), true);
  require(two([] { return set_up("nsvet1"); }));
  t.expect("running when both are up", eventually(running), true);
  require(two([] { return set_down("nsvet1"); }));
  t.expect("down with the other end", stopped(), true);
}

NSVET_CHECK(veth_dies,
            {.id = "net.veth.dies",
             .title = "A veth pair dies with the namespace of either end",
             .rule = "when the network namespace of one end goes, that end is destroyed, "
                     "and with it the other",
             .source = "network_namespaces(7)",
             .types = {NsType::net},
             .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = one.spawn({.flags = CLONE_NEWNET});
  {
    auto fd = netns_of(two);
    const int there = one.give(fd.get());
    need_device_type(one([there] { return add_veth("nsvet0", "nsvet1", there); }));
    one([there] { ::close(there); });
  }
  require(one([] { return add_device("nsvet2"); }));
  t.expect("the end is there", one([] { return has_link("nsvet0"); }), true);
  two.finish();
  one([pid = two.pid()] { ::waitpid(pid, nullptr, __WALL); });
  t.expect("the end is gone", eventually([&] { return !one([] { return has_link("nsvet0"); }); }),
           true);
  t.expect("another device stays", one([] { return has_link("nsvet2"); }), true);
}

NSVET_CHECK(moves_renamed,
            {.id = "net.link.moves_renamed",
             .title = "A device is renamed as it moves, and keeps its index where that is free",
             .rule = "one request changes name and namespace; the index stays, or is another one "
                     "where the other namespace has a device of that index",
             .source = "rtnetlink(7), net/core/dev.c",
             .types = {NsType::net},
             .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  need_device_type(one([] { return add_device("nsvet0"); }));
  const auto index = [](const char* name) { return [name] { return link_index(name); }; };
  const unsigned first = require(one(index("nsvet0")));
  const int there = one.give(netns_of(two).get());
  const auto move = [there](unsigned device, const char* name) {
    return [=] {
      ifinfomsg message{};
      message.ifi_index = static_cast<int>(device);
      return LinkRequest(RTM_NEWLINK, 0)
          .fixed(message)
          .text(IFLA_IFNAME, name)
          .number(IFLA_NET_NS_FD, there)
          .send();
    };
  };
  t.expect_success("move and rename", one(move(first, "nsvet1")));
  t.expect("it is here", one([] { return has_link("nsvet0") || has_link("nsvet1"); }), false);
  t.expect("the old name there", two([] { return has_link("nsvet0"); }), false);
  t.expect("index there", require(two(index("nsvet1"))), first);
  // Another one of the same index: it is the next that is free in the first's namespace.
  Actor three = t.spawn({.flags = CLONE_NEWNET});
  require(three([] { return add_device("nsvet2"); }));
  const unsigned same = require(three(index("nsvet2")));
  t.fact("same_index_in_a_new_namespace", same == first);
  const int from_three = three.give(netns_of(two).get());
  require(three([from_three] { return move_link("nsvet2", from_three); }));
  t.expect("two devices with one index", require(two(index("nsvet2"))) == first, false);
  t.expect("index of the first there", require(two(index("nsvet1"))), first);
}

// A veth pair from the first's namespace into that of a child of it.
Actor neighbour(Actor& one, const char* name) {
  Actor there = one.spawn({.flags = CLONE_NEWNET});
  const int fd = one.give(netns_of(there).get());
  need_device_type(one([=] {
    auto made = add_veth(name, "nsvet-peer", fd);
    ::close(fd);
    return made;
  }));
  return there;
}

NSVET_CHECK(socket_keeps, {.id = "net.lifetime.socket",
                           .title = "A socket keeps its network namespace",
                           .rule = "a namespace that no process is in any more lives while a "
                                   "socket made in it is open: its devices stay, and go when the "
                                   "socket is closed",
                           .source = "namespaces(7), net/core/sock.c",
                           .types = {NsType::net},
                           .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = neighbour(one, "nsvet0");
  const int socket = setup(two([] { return new_socket(AF_INET, SOCK_STREAM); }));
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  // Namespaces go in the order in which they were left.
  Actor three = neighbour(one, "nsvet1");
  require(three([] { return sys::unshare(CLONE_NEWNET); }));
  t.expect("the end to a namespace without a socket goes",
           eventually([&] { return !one([] { return has_link("nsvet1"); }); }), true);
  t.expect("the end to one with a socket", one([] { return has_link("nsvet0"); }), true);
  two([socket] { ::close(socket); });
  t.expect("it goes with the socket",
           eventually([&] { return !one([] { return has_link("nsvet0"); }); }), true);
}

NSVET_CHECK(netlink_birth, {.id = "net.netlink.birth",
                            .title = "A netlink socket belongs to the namespace it was made in",
                            .rule = "after unshare(CLONE_NEWNET) an old socket acts on the old "
                                    "namespace, a new one on the new",
                            .source = "network_namespaces(7), netlink(7)",
                            .types = {NsType::net},
                            .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = one.spawn();
  const int socket =
      setup(two([] { return link_socket().map([](sys::Fd fd) { return fd.release(); }); }));
  require(two([] { return sys::unshare(CLONE_NEWNET); }));
  t.expect_success(
      "set lo up by the old socket", two([socket] {
        ifinfomsg message{};
        message.ifi_flags = message.ifi_change = IFF_UP;
        return LinkRequest(RTM_NEWLINK, 0).fixed(message).text(IFLA_IFNAME, "lo").send(socket);
      }));
  // A loopback device that is up has its address, in the local table.
  const auto up = [] {
    return setup(sys::read_file("/proc/self/net/fib_trie")).find("127.0.0.1") != std::string::npos;
  };
  t.expect("lo is up in the old namespace", one(up), true);
  t.expect("lo is up in the new one", two(up), false);
  require(two([] { return set_up("lo"); }));
  t.expect("lo is up in the new one, set up by a new socket", two(up), true);
}

NSVET_CHECK(link_events, {.id = "net.netlink.events",
                          .title = "Link events reach their own network namespace alone",
                          .rule = "a new device is told to the RTMGRP_LINK listeners of its "
                                  "namespace, and to no others",
                          .source = "rtnetlink(7), network_namespaces(7)",
                          .types = {NsType::net},
                          .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  const auto listen = [] {
    return link_socket(RTMGRP_LINK).map([](sys::Fd fd) { return fd.release(); });
  };
  const int here = setup(one(listen));
  const int there = setup(two(listen));
  const auto heard = [](int socket, int limit) {
    return [socket, limit] {
      pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
      return ::poll(&ready, 1, limit) > 0;
    };
  };
  need_device_type(one([] { return add_device("nsvet0"); }));
  t.expect("heard in its namespace", one(heard(here, 10000)), true);
  t.expect("heard in another", two(heard(there, 0)), false);
  require(two([] { return set_up("lo"); }));
  t.expect("its own event heard in the other", two(heard(there, 10000)), true);
}

sys::Result<> set_nsid(int netns, std::int32_t id) {
  return LinkRequest(RTM_NEWNSID, 0)
      .fixed(rtgenmsg{AF_UNSPEC})
      .number(NETNSA_FD, netns)
      .number(NETNSA_NSID, id)
      .send();
}

sys::Result<std::int32_t> get_nsid(int netns) {
  return LinkRequest(RTM_GETNSID, 0)
      .fixed(rtgenmsg{AF_UNSPEC})
      .number(NETNSA_FD, netns)
      .ask()
      .and_then([](const std::string& answer) -> sys::Result<std::int32_t> {
        // Behind rtgenmsg, padded, the attributes; NETNSA_NSID is the first.
        constexpr std::size_t kAt = NLMSG_ALIGN(sizeof(rtgenmsg));
        rtattr head{};
        std::int32_t id = 0;
        if (answer.size() < kAt + sizeof head + sizeof id) {
          return sys::error(EPROTO, "RTM_GETNSID answers too little");
        }
        std::memcpy(&head, answer.data() + kAt, sizeof head);
        std::memcpy(&id, answer.data() + kAt + sizeof head, sizeof id);
        if (head.rta_type != NETNSA_NSID) return sys::error(EPROTO, "RTM_GETNSID without an id");
        return id;
      });
}

NSVET_CHECK(nsid, {.id = "net.nsid.assigned",
                   .title = "A network namespace has ids of its own for others",
                   .rule = "RTM_NEWNSID gives another namespace an id in the caller's, once "
                           "(EEXIST); RTM_GETNSID gives it back, and -1 where none is assigned",
                   .source = "rtnetlink(7), ip-netns(8)",
                   .types = {NsType::net},
                   .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = t.spawn({.flags = CLONE_NEWNET});
  Actor three = t.spawn({.flags = CLONE_NEWNET});
  const auto fd = netns_of(two);
  const int there = one.give(fd.get());
  const int from_three = three.give(fd.get());
  t.expect("before", require(one([there] { return get_nsid(there); })), -1);
  t.expect_success("RTM_NEWNSID", one([there] { return set_nsid(there, 42); }));
  t.expect("after", require(one([there] { return get_nsid(there); })), 42);
  t.expect_errno("again", one([there] { return set_nsid(there, 43); }), EEXIST);
  t.expect("after the refusal", require(one([there] { return get_nsid(there); })), 42);
  const auto third = one.give(netns_of(three).get());
  t.expect_errno("the same id for another", one([third] { return set_nsid(third, 42); }), EEXIST);
  t.expect("seen from a third", require(three([from_three] { return get_nsid(from_three); })), -1);
}

NSVET_CHECK(nsid_freed, {.id = "net.nsid.freed",
                         .title = "The id of a network namespace is free when that has ended",
                         .rule = "an id is taken (EEXIST) while the namespace that it names lives, "
                                 "and can be given to another afterwards",
                         .source = "rtnetlink(7), net/core/net_namespace.c",
                         .types = {NsType::net},
                         .needs = {Need::admin}}) {
  Actor one = t.spawn({.flags = CLONE_NEWNET});
  Actor two = one.spawn({.flags = CLONE_NEWNET});
  Actor three = one.spawn({.flags = CLONE_NEWNET});
  const auto give_id = [&](const Actor& actor) {
    const int there = one.give(netns_of(actor).get());
    return one([there] {
      auto done = set_nsid(there, 42);
      ::close(there);
      return done;
    });
  };
  require(give_id(two));
  t.expect_errno("for another while the first lives", give_id(three), EEXIST);
  two.finish();
  one([pid = two.pid()] { ::waitpid(pid, nullptr, __WALL); });
  t.expect("for another afterwards", eventually([&] { return give_id(three).has_value(); }), true);
}

}  // namespace
}  // namespace nsvet::probe
