// Ids of a user namespace, in what the kernel tells of processes: each reader sees its own.
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user.h"

namespace nsvet::probe {
namespace {

// Ids of the initial user namespace, which nobody else should have.
constexpr unsigned kFirstId = 200000;

NSVET_CHECK(status_ids,
            {.id = "user.ids.proc_status",
             .title = "/proc/PID/status shows ids of the user namespace that opened it",
             .rule = "Uid, Gid and Groups are those of the user namespace of who opened the file, "
                     "or the overflow id",
             .source = "user_namespaces(7), proc_pid_status(5), fs/proc/array.c",
             .types = {NsType::user},
             .needs = {Need::root, Need::userns}}) {
  Actor root = spawn_mapped(t, kFirstId, 100);
  Actor target = root.spawn();
  require(target([]() -> sys::Result<> {
    const gid_t group = 7;
    if (::setgroups(1, &group) != 0) return sys::last_error("setgroups()");
    if (::setresgid(6, 6, 6) != 0 || ::setresuid(5, 5, 5) != 0)
      return sys::last_error("setresuid()");
    return {};
  }));
  // The lines as words: "5 6 7".
  const auto ids = [pid = target.pid()](int file) {
    const auto text = setup(sys::read_file(file < 0 ? fmt::format("/proc/{}/status", pid)
                                                    : fmt::format("/proc/self/fd/{}", file)));
    std::string found;
    for (const char* line : {"\nUid:\t", "\nGid:\t", "\nGroups:\t"}) {
      const auto at = text.find(line) + std::string_view(line).size();
      found += text.substr(at, text.find_first_of("\t \n", at) - at) + " ";
    }
    found.pop_back();
    return found;
  };
  const auto seen = [ids] { return ids(-1); };
  t.expect("read inside", root(seen), "5 6 7");
  t.expect("read outside", seen(), "200005 200006 200007");
  Actor sibling = spawn_mapped(t, kFirstId + 1000, 100);
  t.expect("read in another one", sibling(seen), "65534 65534 65534");
  // Opened outside, read inside.
  const auto opened = setup(sys::open(fmt::format("/proc/{}/status", target.pid()), O_RDONLY));
  const int there = root.give(opened.get());
  const auto text = root([there]() -> sys::Result<std::string> {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::pread(there, buffer.data(), buffer.size(), 0);
    if (size < 0) return sys::last_error("pread()");
    return std::string(buffer.data(), static_cast<std::size_t>(size));
  });
  t.expect("opened outside, read inside",
           require(text).find("\nUid:\t200005\t") != std::string::npos, true);
}

NSVET_CHECK(waitid_uid,
            {.id = "user.ids.waitid",
             .title = "waitid(2) and SIGCHLD name the child's user as the parent's namespace does",
             .rule = "si_uid is the child's real user id in the user namespace of who waits, or "
                     "the overflow id",
             .source = "waitid(2), user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root, Need::userns}}) {
  // The user of a child that ends, as waitid() and a blocked SIGCHLD tell it.
  struct Seen {
    uid_t waited;
    uid_t signalled;
  };
  const auto ends_as = [](uid_t uid) -> sys::Result<Seen> {
    sigset_t chld;
    ::sigemptyset(&chld);
    ::sigaddset(&chld, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &chld, nullptr);
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(::setresuid(uid, uid, uid) == 0 ? 0 : 1);
    siginfo_t signal{};
    if (::sigwaitinfo(&chld, &signal) < 0) return sys::last_error("sigwaitinfo()");
    siginfo_t waited{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &waited, WEXITED) != 0) {
      return sys::last_error("waitid()");
    }
    if (waited.si_status != 0) return sys::error(EPERM, "setresuid() of the child");
    return Seen{waited.si_uid, signal.si_uid};
  };
  Actor root = spawn_mapped(t, kFirstId, 100);
  const auto inside = require(root([ends_as] { return ends_as(5); }));
  t.expect("waitid() inside", inside.waited, 5U);
  t.expect("SIGCHLD inside", inside.signalled, 5U);
  // A parent without this id: its child is of the namespace above.
  Actor parent = root.spawn();
  require(parent([]() -> sys::Result<> {
    sigset_t chld;
    ::sigemptyset(&chld);
    ::sigaddset(&chld, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &chld, nullptr);
    return {};
  }));
  Actor child = parent.spawn();
  require(child([] { return result_of(::setresuid(5, 5, 5), "setresuid()"); }));
  require(parent([] { return sys::enter_own_user_namespace(); }));
  child.finish();
  const auto outside = require(parent([pid = child.pid()]() -> sys::Result<Seen> {
    sigset_t chld;
    ::sigemptyset(&chld);
    ::sigaddset(&chld, SIGCHLD);
    siginfo_t signal{};
    if (::sigwaitinfo(&chld, &signal) < 0) return sys::last_error("sigwaitinfo()");
    siginfo_t waited{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &waited, WEXITED) != 0) {
      return sys::last_error("waitid()");
    }
    return Seen{waited.si_uid, signal.si_uid};
  }));
  t.expect("waitid() where the id has no map", outside.waited, sys::kNobody);
  t.expect("SIGCHLD there", outside.signalled, sys::kNobody);
}

NSVET_CHECK(peer_ids,
            {.id = "user.ids.peercred",
             .title = "SO_PEERCRED and SO_PEERGROUPS are the asker's view of a peer's ids",
             .rule = "uid, gid and groups of a connected peer are those of the user namespace of "
                     "who asks, or the overflow id",
             .source = "unix(7), socket(7), user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root, Need::userns}}) {
  Actor root = spawn_mapped(t, kFirstId, 100);
  Actor maker = root.spawn();
  struct Pair {
    int one, two;
  };
  const auto pair = require(maker([]() -> sys::Result<Pair> {
    const gid_t group = 7;
    if (::setgroups(1, &group) != 0) return sys::last_error("setgroups()");
    if (::setresgid(6, 6, 6) != 0 || ::setresuid(5, 5, 5) != 0)
      return sys::last_error("setresuid()");
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      return sys::last_error("socketpair()");
    }
    return Pair{ends[0], ends[1]};
  }));
  const auto end = maker.take(pair.one);
  const auto seen = [](int socket) -> sys::Result<std::string> {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
      return sys::last_error("SO_PEERCRED");
    }
    gid_t group = 0;
    size = sizeof group;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, &group, &size) != 0) {
      return sys::last_error("SO_PEERGROUPS");
    }
    return fmt::format("{} {} {}", peer.uid, peer.gid, group);
  };
  const auto asked_by = [&](Actor& actor) {
    const int there = actor.give(end.get());
    return require(actor([=] { return seen(there); }));
  };
  t.expect("inside", asked_by(root), "5 6 7");
  t.expect("outside", require(seen(end.get())), "200005 200006 200007");
  Actor sibling = spawn_mapped(t, kFirstId + 1000, 100);
  t.expect("in another one", asked_by(sibling), "65534 65534 65534");
}

NSVET_CHECK(priority_of_user,
            {.id = "user.ids.priority_of_user",
             .title = "PRIO_USER takes a user id of the caller's user namespace",
             .rule = "getpriority(2) with PRIO_USER finds the processes of the user that has this "
                     "id in the caller's user namespace; an id without a map is ESRCH",
             .source = "getpriority(2), user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root, Need::userns}}) {
  // All processes of the user count, so that no other check may have it.
  constexpr unsigned kOwnIds = 300000;
  Actor root = spawn_mapped(t, kOwnIds, 100);
  Actor user = root.spawn();
  require(user([]() -> sys::Result<> {
    if (::setpriority(PRIO_PROCESS, 0, 19) != 0) return sys::last_error("setpriority()");
    return result_of(::setresuid(5, 5, 5), "setresuid()");
  }));
  const auto priority = [](id_t uid) {
    return [uid]() -> sys::Result<int> {
      errno = 0;
      const int found = ::getpriority(PRIO_USER, uid);
      if (errno != 0) return sys::last_error("getpriority(PRIO_USER, {})", uid);
      return found;
    };
  };
  t.expect("user 5 inside", require(root(priority(5))), 19);
  t.expect("the same outside", require(priority(kOwnIds + 5)()), 19);
  t.expect_errno("the outer id inside", root(priority(kOwnIds + 5)), ESRCH);
  Actor sibling = spawn_mapped(t, kOwnIds + 1000, 100);
  t.expect_errno("user 5 in another one", sibling(priority(5)), ESRCH);
}

}  // namespace
}  // namespace nsvet::probe
