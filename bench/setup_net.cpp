// Devices and ids between network namespaces: what a container runtime asks of rtnetlink(7).
#include <linux/net_namespace.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure/benchmark.h"
#include "measure/holder.h"
#include "sys/file.h"
#include "sys/rtnetlink.h"

namespace nsvet::measure {
namespace {

constexpr const char* kDevice = "nsvet0";
constexpr int kNsid = 7;

// A network namespace of our own, a socket in it, and another namespace beside it.
struct Two {
  Holder other;
  sys::Fd netns;
  sys::Fd socket;
};

sys::Result<Two> two_namespaces() {
  if (auto in = enter_new(CLONE_NEWNET); !in) return tl::unexpected(in.error());
  auto other = hold(CLONE_NEWNET);
  if (!other) return tl::unexpected(other.error());
  auto netns = sys::open_ns(NsType::net, other->child.pid());
  if (!netns) return tl::unexpected(netns.error());
  auto socket = sys::link_socket();
  if (!socket) return tl::unexpected(socket.error());
  return Two{std::move(*other), std::move(*netns), std::move(*socket)};
}

// What moves the device tells apart the two ways to name a namespace.
void take_moves(Measurement& m, const std::function<sys::Result<>(const Two&)>& move) {
  auto two = two_namespaces();
  if (!two) return m.fail(two.error());
  m.take([&]() -> Sample {
    if (auto made = sys::add_device(kDevice); !made) return {.failed = made.error().number};
    quiesce();
    const Sample sample = timed([&] { return as_call(move(*two)); });
    // It is removed where it is.
    in_child([&]() -> Sample {
      if (::setns(two->netns.get(), CLONE_NEWNET) == 0) (void)sys::delete_link(kDevice);
      return {};
    });
    return sample;
  });
}

NSVET_BENCHMARK(move_device,
                {.id = "setup/move_device",
                 .title = "move a device into another network namespace",
                 .timed = "one RTM_NEWLINK with IFLA_NET_NS_FD of a dummy or veth device",
                 .source = "network_namespaces(7)",
                 .types = {NsType::net},
                 .absent = EOPNOTSUPP}) {
  take_moves(
      m, [](const Two& two) { return sys::move_link(kDevice, two.netns.get(), two.socket.get()); });
}

NSVET_BENCHMARK(move_device_to_process,
                {.id = "setup/move_device_to_process",
                 .title = "move a device into the network namespace of a process",
                 .timed = "one RTM_NEWLINK with IFLA_NET_NS_PID, and its socket",
                 .source = "network_namespaces(7)",
                 .types = {NsType::net},
                 .absent = EOPNOTSUPP}) {
  take_moves(m, [](const Two& two) { return sys::move_link_to(kDevice, two.other.child.pid()); });
}

NSVET_BENCHMARK(add_veth,
                {.id = "setup/veth",
                 .title = "a veth pair between two network namespaces",
                 .timed = "one RTM_NEWLINK of a veth pair whose peer is elsewhere, and its socket",
                 .source = "veth(4)",
                 .types = {NsType::net},
                 .absent = EOPNOTSUPP}) {
  auto two = two_namespaces();
  if (!two) return m.fail(two.error());
  m.take([&]() -> Sample {
    const Sample sample =
        timed([&] { return as_call(sys::add_veth(kDevice, "peer", two->netns.get())); });
    (void)sys::delete_link(kDevice);
    return sample;
  });
}

sys::LinkRequest asking_nsid(const sys::Fd& netns) {
  sys::LinkRequest request(RTM_GETNSID, 0);
  request.fixed(rtgenmsg{AF_UNSPEC}).number(NETNSA_FD, netns.get());
  return request;
}

sys::LinkRequest giving_nsid(const sys::Fd& netns) {
  sys::LinkRequest request(RTM_NEWNSID, 0);
  request.fixed(rtgenmsg{AF_UNSPEC}).number(NETNSA_NSID, kNsid).number(NETNSA_FD, netns.get());
  return request;
}

NSVET_BENCHMARK(new_nsid, {.id = "setup/nsid",
                           .title = "give another network namespace an id",
                           .timed = "one RTM_NEWNSID",
                           .source = "rtnetlink(7), linux/net_namespace.h",
                           .types = {NsType::net}}) {
  if (auto in = enter_new(CLONE_NEWNET); !in) return m.fail(in.error());
  const auto socket = sys::link_socket();
  if (!socket) return m.fail(socket.error());
  m.take([&]() -> Sample {
    auto other = hold(CLONE_NEWNET);  // An id cannot be given twice.
    if (!other) return {.failed = other.error().number};
    const auto netns = sys::open_ns(NsType::net, other->child.pid());
    if (!netns) return {.failed = netns.error().number};
    auto request = giving_nsid(*netns);
    touch_pages();  // The holder's fork has made the stack copy-on-write.
    quiesce();
    return timed([&] { return as_call(request.send(socket->get())); });
  });
}

NSVET_BENCHMARK(get_nsid, {.id = "look/nsid",
                           .title = "ask for the id of another network namespace",
                           .timed = "one RTM_GETNSID",
                           .source = "rtnetlink(7), linux/net_namespace.h",
                           .types = {NsType::net}}) {
  auto two = two_namespaces();
  if (!two) return m.fail(two.error());
  if (auto named = giving_nsid(two->netns).send(); !named) return m.fail(named.error());
  m.take_at_once([&] {
    auto request = asking_nsid(two->netns);
    return timed([&] { return as_call(request.ask(two->socket.get())); });
  });
}

NSVET_BENCHMARK(look_by_nsid, {.id = "look/link_by_nsid",
                               .title = "look at the loopback device of another namespace",
                               .timed = "one RTM_GETLINK with IFLA_TARGET_NETNSID",
                               .source = "rtnetlink(7), linux/if_link.h",
                               .types = {NsType::net},
                               .absent = EOPNOTSUPP}) {
  auto two = two_namespaces();
  if (!two) return m.fail(two.error());
  if (auto named = giving_nsid(two->netns).send(); !named) return m.fail(named.error());
  m.take_at_once([&] {
    sys::LinkRequest request(RTM_GETLINK, 0);
    request.fixed(ifinfomsg{}).text(IFLA_IFNAME, "lo").number(IFLA_TARGET_NETNSID, kNsid);
    return timed([&] { return as_call(request.ask(two->socket.get())); });
  });
}

NSVET_BENCHMARK(list_nsids, {.id = "look/nsids",
                             .title = "list the ids of other network namespaces",
                             .timed = "one RTM_GETNSID with NLM_F_DUMP, and its socket",
                             .source = "rtnetlink(7), linux/net_namespace.h",
                             .types = {NsType::net}}) {
  auto two = two_namespaces();
  if (!two) return m.fail(two.error());
  if (auto named = giving_nsid(two->netns).send(); !named) return m.fail(named.error());
  m.take_at_once([] {
    sys::LinkRequest request(RTM_GETNSID, NLM_F_DUMP);
    request.fixed(rtgenmsg{AF_UNSPEC});
    return timed([&] { return as_call(request.ask()); });
  });
}

NSVET_BENCHMARK(look_at_veth, {.id = "look/veth",
                               .title = "look at a veth device whose peer is elsewhere",
                               .timed = "one RTM_GETLINK",
                               .source = "rtnetlink(7), veth(4)",
                               .types = {NsType::net},
                               .absent = EOPNOTSUPP}) {
  auto two = two_namespaces();
  if (!two) return m.fail(two.error());
  if (auto made = sys::add_veth(kDevice, "peer", two->netns.get()); !made) {
    return m.fail(made.error());
  }
  m.take_at_once([&] {
    sys::LinkRequest request(RTM_GETLINK, 0);
    request.fixed(ifinfomsg{}).text(IFLA_IFNAME, kDevice);
    return timed([&] { return as_call(request.ask(two->socket.get())); });
  });
}

NSVET_BENCHMARK(of_socket, {.id = "look/SIOCGSKNS",
                            .title = "the network namespace of a socket",
                            .timed = "one ioctl(SIOCGSKNS)",
                            .source = "linux/sockios.h, SIOCGSKNS",
                            .types = {NsType::net}}) {
  if (auto in = enter_new(CLONE_NEWNET); !in) return m.fail(in.error());
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return m.fail({errno, {"socket(AF_INET)"}});
  m.take_at_once([&] {
    int fd = -1;
    const Sample sample = timed([&] { return fd = ::ioctl(socket.get(), SIOCGSKNS); });
    if (fd >= 0) ::close(fd);
    return sample;
  });
}

}  // namespace
}  // namespace nsvet::measure
