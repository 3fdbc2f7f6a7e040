// Routes, rules and neighbours: each network namespace has tables of its own.
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include "net.h"

namespace nsvet::probe {
namespace {

constexpr std::uint16_t kMake = NLM_F_CREATE | NLM_F_EXCL;

// Two namespaces, in each of which 10.47.0.1 is a device's.
struct Pair {
  Actor one;
  Actor two;
};
Pair with_devices(const Check& t) {
  Pair pair{t.spawn({.flags = CLONE_NEWNET}), t.spawn({.flags = CLONE_NEWNET})};
  for (Actor* actor : {&pair.one, &pair.two}) {
    need_device_type((*actor)([] { return add_device("nsvet0"); }));
    require((*actor)([] { return add_address("nsvet0", 1); }));
    require((*actor)([] { return set_up("nsvet0"); }));
  }
  return pair;
}

// Looks up the way to 10.47.0.9 by connecting a UDP socket.
sys::Result<> way_there() {
  return new_socket(AF_INET, SOCK_DGRAM).and_then([](int fd) {
    const sys::Fd socket(fd);
    return connect_to(socket.get(), address_of(9, 4711));
  });
}

sys::Result<> prohibit_route(std::uint16_t type) {
  rtmsg route{};
  route.rtm_family = AF_INET;
  route.rtm_dst_len = 32;
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_protocol = RTPROT_STATIC;
  route.rtm_type = RTN_PROHIBIT;
  return LinkRequest(type, type == RTM_NEWROUTE ? kMake : 0)
      .fixed(route)
      .number(RTA_DST, static_cast<std::int32_t>(address_of(9, 0).sin_addr.s_addr))
      .send();
}

NSVET_CHECK(routes, {.id = "net.table.routes",
                     .title = "Routes are private to a network namespace",
                     .rule = "a route of type prohibit (EACCES) counts where it was added, and in "
                             "no other namespace, not even in one made from there",
                     .source = "network_namespaces(7), rtnetlink(7)",
                     .types = {NsType::net},
                     .needs = {Need::admin}}) {
  Pair pair = with_devices(t);
  t.expect_success("the way before", pair.one(way_there));
  require(pair.one([] { return prohibit_route(RTM_NEWROUTE); }));
  t.expect_errno("where it was added", pair.one(way_there), EACCES);
  t.expect_success("in the other", pair.two(way_there));
  Actor later = pair.one.spawn({.flags = CLONE_NEWNET});
  t.expect_errno("in one made later from there", later(way_there), ENETUNREACH);
  t.expect_errno("deleted from the other", pair.two([] { return prohibit_route(RTM_DELROUTE); }),
                 ESRCH);
  t.expect_success("deleted", pair.one([] { return prohibit_route(RTM_DELROUTE); }));
  t.expect_success("the way after it", pair.one(way_there));
}

sys::Result<> prohibit_rule(std::uint16_t type) {
  fib_rule_hdr rule{};
  rule.family = AF_INET;
  rule.action = FR_ACT_PROHIBIT;
  return LinkRequest(type, type == RTM_NEWRULE ? kMake : 0)
      .fixed(rule)
      .number(FRA_PRIORITY, 100)
      .send();
}

NSVET_CHECK(rules, {.id = "net.table.rules",
                    .title = "Routing rules are private to a network namespace",
                    .rule = "a rule that prohibits all (EACCES) counts where it was added, and in "
                            "no other namespace",
                    .source = "network_namespaces(7), ip-rule(8)",
                    .types = {NsType::net},
                    .needs = {Need::admin}}) {
  Pair pair = with_devices(t);
  const auto added = pair.one([] { return prohibit_rule(RTM_NEWRULE); });
  if (!added && added.error().number == EOPNOTSUPP) {
    Check::skip("this kernel has no routing rules (CONFIG_IP_MULTIPLE_TABLES)");
  }
  require(added);
  t.expect_errno("where it was added", pair.one(way_there), EACCES);
  t.expect_success("in the other", pair.two(way_there));
  t.expect_errno("deleted from the other", pair.two([] { return prohibit_rule(RTM_DELRULE); }),
                 ENOENT);
  t.expect_success("deleted", pair.one([] { return prohibit_rule(RTM_DELRULE); }));
  t.expect_success("the way after it", pair.one(way_there));
}

sys::Result<> add_neighbour() {
  const auto index = link_index("nsvet0");
  if (!index) return tl::unexpected(index.error());
  ndmsg message{};
  message.ndm_family = AF_INET;
  message.ndm_ifindex = static_cast<int>(*index);
  message.ndm_state = NUD_PERMANENT;
  return LinkRequest(RTM_NEWNEIGH, kMake)
      .fixed(message)
      .number(NDA_DST, static_cast<std::int32_t>(address_of(9, 0).sin_addr.s_addr))
      .bytes(NDA_LLADDR, "\x02nsvet")
      .send();
}

NSVET_CHECK(neighbours, {.id = "net.table.neighbours",
                         .title = "Neighbours are private to a network namespace",
                         .rule = "an entry of the ARP table shows in its namespace alone; the same "
                                 "one can be made in another, but not twice (EEXIST)",
                         .source = "network_namespaces(7), arp(7)",
                         .types = {NsType::net},
                         .needs = {Need::admin}}) {
  Pair pair = with_devices(t);
  const auto shown = [] {
    return setup(sys::read_file("/proc/self/net/arp")).find("10.47.0.9 ") != std::string::npos;
  };
  require(pair.one(add_neighbour));
  t.expect("where it was made", pair.one(shown), true);
  t.expect("in the other", pair.two(shown), false);
  t.expect_errno("made again", pair.one(add_neighbour), EEXIST);
  t.expect_success("made in the other", pair.two(add_neighbour));
  require(pair.one([] { return delete_link("nsvet0"); }));
  t.expect("gone with its device", pair.one(shown), false);
  t.expect("the other's", pair.two(shown), true);
}

}  // namespace
}  // namespace nsvet::probe
