// User and group ids across user namespaces: setting, seeing and owning.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "sys/message.h"
#include "user.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(set_ids,
            {.id = "user.ids.set",
             .title = "Only mapped ids can be taken",
             .rule = "setresuid(2) and setresgid(2) to a mapped id succeed, to another one "
                     "and before the map is written they fail with EINVAL",
             .source = "user_namespaces(7), setresuid(2)",
             .types = {NsType::user},
             .needs = {Need::root}}) {
  const auto set_uid = [](unsigned id) {
    return [id] { return result_of(::setresuid(id, id, id), "setresuid()"); };
  };
  const auto set_gid = [](unsigned id) {
    return [id] { return result_of(::setresgid(id, id, id), "setresgid()"); };
  };
  Actor unmapped = t.spawn({.flags = CLONE_NEWUSER});
  t.expect_errno("setresuid(0) without a map", unmapped(set_uid(0)), EINVAL);
  t.expect_errno("setresgid(0) without a map", unmapped(set_gid(0)), EINVAL);
  Actor inside = spawn_mapped(t, 100000, 10);
  t.expect("uid before", inside([] { return ::getuid(); }), 0U);
  t.expect_errno("setresgid(10)", inside(set_gid(10)), EINVAL);
  t.expect_errno("setresuid(10)", inside(set_uid(10)), EINVAL);
  t.expect_success("setresgid(9)", inside(set_gid(9)));
  t.expect_success("setresuid(9)", inside(set_uid(9)));
  t.expect("gid inside", inside([] { return ::getgid(); }), 9U);
  t.expect("uid inside", inside([] { return ::getuid(); }), 9U);
  const auto status = setup(sys::read_file(proc_file(inside, "status")));
  t.expect("uid outside", status.find("Uid:\t100009\t") != std::string::npos, true);
  t.expect("gid outside", status.find("Gid:\t100009\t") != std::string::npos, true);
  t.expect_errno("setresuid(0) without CAP_SETUID", inside(set_uid(0)), EPERM);
}

NSVET_CHECK(file_owners,
            {.id = "user.ids.files",
             .title = "Owners of files are seen and set through the map",
             .rule = "a file made inside is owned outside by the mapped id; ids without a map show "
                     "as the overflow id; chown(2) takes mapped ids only (EINVAL)",
             .source = "user_namespaces(7)",
             .types = {NsType::user, NsType::mnt},
             .needs = {Need::root}}) {
  Actor outer = t.spawn();
  outer([] { enter_private_mounts(); });
  require(outer([] { return result_of(::chmod("/tmp", 0777), "chmod()"); }));
  require(outer(
      [] { return sys::open("/tmp/outer", O_CREAT | O_WRONLY, 0644).map([](const sys::Fd&) {}); }));
  Actor inside = outer.spawn({.flags = CLONE_NEWUSER});
  for (const char* file : {"uid_map", "gid_map"}) {
    require(sys::write_file(proc_file(inside, file), "0 100000 10"));
  }
  require(
      inside([] { return result_of(::setresgid(0, 0, 0) + ::setresuid(0, 0, 0), "setresuid()"); }));
  require(inside(
      [] { return sys::open("/tmp/inner", O_CREAT | O_WRONLY, 0644).map([](const sys::Fd&) {}); }));
  struct Owner {
    uid_t uid;
    gid_t gid;
  };
  const auto owner = [](const char* path) {
    return [path]() -> sys::Result<Owner> {
      struct stat st {};
      if (::stat(path, &st) != 0) return sys::last_error("stat({})", path);
      return Owner{st.st_uid, st.st_gid};
    };
  };
  const auto show = [](Owner o) { return fmt::format("{}:{}", o.uid, o.gid); };
  t.expect("made inside, seen inside", show(setup(inside(owner("/tmp/inner")))), "0:0");
  t.expect("made inside, seen outside", show(setup(outer(owner("/tmp/inner")))), "100000:100000");
  t.expect("made outside, seen inside", show(setup(inside(owner("/tmp/outer")))), "65534:65534");
  const auto chown = [](const char* path, unsigned id) {
    return [path, id] { return result_of(::chown(path, id, id), "chown()"); };
  };
  t.expect_success("chown() to a mapped id", inside(chown("/tmp/inner", 9)));
  t.expect("after it, seen outside", show(setup(outer(owner("/tmp/inner")))), "100009:100009");
  t.expect_errno("chown() to an id without a map", inside(chown("/tmp/inner", 10)), EINVAL);
  t.expect_errno("chown() of a file whose owner has no map", inside(chown("/tmp/outer", 0)), EPERM);
  t.expect_errno(
      "write to it",
      inside([] { return sys::open("/tmp/outer", O_WRONLY).map([](const sys::Fd&) {}); }), EACCES);
  t.expect_success("the parent's root reads the inner file", outer([] {
                     return sys::open("/tmp/inner", O_RDWR).map([](const sys::Fd&) {});
                   }));
}

NSVET_CHECK(file_capabilities,
            {.id = "user.ids.file_capabilities",
             .title = "File capabilities set inside are bound to the user namespace's root",
             .rule = "security.capability set by the root of a user namespace reads back inside as "
                     "version 2, and outside as version 3 with the root's id",
             .source = "capabilities(7), user_namespaces(7)",
             .types = {NsType::user, NsType::mnt},
             .needs = {Need::root}}) {
  Actor outer = t.spawn();
  outer([] { enter_private_mounts(); });
  require(outer([] { return result_of(::chmod("/tmp", 0777), "chmod()"); }));
  Actor inside = outer.spawn({.flags = CLONE_NEWUSER});
  for (const char* file : {"uid_map", "gid_map"}) {
    require(sys::write_file(proc_file(inside, file), "0 100000 10"));
  }
  require(
      inside([] { return result_of(::setresgid(0, 0, 0) + ::setresuid(0, 0, 0), "setresuid()"); }));
  const auto set = inside([]() -> sys::Result<> {
    auto file = sys::open("/tmp/program", O_CREAT | O_WRONLY, 0755);
    if (!file) return tl::unexpected(file.error());
    // VFS_CAP_REVISION_2 with CAP_NET_RAW (13) permitted.
    const std::array<std::uint32_t, 5> data{0x02000000, 1U << 13, 0, 0, 0};
    return result_of(::setxattr("/tmp/program", "security.capability", data.data(), sizeof data, 0),
                     "setxattr()");
  });
  if (!set && set.error().number == EOPNOTSUPP) Check::skip("tmpfs has no extended attributes");
  require(set);
  struct Words {
    ssize_t size;
    std::array<std::uint32_t, 6> data;
  };
  const auto get = [] {
    Words words{};
    words.size =
        ::getxattr("/tmp/program", "security.capability", words.data.data(), sizeof words.data);
    return words;
  };
  const auto within = inside(get);
  t.expect("size inside", within.size, 20);
  t.expect("version inside", within.data[0] >> 24, 2U);
  const auto outside = outer(get);
  t.expect("size outside", outside.size, 24);
  t.expect("version outside", outside.data[0] >> 24, 3U);
  t.expect("root's id outside", outside.data[5], 100000U);
  t.expect("capabilities outside", outside.data[1], 1U << 13);
}

NSVET_CHECK(sent_ids, {.id = "user.ids.messages",
                       .title = "Ids that come with messages are the receiver's",
                       .rule = "SCM_CREDENTIALS and SO_PEERCRED carry ids as the receiver's user "
                               "namespace has them, or the overflow id",
                       .source = "unix(7), user_namespaces(7)",
                       .types = {NsType::user},
                       .needs = {Need::root}}) {
  auto pair = setup(sys::make_socket_pair());
  Actor inside = spawn_mapped(t, 100000, 10);
  require(
      inside([] { return result_of(::setresgid(5, 5, 5) + ::setresuid(5, 5, 5), "setresuid()"); }));
  const int sender = inside.give(pair.first.get());
  const int on = 1;
  setup(result_of(::setsockopt(pair.second.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on),
                  "SO_PASSCRED"));
  require(inside([sender] { return sys::send_message(sender, "n"); }));
  auto received = [](int socket) -> sys::Result<ucred> {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    if (::recvmsg(socket, &header, 0) != 1) return sys::last_error("recvmsg()");
    const cmsghdr* rights = CMSG_FIRSTHDR(&header);
    if (rights == nullptr || rights->cmsg_type != SCM_CREDENTIALS) {
      return sys::error(EPROTO, "no credentials came");
    }
    ucred from{};
    std::memcpy(&from, CMSG_DATA(rights), sizeof from);
    return from;
  };
  const auto seen = require(received(pair.second.get()));
  t.expect("uid of a message from inside", seen.uid, 100005U);
  t.expect("gid of a message from inside", seen.gid, 100005U);
  t.expect("pid of a message from inside", seen.pid, inside.pid());
  // The other way: our ids have no map inside.
  require(inside([sender] {
    const int yes = 1;
    return result_of(::setsockopt(sender, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes),
                     "SO_PASSCRED");
  }));
  require(sys::send_message(pair.second.get(), "n"));
  const auto inner = require(inside([sender, received] { return received(sender); }));
  t.expect("uid of our message inside", inner.uid, sys::kNobody);
  t.expect("gid of our message inside", inner.gid, sys::kNobody);
}

sys::Result<> block_usr1() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  return result_of(::sigprocmask(SIG_BLOCK, &set, nullptr), "sigprocmask()");
}

struct Sender {
  uid_t uid;
  pid_t pid;
  int code;
};

sys::Result<Sender> wait_usr1() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  const timespec limit{10, 0};
  siginfo_t info{};
  if (::sigtimedwait(&set, &info, &limit) != SIGUSR1) return sys::last_error("sigtimedwait()");
  return Sender{info.si_uid, info.si_pid, info.si_code};
}

NSVET_CHECK(signal_ids, {.id = "user.ids.signals",
                         .title = "A signal's sender id is the receiver's",
                         .rule = "si_uid of a signal from a user namespace outside is the overflow "
                                 "id when the sender has no id inside, else the mapped one",
                         .source = "user_namespaces(7), sigaction(2)",
                         .types = {NsType::user},
                         .needs = {Need::root}}) {
  Actor inside = spawn_mapped(t, 100000, 10);
  require(inside([] { return result_of(::setresuid(5, 5, 5), "setresuid()"); }));
  require(inside(block_usr1));
  require(result_of(::kill(inside.pid(), SIGUSR1), "kill()"));
  const auto ours = require(inside(wait_usr1));
  t.expect("uid of ours, seen inside", ours.uid, sys::kNobody);
  t.expect("pid of ours, seen inside", ours.pid, ::getpid());
  t.expect("code of ours", ours.code, SI_USER);
  Actor mapped = t.spawn();
  setup(mapped([] { return result_of(::setresuid(100005, 100005, 100005), "setresuid()"); }));
  require(mapped([pid = inside.pid()] { return result_of(::kill(pid, SIGUSR1), "kill()"); }));
  t.expect("uid of a mapped user's, seen inside", require(inside(wait_usr1)).uid, 5U);
  Actor receiver = t.spawn();
  setup(receiver([] { return result_of(::setresuid(100005, 100005, 100005), "setresuid()"); }));
  require(receiver(block_usr1));
  require(inside([pid = receiver.pid()] { return result_of(::kill(pid, SIGUSR1), "kill()"); }));
  t.expect("uid from inside, seen outside", require(receiver(wait_usr1)).uid, 100005U);
  t.expect_errno("kill() of another user's process from inside",
                 inside([pid = ::getpid()] { return result_of(::kill(pid, 0), "kill()"); }), EPERM);
}

NSVET_CHECK(signal_unmapped,
            {.id = "user.ids.signals_unmapped",
             .title = "Who sends a signal with kill(2) is known though it has no id of its own",
             .rule = "si_uid of a signal from a child user namespace without a map is the sender's "
                     "real user id in the receiver's namespace; before 7.3, and for tgkill(2), it "
                     "may be the overflow id",
             .source = "sigaction(2), user_namespaces(7), kernel/signal.c",
             .types = {NsType::user},
             .needs = {Need::root, Need::userns}}) {
  constexpr uid_t kUser = 100005;
  Actor receiver = t.spawn();
  setup(receiver([] { return result_of(::setresuid(kUser, kUser, kUser), "setresuid()"); }));
  setup(receiver(block_usr1));
  Actor sender = receiver.spawn({.flags = CLONE_NEWUSER});
  t.expect("the sender's id, as it sees it", sender([] { return ::geteuid(); }), sys::kNobody);
  const pid_t to = receiver.pid();
  require(sender([to] { return result_of(::kill(to, SIGUSR1), "kill()"); }));
  const uid_t by_kill = require(receiver(wait_usr1)).uid;
  require(sender([to] {
    return result_of(static_cast<int>(::syscall(SYS_tgkill, to, to, SIGUSR1)), "tgkill()");
  }));
  const uid_t by_tgkill = require(receiver(wait_usr1)).uid;
  t.fact("by_kill", by_kill);
  t.fact("by_tgkill", by_tgkill);
  const bool old = older_than("7.3");
  t.expect("by kill()", by_kill, old && by_kill == sys::kNobody ? sys::kNobody : kUser);
  t.expect("by tgkill()", by_tgkill, by_tgkill == sys::kNobody ? sys::kNobody : kUser);
}

NSVET_CHECK(process_limit,
            {.id = "user.limits.processes",
             .title = "RLIMIT_NPROC limits the processes of a user in a user namespace",
             .rule = "a user without privilege at its limit cannot fork (EAGAIN), and "
                     "can when one of its processes there has ended",
             .source = "getrlimit(2), kernel commit 21d1c5e386bc",
             .types = {NsType::user},
             .needs = {Need::root},
             .since = "5.14"}) {
  const auto limit_to = [](unsigned count) {
    return [count]() -> sys::Result<> {
      const rlimit limit{count, count};
      return result_of(::setrlimit(RLIMIT_NPROC, &limit), "setrlimit()");
    };
  };
  const auto fork = []() -> sys::Result<> {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    if (child < 0) return sys::last_error("fork()");
    ::waitpid(child, nullptr, 0);
    return {};
  };
  Actor first = spawn_mapped(t, 300000, 10);
  require(first([] { return result_of(::setresuid(1, 1, 1), "setresuid()"); }));
  require(first([] { return sys::drop_capabilities(); }));
  Actor holder = first.spawn();
  require(first(limit_to(2)));
  t.expect_errno("fork() at the limit", first(fork), EAGAIN);
  require(holder.alive() ? sys::Result<>() : sys::error(ESRCH, "holder"));
  holder.finish();
  first([pid = holder.pid()] { ::waitpid(pid, nullptr, __WALL); });
  t.expect_success("fork() below the limit", first(fork));
}

}  // namespace
}  // namespace nsvet::probe
