#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core.h"

HELPER int plain_socket(void) { return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }

// One rtnetlink request with attributes that nest by `nest` and `end`.
struct request {
  struct nlmsghdr header;
  struct ifinfomsg link;
  char room[512];
};
HELPER struct rtattr* attribute(struct request* r, unsigned short type, const void* data,
                                size_t size) {
  struct rtattr* a = (struct rtattr*)((char*)r + NLMSG_ALIGN(r->header.nlmsg_len));
  a->rta_type = type;
  a->rta_len = (unsigned short)RTA_LENGTH(size);
  if (size) memcpy(RTA_DATA(a), data, size);
  r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + (unsigned)RTA_ALIGN(a->rta_len);
  return a;
}
HELPER void end(struct request* r, struct rtattr* a) {
  a->rta_len = (unsigned short)((char*)r + r->header.nlmsg_len - (char*)a);
}
HELPER struct request begin(unsigned short type, int flags) {
  struct request r;
  memset(&r, 0, sizeof r);
  r.header.nlmsg_len = NLMSG_LENGTH(sizeof r.link);
  r.header.nlmsg_type = type;
  r.header.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags);
  return r;
}
HELPER int send_request(struct request* r) {
  char reply[1024];
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -1;
  if (send(fd, r, r->header.nlmsg_len, 0) < 0 || recv(fd, reply, sizeof reply, 0) < 0) {
    close(fd);
    return -1;
  }
  close(fd);
  errno = -((struct nlmsgerr*)NLMSG_DATA((struct nlmsghdr*)reply))->error;
  return errno ? -1 : 0;
}

HELPER int set_up(const char* name, int up) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
  int fd = plain_socket();
  int result = ioctl(fd, SIOCGIFFLAGS, &r);
  r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
  if (result == 0) result = ioctl(fd, SIOCSIFFLAGS, &r);
  int code = errno;
  close(fd);
  errno = code;
  return result;
}
OP(link_up) { check(set_up(v[0].s, (int)v[1].n)); }
OP(link_add) {
  struct request r = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  attribute(&r, IFLA_IFNAME, v[0].s, strlen(v[0].s) + 1);
  struct rtattr* info = attribute(&r, IFLA_LINKINFO, NULL, 0);
  attribute(&r, IFLA_INFO_KIND, v[1].s, strlen(v[1].s));
  end(&r, info);
  check(send_request(&r));
}
OP(veth_add) {
  struct request r = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  struct ifinfomsg none;
  int pid = pid_of(v + 2);
  memset(&none, 0, sizeof none);
  attribute(&r, IFLA_IFNAME, v[0].s, strlen(v[0].s) + 1);
  struct rtattr* info = attribute(&r, IFLA_LINKINFO, NULL, 0);
  attribute(&r, IFLA_INFO_KIND, "veth", 4);
  struct rtattr* data = attribute(&r, IFLA_INFO_DATA, NULL, 0);
  struct rtattr* peer = attribute(&r, VETH_INFO_PEER, &none, sizeof none);
  attribute(&r, IFLA_IFNAME, v[1].s, strlen(v[1].s) + 1);
  if (pid > 0) attribute(&r, IFLA_NET_NS_PID, &pid, sizeof pid);
  end(&r, peer);
  end(&r, data);
  end(&r, info);
  check(send_request(&r));
}
HELPER void change_link(const char* name, unsigned short type, unsigned short key, const void* data,
                        size_t size) {
  struct request r = begin(type, 0);
  r.link.ifi_index = (int)if_nametoindex(name);
  if (key) attribute(&r, key, data, size);
  check(r.link.ifi_index ? send_request(&r) : -1);
}
OP(link_del) { change_link(v[0].s, RTM_DELLINK, 0, NULL, 0); }
OP(link_move) {
  int pid = pid_of(v + 1);
  change_link(v[0].s, RTM_NEWLINK, IFLA_NET_NS_PID, &pid, sizeof pid);
}
OP(link_move_fd) {
  int fd = held(NSFD, v + 1);
  change_link(v[0].s, RTM_NEWLINK, IFLA_NET_NS_FD, &fd, sizeof fd);
}
OP(link_rename) { change_link(v[0].s, RTM_NEWLINK, IFLA_IFNAME, v[1].s, strlen(v[1].s) + 1); }
OP(link_mtu) {
  unsigned mtu = (unsigned)v[1].n;
  change_link(v[0].s, RTM_NEWLINK, IFLA_MTU, &mtu, sizeof mtu);
}
// A device by its number, asked of rtnetlink.
OP(link_number) {
  struct request r = begin((unsigned short)v[1].n, 0);
  r.link.ifi_index = (int)v[0].n;
  check(send_request(&r));
}
// Every device with its flags and MTU.
OP(links) {
  struct ifreq r;
  int fd = plain_socket();
  if (fd < 0) {
    check(-1);
    return;
  }
  for (int index = 1; index < 12; index++) {
    memset(&r, 0, sizeof r);
    r.ifr_ifindex = index;
    if (ioctl(fd, SIOCGIFNAME, &r) < 0) continue;
    say("%d:%s", index, r.ifr_name);
    if (ioctl(fd, SIOCGIFFLAGS, &r) == 0) say(",%x", (unsigned short)r.ifr_flags);
    if (ioctl(fd, SIOCGIFMTU, &r) == 0) say(",%d ", r.ifr_mtu);
  }
  close(fd);
}
OP(addr_add) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  snprintf(r.ifr_name, sizeof r.ifr_name, "%s", v[0].s);
  struct sockaddr_in address = {.sin_family = AF_INET};
  inet_pton(AF_INET, v[1].s, &address.sin_addr);
  memcpy(&r.ifr_addr, &address, sizeof address);
  int fd = plain_socket();
  check(ioctl(fd, SIOCSIFADDR, &r));
  close(fd);
}
HELPER void change_route(const char* word, unsigned long call) {
  struct rtentry route;
  struct sockaddr_in to = {.sin_family = AF_INET}, mask = {.sin_family = AF_INET};
  char device[] = "lo";
  memset(&route, 0, sizeof route);
  inet_pton(AF_INET, word, &to.sin_addr);
  mask.sin_addr.s_addr = htonl(0xffffff00);
  to.sin_addr.s_addr &= mask.sin_addr.s_addr;
  memcpy(&route.rt_dst, &to, sizeof to);
  memcpy(&route.rt_genmask, &mask, sizeof mask);
  route.rt_flags = RTF_UP;
  route.rt_dev = device;
  int fd = plain_socket();
  check(ioctl(fd, call, &route));
  close(fd);
}
OP(route_add) { change_route(v[0].s, SIOCADDRT); }
OP(route_del) { change_route(v[0].s, SIOCDELRT); }
OP(link_index) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  snprintf(r.ifr_name, sizeof r.ifr_name, "%s", v[0].s);
  int fd = plain_socket();
  if (check(ioctl(fd, SIOCGIFINDEX, &r))) say(" %d", r.ifr_ifindex);
  close(fd);
}
// All IPv4 addresses, as rtnetlink dumps them.
OP(addresses) {
  char reply[8192];
  struct request r = begin(RTM_GETADDR, NLM_F_DUMP & ~NLM_F_ACK);
  memset(&r.link, 0, sizeof r.link);
  r.link.ifi_family = AF_INET;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (!check(fd)) return;
  if (send(fd, &r, r.header.nlmsg_len, 0) >= 0) {
    ssize_t size = recv(fd, reply, sizeof reply, MSG_DONTWAIT);
    struct nlmsghdr* h = (struct nlmsghdr*)reply;
    for (unsigned left = size > 0 ? (unsigned)size : 0; NLMSG_OK(h, left);
         h = NLMSG_NEXT(h, left)) {
      struct ifaddrmsg* a = NLMSG_DATA(h);
      if (h->nlmsg_type == RTM_NEWADDR)
        say(" %u:%u/%u", a->ifa_index, a->ifa_family, a->ifa_prefixlen);
      else
        say(" type=%u", h->nlmsg_type);
    }
  }
  close(fd);
}
// The id of another network namespace in this one.
OP(nsid) {
  struct {
    struct nlmsghdr header;
    unsigned char family, pad[3];
    struct rtattr kind;
    int value;
    struct rtattr pid_kind;
    int pid;
  } r = {.header = {.nlmsg_type = (unsigned short)(v[1].n == -2 ? RTM_GETNSID : RTM_NEWNSID),
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
         .kind = {8, 1 /* NETNSA_NSID */},
         .value = (int)v[1].n,
         .pid_kind = {8, 2 /* NETNSA_PID */},
         .pid = pid_of(v)};
  struct {
    struct nlmsghdr header;
    union {
      int error;
      struct {
        unsigned char family[4];
        struct rtattr kind;
        int value;
      } answer;
    };
    char room[512];
  } reply;
  r.header.nlmsg_len = sizeof r;
  if (v[1].n == -2) {
    // A question has the PID alone.
    memmove(&r.kind, &r.pid_kind, sizeof r.pid_kind + sizeof r.pid);
    r.header.nlmsg_len = offsetof(__typeof__(r), pid_kind);
  }
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0 || send(fd, &r, r.header.nlmsg_len, 0) < 0 ||
      recv(fd, &reply, sizeof reply, MSG_DONTWAIT) < 0) {
    check(-1);
  } else if (reply.header.nlmsg_type == NLMSG_ERROR) {
    errno = -reply.error;
    check(errno ? -1 : 0);
  } else {
    say("nsid=%d", reply.answer.value);
  }
  close(fd);
}
OP(netlink_bind) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = (unsigned)v[1].n};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_USERSOCK);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) < 0) {
    check(-1);
    close(fd);
    return;
  }
  keep(SOCKFD, v, fd);
}
OP(netlink_send) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = (unsigned)v[0].n};
  struct nlmsghdr message = {.nlmsg_len = sizeof message};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_USERSOCK);
  number(sendto(fd, &message, sizeof message, 0, (struct sockaddr*)&address, sizeof address));
  close(fd);
}
// Whether an address is ours, or can be reached, and from where.
OP(use_address) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(4321)};
  socklen_t size = sizeof address;
  char text[32] = "";
  inet_pton(AF_INET, v[0].s, &address.sin_addr);
  int fd = plain_socket();
  say("bind=");
  check(bind(fd, (struct sockaddr*)&address, sizeof address));
  close(fd);
  fd = plain_socket();
  say(" connect=");
  if (check(connect(fd, (struct sockaddr*)&address, sizeof address)) &&
      getsockname(fd, (struct sockaddr*)&address, &size) == 0)
    say(" from %s", inet_ntop(AF_INET, &address.sin_addr, text, sizeof text));
  close(fd);
}
OP(send_somewhere) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(4321)};
  inet_pton(AF_INET, v[0].s, &address.sin_addr);
  int fd = plain_socket();
  number(sendto(fd, "hello", 5, MSG_DONTWAIT, (struct sockaddr*)&address, sizeof address));
  close(fd);
}
// What a new socket takes from its network namespace.
OP(socket_defaults) {
  static const struct {
    const char* name;
    int level, option;
  } asked[] = {{"ttl", IPPROTO_IP, 2},        {"keepidle", IPPROTO_TCP, 4},
               {"keepintvl", IPPROTO_TCP, 5}, {"keepcnt", IPPROTO_TCP, 6},
               {"linger2", IPPROTO_TCP, 8},   {"sndbuf", SOL_SOCKET, SO_SNDBUF}};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!check(fd)) return;
  for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
    int value = 0;
    socklen_t size = sizeof value;
    say(" %s=", asked[i].name);
    if (getsockopt(fd, asked[i].level, asked[i].option, &value, &size) < 0)
      say("%s", strerrorname_np(errno));
    else
      say("%d", value);
  }
  unsigned long long cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &size) == 0)
    say(" netns=%s", label('C', cookie));
  close(fd);
}
// The identity of the own network namespace and of a new one.
HELPER void say_cookie(void) {
  unsigned long long cookie = 0;
  socklen_t size = sizeof cookie;
  int fd = plain_socket();
  if (check(getsockopt(fd, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &cookie, &size)))
    say("=%s ", label('C', cookie));
  close(fd);
}
HELPER void say_cookies(int me, const struct value* v) {
  (void)me, (void)v;
  say_cookie();
  if (check(unshare(CLONE_NEWNET))) say_cookie();
}
OP(net_cookies) { number(work_in_child(syscall(SYS_fork), say_cookies, me, v, NULL)); }
// Options that need a capability over the socket's network namespace.
OP(set_options) {
  static const struct {
    const char* name;
    int option;
  } all[] = {{"mark", SO_MARK}, {"debug", SO_DEBUG}, {"sndbufforce", SO_SNDBUFFORCE}};
  int value = 1, any = 0, fd = plain_socket();
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    any |= say_tried(all[i].name, setsockopt(fd, SOL_SOCKET, all[i].option, &value, sizeof value));
  any |= say_tried("bindtodevice", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
  box->failed = !any;
  close(fd);
}
// Whom a peer of this process is told to be, groups included.
OP(peer) {
  int pair[2];
  struct ucred peer = {0, 0, 0};
  gid_t groups[8];
  socklen_t size = sizeof peer, groups_size = sizeof groups;
  if (!check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))) return;
  if (getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
    say(" %d,%u,%u", peer.pid, peer.uid, peer.gid);
  if (getsockopt(pair[0], SOL_SOCKET, 59 /* SO_PEERGROUPS */, groups, &groups_size) == 0)
    for (unsigned i = 0; i < groups_size / sizeof *groups; i++) say(" %u", groups[i]);
  close(pair[0]);
  close(pair[1]);
}
OP(net_ns_of_socket) {
  struct stat st;
  int ns = ioctl(held(SOCKFD, v), 0x894C /* SIOCGSKNS */);
  if (!check(ns)) return;
  if (fstat(ns, &st) == 0) say(" %s", label('n', st.st_ino));
  close(ns);
}
// The name in a line of /proc/net/FILE: counters move by themselves.
HELPER int name_in(const char* file, const char* line, char name[128]) {
  char rest[2];
  unsigned port;
  if (strcmp(file, "dev") == 0) return sscanf(line, " %127[^:]:", name) == 1 && !strchr(name, '|');
  if (strcmp(file, "route") == 0) return sscanf(line, "%127s", name) == 1;
  if (strcmp(file, "netlink") == 0) {
    if (sscanf(line, "%*s 2 %127s", name) == 1) return 1;
    strcpy(name, "odd");
    return sscanf(line, "%*s %*s %*s %*s %1s", rest) != 1;
  }
  if (strcmp(file, "unix") == 0)
    return sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %127s", name) == 1 &&
           strcmp(name, "Inode") != 0;
  if (strcmp(file, "arp") == 0) return sscanf(line, "%127s", name) == 1 && strcmp(name, "IP") != 0;
  if (strcmp(file, "fib_trie") == 0) return sscanf(line, " |-- %127s", name) == 1;
  if (strcmp(file, "packet") == 0)
    return sscanf(line, "%*s %*s %*s %127s", name) == 1 && strcmp(name, "Proto") != 0;
  // tcp, udp and raw begin with a number and an address; a port that nobody chose is random.
  const char* title = strstr(line, "local_address");
  if (title && title < strchr(line, '\n')) return 0;
  if (sscanf(line, " %*d: %127[0-9A-F:]", name) != 1) return strcpy(name, "odd") != NULL;
  if (sscanf(name, "%*[0-9A-F]:%x", &port) == 1 && port >= 32768) strcpy(strchr(name, ':'), ":any");
  return 1;
}
HELPER int by_name(const void* a, const void* b) { return strcmp(a, b); }
// Sorted: the kernel tells them in the order of a hash.
HELPER void say_proc_net(int pid, const char* file) {
  static char names[64][128];
  size_t count = 0;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/net/%s", pid, file);
  const char* line = slurp(path);
  box->failed = !*line;
  say("%s", *line ? "0" : strerrorname_np(errno));
  for (; line && *line && count < 64; line = strchr(line, '\n'), line += line != NULL)
    count += (size_t)name_in(file, line, names[count]);
  qsort(names, count, sizeof *names, by_name);
  for (size_t i = 0; i < count; i++) say(" %s", names[i]);
}
OP(proc_net) { say_proc_net(pid_of(v), v[1].s); }
// What a socket of each kind adds to its file.
OP(socket_listed) {
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(4006)};
  const int is_packet = strcmp(v[0].s, "packet") == 0;
  const int type = strcmp(v[0].s, "tcp6") == 0 ? SOCK_STREAM : SOCK_DGRAM;
  int fd =
      socket(is_packet ? AF_PACKET : AF_INET6, type | SOCK_CLOEXEC, is_packet ? htons(0x0800) : 0);
  if (!check(fd)) return;
  if (!is_packet) say_tried("bind", bind(fd, (struct sockaddr*)&any, sizeof any));
  if (type == SOCK_STREAM) say_tried("listen", listen(fd, 1));
  say_tried("device", setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none", 5));
  say(" listed=");
  say_proc_net((int)syscall(SYS_getpid), v[0].s);
  close(fd);
}

HELPER struct sockaddr_in loopback(long port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
OP(tcp_serve) {
  struct sockaddr_in address = loopback(v[1].n);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) < 0 || listen(fd, 4) < 0) {
    check(-1);
    close(fd);
    return;
  }
  keep(SOCKFD, v, fd);
}
OP(tcp_connect) {
  struct sockaddr_in address = loopback(v[0].n);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int result = connect(fd, (struct sockaddr*)&address, sizeof address);
  // Over lo the answer is there when the call returns.
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  if (result < 0 && errno == EINPROGRESS && poll(&ready, 1, 20) > 0) {
    socklen_t size = sizeof errno;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &size);
    result = errno ? -1 : 0;
  }
  check(result);
  close(fd);
}
OP(udp_bind) {
  struct sockaddr_in address = loopback(v[1].n);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) < 0) {
    check(-1);
    close(fd);
    return;
  }
  keep(SOCKFD, v, fd);
}
OP(udp_send) {
  struct sockaddr_in address = loopback(v[0].n);
  int fd = plain_socket();
  number(sendto(fd, "hello", 5, MSG_DONTWAIT, (struct sockaddr*)&address, sizeof address));
  close(fd);
}
OP(receive) {
  char text[32];
  number(recv(held(SOCKFD, v), text, sizeof text, MSG_DONTWAIT));
}
// Some need a capability over the network namespace.
OP(other_sockets) {
  static const struct {
    const char* name;
    int family, type, protocol;
  } all[] = {{"raw", AF_INET, SOCK_RAW, IPPROTO_ICMP},
             {"icmp", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
             {"packet", AF_PACKET, SOCK_RAW, 0},
             {"tcp6", AF_INET6, SOCK_STREAM, 0},
             {"netlink", AF_NETLINK, SOCK_RAW, 0}};
  int any = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    int fd = socket(all[i].family, all[i].type | SOCK_CLOEXEC, all[i].protocol);
    any |= say_tried(all[i].name, fd);
    if (fd >= 0) close(fd);
  }
  box->failed = !any;
}

// '@' in front: an abstract name.
HELPER socklen_t unix_address(const char* name, struct sockaddr_un* address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  snprintf(address->sun_path, sizeof address->sun_path, "%s", name);
  if (*name == '@') address->sun_path[0] = 0;
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + (*name != '@'));
}
OP(unix_serve) {
  struct sockaddr_un address;
  socklen_t size = unix_address(v[1].s, &address);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  if (bind(fd, (struct sockaddr*)&address, size) < 0 || listen(fd, 4) < 0) {
    check(-1);
    close(fd);
    return;
  }
  (void)chmod(v[1].s, 0666);
  keep(SOCKFD, v, fd);
}
// Connects, asks who listens, and sends a byte with what credentials the kernel gives it.
OP(unix_connect) {
  struct sockaddr_un address;
  struct ucred peer = {0, 0, 0};
  socklen_t size = unix_address(v[0].s, &address), length = sizeof peer;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (check(connect(fd, (struct sockaddr*)&address, size))) {
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    say(" peer=%d,%u,%u", peer.pid, peer.uid, peer.gid);
    (void)!write(fd, "x", 1);
  }
  close(fd);
}
OP(unix_accept) {
  char byte, control[CMSG_SPACE(sizeof(struct ucred))];
  struct iovec part = {&byte, 1};
  struct ucred peer = {0, 0, 0};
  socklen_t length = sizeof peer;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  int fd = accept4(held(SOCKFD, v), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), one = 1;
  if (!check(fd)) return;
  setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
  say(" peer=%d,%u,%u", peer.pid, peer.uid, peer.gid);
  if (recvmsg(fd, &message, MSG_DONTWAIT) >= 0) {
    struct cmsghdr* c = CMSG_FIRSTHDR(&message);
    if (c && c->cmsg_type == SCM_CREDENTIALS) {
      memcpy(&peer, CMSG_DATA(c), sizeof peer);
      say(" sent=%d,%u,%u", peer.pid, peer.uid, peer.gid);
    }
  }
  close(fd);
}
// Claims to be somebody else.
OP(unix_claim) {
  int pair[2], one = 1;
  char byte = 'x', control[CMSG_SPACE(sizeof(struct ucred))];
  struct ucred claim = {v[0].s[0] == 's' ? (pid_t)syscall(SYS_getpid) : pid_of(v), (uid_t)v[1].n,
                        (gid_t)syscall(SYS_getegid)};
  struct iovec part = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  memset(control, 0, sizeof control);
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0) {
    check(-1);
    return;
  }
  struct cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_CREDENTIALS;
  c->cmsg_len = CMSG_LEN(sizeof claim);
  memcpy(CMSG_DATA(c), &claim, sizeof claim);
  setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  if (check(sendmsg(pair[0], &message, MSG_DONTWAIT)) &&
      recvmsg(pair[1], &message, MSG_DONTWAIT) >= 0) {
    c = CMSG_FIRSTHDR(&message);
    if (c)
      memcpy(&claim, CMSG_DATA(c), sizeof claim),
          say(" got=%d,%u,%u", claim.pid, claim.uid, claim.gid);
  }
  close(pair[0]);
  close(pair[1]);
}

// The table.
#include "domains.h"

static const struct domain kDevice = {"device", 0, WORDS({"lo", 0}, {"x0", 0}, {"p0", 0})};
static const struct domain kNewDevice = {"new_device", 1, WORDS({"x0", 0}, {"x1", 0}, {"x2", 0})};
static const struct domain kPeerDevice = {"peer_device", 0, WORDS({"p0", 0}, {"x1", 0})};
static const struct domain kUp = {"up", 0, WORDS({"up", 1}, {"down", 0})};
static const struct domain kDeviceKind = {
    "device_kind", 0, WORDS({"dummy", 0}, {"bridge", 0}, {"ifb", 0}, {"ipip", 0})};
static const struct domain kMtu = {"mtu", 0, WORDS({"1400", 1400}, {"65536", 65536}, {"10", 10})};
static const struct domain kAddress = {"address", 0,
                                       WORDS({"10.0.0.1", 0}, {"127.0.0.1", 0}, {"10.0.0.2", 0})};
static const struct domain kProcNet = {
    "proc_net", 0,
    WORDS({"dev", 0}, {"unix", 0}, {"tcp", 0}, {"udp", 0}, {"netlink", 0}, {"route", 0}, {"raw", 0},
          {"arp", 0}, {"fib_trie", 0})};
static const struct domain kListed = {"listed", 0, WORDS({"tcp6", 0}, {"udp6", 0}, {"packet", 0})};
static const struct domain kTcpPort = {"tcp_port", 0,
                                       WORDS({"4000", 4000}, {"80", 80}, {"4001", 4001})};
static const struct domain kUdpPort = {"udp_port", 0, WORDS({"4000", 4000}, {"81", 81})};
static const struct domain kUnixName = {
    "unix_name", 0, WORDS({"@one", 0}, {"/tmp/sock", 0}, {"@two", 0}, {"/d/sock", 0})};

// Sockets have slots of their own by what they are good for.
static const struct domain kListener = {"listener", 1, WORDS({"s0", 0}, {"s1", 1})};
static const struct domain kTcpListener = {"tcp_listener", 1, WORDS({"s2", 2}, {"s3", 3})};
static const struct domain kUdpSocket = {"udp_socket", 1, WORDS({"s4", 4}, {"s5", 5})};
static const struct domain kNetlinkSocket = {"netlink_socket", 1, WORDS({"s6", 6}, {"s7", 7})};
static const struct domain kCaller = {"caller", 0, WORDS({"waits", 0})};
static const struct domain kDatagram = {"datagram", 0, WORDS({"sent", 0})};
static const struct domain kNetlinkMessage = {"netlink_message", 0, WORDS({"sent", 0})};
static const struct domain kNumber = {"number", 0, WORDS({"2", 2}, {"77", 77})};
static const struct domain kRequest = {"request", 0,
                                       WORDS({"del", RTM_DELLINK}, {"new", RTM_NEWLINK})};
static const struct domain kRoute = {"route", 0, WORDS({"192.0.2.1", 0}, {"10.0.0.9", 0})};
static const struct domain kNetlinkPort = {"netlink_port", 0, WORDS({"4711", 4711}, {"7", 7})};
static const struct domain kNsid = {"nsid", 0, WORDS({"ask", -2}, {"5", 5}, {"any", -1}, {"0", 0})};
static const struct domain kSomewhere = {
    "somewhere", 0,
    WORDS({"127.0.0.1", 0}, {"10.0.0.1", 0}, {"127.3.2.1", 0}, {"10.0.0.9", 0}, {"192.0.2.1", 0})};

const struct op kNetOps[] = {
    {"link_up", "netdevice(7)", "net user", RUN(link_up), {{&kDevice, PLAIN}, {&kUp, PLAIN}}, 0},
    {"link_add",
     "rtnetlink(7)",
     "net user",
     RUN(link_add),
     {{&kNewDevice, GIVE}, {&kDeviceKind, PLAIN}},
     FAILS},
    {"veth_add",
     "veth(4)",
     "net user",
     RUN(veth_add),
     {{&kNewDevice, GIVE}, {&kPeerDevice, PLAIN}, {&kTarget, PLAIN}},
     FAILS},
    {"link_del", "rtnetlink(7)", "net", RUN(link_del), {{&kNewDevice, TAKE}}, FAILS},
    {"link_move",
     "rtnetlink(7)",
     "net user",
     RUN(link_move),
     {{&kNewDevice, NEED}, {&kTarget, PLAIN}},
     FAILS},
    {"link_move_fd",
     "rtnetlink(7)",
     "net user",
     RUN(link_move_fd),
     {{&kNewDevice, NEED}, {&kNetNsFd, NEED}},
     FAILS},
    {"link_rename",
     "rtnetlink(7)",
     "net",
     RUN(link_rename),
     {{&kNewDevice, NEED}, {&kNewDevice, GIVE}},
     FAILS},
    {"link_mtu", "rtnetlink(7)", "net", RUN(link_mtu), {{&kDevice, PLAIN}, {&kMtu, PLAIN}}, 0},
    {"link_number",
     "rtnetlink(7)",
     "net",
     RUN(link_number),
     {{&kNumber, PLAIN}, {&kRequest, PLAIN}},
     FAILS},
    {"links", "netdevice(7)", "net", RUN(links), {{NULL, PLAIN}}, 0},
    {"addr_add",
     "netdevice(7)",
     "net user",
     RUN(addr_add),
     {{&kDevice, PLAIN}, {&kAddress, PLAIN}},
     0},
    {"route_add", "netdevice(7)", "net user", RUN(route_add), {{&kRoute, GIVE}}, 0},
    {"route_del", "netdevice(7)", "net user", RUN(route_del), {{&kRoute, TAKE}}, 0},
    {"link_index", "netdevice(7)", "net", RUN(link_index), {{&kDevice, PLAIN}}, 0},
    {"addresses", "rtnetlink(7)", "net", RUN(addresses), {{NULL, PLAIN}}, 0},
    {"nsid", "rtnetlink(7)", "net", RUN(nsid), {{&kTarget, PLAIN}, {&kNsid, PLAIN}}, FAILS},
    {"netlink_bind",
     "netlink(7)",
     "net",
     RUN(netlink_bind),
     {{&kNetlinkSocket, GIVE}, {&kNetlinkPort, GIVE}},
     0},
    {"netlink_send",
     "netlink(7)",
     "net",
     RUN(netlink_send),
     {{&kNetlinkPort, NEED}, {&kNetlinkMessage, GIVE}},
     0},
    {"use_address", "ip(7)", "net", RUN(use_address), {{&kSomewhere, PLAIN}}, FAILS},
    {"send_somewhere", "ip(7)", "net", RUN(send_somewhere), {{&kSomewhere, PLAIN}}, 0},
    {"socket_defaults", "tcp(7)", "net", RUN(socket_defaults), {{NULL, PLAIN}}, 0},
    {"net_cookies", "network_namespaces(7)", "net", RUN(net_cookies), {{NULL, PLAIN}}, 0},
    {"set_options", "socket(7)", "net user", RUN(set_options), {{NULL, PLAIN}}, 0},
    {"peer", "unix(7)", "pid user", RUN(peer), {{NULL, PLAIN}}, 0},
    {"net_ns_of_socket",
     "ioctl_ns(2)",
     "net user",
     RUN(net_ns_of_socket),
     {{&kUdpSocket, NEED}},
     0},
    {"proc_net",
     "proc_pid_net(5)",
     "net",
     RUN(proc_net),
     {{&kTarget, PLAIN}, {&kProcNet, PLAIN}},
     0},
    {"socket_listed", "proc_pid_net(5)", "net", RUN(socket_listed), {{&kListed, PLAIN}}, 0},
    {"tcp_serve", "tcp(7)", "net", RUN(tcp_serve), {{&kTcpListener, GIVE}, {&kTcpPort, GIVE}}, 0},
    {"tcp_connect", "tcp(7)", "net", RUN(tcp_connect), {{&kTcpPort, NEED}}, 0},
    {"udp_bind", "udp(7)", "net", RUN(udp_bind), {{&kUdpSocket, GIVE}, {&kUdpPort, GIVE}}, 0},
    {"udp_send", "udp(7)", "net", RUN(udp_send), {{&kUdpPort, NEED}, {&kDatagram, GIVE}}, 0},
    {"receive", "recv(2)", "net", RUN(receive), {{&kUdpSocket, NEED}, {&kDatagram, TAKE}}, 0},
    {"netlink_receive",
     "recv(2)",
     "net",
     RUN(receive),
     {{&kNetlinkSocket, NEED}, {&kNetlinkMessage, TAKE}},
     0},
    {"other_sockets", "socket(2)", "net user", RUN(other_sockets), {{NULL, PLAIN}}, 0},
    {"unix_serve",
     "unix(7)",
     "net mnt",
     RUN(unix_serve),
     {{&kListener, GIVE}, {&kUnixName, GIVE}},
     0},
    {"unix_connect",
     "unix(7)",
     "net mnt pid user",
     RUN(unix_connect),
     {{&kUnixName, NEED}, {&kCaller, GIVE}},
     0},
    {"unix_accept",
     "unix(7)",
     "net pid user",
     RUN(unix_accept),
     {{&kListener, NEED}, {&kCaller, TAKE}},
     0},
    {"unix_claim", "unix(7)", "pid user", RUN(unix_claim), {{&kTarget, PLAIN}, {&kId, PLAIN}}, 0},
};
const int kNetOpCount = COUNT(kNetOps);
