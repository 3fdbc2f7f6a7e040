// Files of /proc that name processes: by their numbers in the namespace of the procfs, or in that
// of who opened them.
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <sstream>

#include "pid_family.h"
#include "pid_process.h"
#include "pid_signal.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// The fields of the first line that has this one at this place, "none" without one.
std::vector<std::string> row_with(const std::string& text, std::size_t place,
                                  std::string_view value) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
    if (fields.size() > place && fields[place] == value) return fields;
  }
  return {};
}

NSVET_CHECK(locks, pid_rule("pid.proc.locks", "/proc/locks is of the procfs' namespace",
                            "it lists the locks of processes that are visible in the PID namespace "
                            "of the procfs, with their numbers there",
                            "proc_locks(5), commit d67fd44f697d")) {
  Family family = make_family(t);
  for (Actor* actor : {&family.outer, &family.init, &family.sibling}) {
    (*actor)([] { mount_own_proc(); });
  }
  const auto inode = require(family.member([]() -> sys::Result<ino_t> {
    const int file = ::memfd_create("nsvet", 0);
    flock whole{};
    whole.l_type = F_WRLCK;
    struct stat found {};
    if (::fcntl(file, F_SETLK, &whole) != 0 || ::fstat(file, &found) != 0) {
      return sys::last_error("F_SETLK");
    }
    return found.st_ino;
  }));
  auto holder = [&](Actor& reader) {
    std::istringstream lines(setup(reader([] { return sys::read_file("/tmp/locks"); })));
    for (std::string line; std::getline(lines, line);) {
      // 1: POSIX ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF
      if (line.find(fmt::format(":{} 0 EOF", inode)) == std::string::npos) continue;
      const auto begin = line.find("WRITE ") + 6;
      return line.substr(begin, line.find(' ', begin) - begin);
    }
    return std::string("none");
  };
  t.expect("holder inside", holder(family.init), "2");
  t.expect("holder in the parent namespace", holder(family.outer), "3");
  t.expect("holder in a sibling namespace", holder(family.sibling), "none");
}

NSVET_CHECK(children, pid_rule("pid.proc.children", "/proc/PID/task/TID/children is translated",
                               "it holds the numbers of the children in the PID namespace of the "
                               "procfs",
                               "proc_pid_task(5)")) {
  Family family = make_family(t);
  for (Actor* actor : {&family.outer, &family.init}) (*actor)([] { mount_own_proc(); });
  const auto of = [](Actor& reader, int pid) {
    return reader(
        [pid] { return sys::read_file(fmt::format("/tmp/{}/task/{}/children", pid, pid)); });
  };
  const auto inside = of(family.init, 1);
  if (!inside && inside.error().number == ENOENT) {
    Check::skip("this kernel has no children files (CONFIG_PROC_CHILDREN)");
  }
  t.expect("of PID 1 inside", require(inside), "2 ");
  t.expect("of the same in the parent namespace", require(of(family.outer, 2)), "3 ");
  t.expect("of the parent namespace's PID 1", require(of(family.outer, 1)), "2 4 ");
}

CheckInfo sysvipc_rule() {
  CheckInfo info =
      pid_rule("pid.proc.sysvipc", "/proc/sysvipc names processes by the opener's view",
               "the PIDs in /proc/sysvipc/msg and shm are numbers of the PID "
               "namespace of who opened the file, 0 where there is none",
               "proc_sysvipc(5), ipc/util.c");
  info.types.push_back(NsType::ipc);
  info.needs.push_back(Need::sysvipc);
  return info;
}

NSVET_CHECK(sysvipc, sysvipc_rule()) {
  Family family = make_family(t, CLONE_NEWIPC);
  require(family.member([]() -> sys::Result<> {
    const int queue = ::msgget(IPC_PRIVATE, 0600);
    const struct {
      long type = 1;
      char text = 'n';
    } message;
    if (::msgsnd(queue, &message, 1, IPC_NOWAIT) != 0) return sys::last_error("msgsnd()");
    if (::shmget(IPC_PRIVATE, 4096, 0600) < 0) return sys::last_error("shmget()");
    return {};
  }));
  auto expect_numbers = [&](Actor& reader, std::string_view where, std::string_view number) {
    // key msqid perms cbytes qnum lspid...; key shmid perms size cpid...
    for (const auto& [file, place] : {std::pair{"msg", 5U}, {"shm", 4U}}) {
      const auto text = setup(
          reader([file = file] { return sys::read_file(fmt::format("/proc/sysvipc/{}", file)); }));
      const auto row = row_with(text, 2, "600");
      t.expect(fmt::format("PID in {} {}", file, where), row.size() > place ? row[place] : "none",
               number);
    }
  };
  expect_numbers(family.init, "inside", "2");
  expect_numbers(family.outer, "in the parent namespace", "3");
  expect_numbers(family.sibling, "in a sibling namespace", "0");
}

CheckInfo fanotify_rule() {
  CheckInfo info =
      pid_rule("pid.translated.fanotify", "fanotify names processes by the reader's view",
               "the PID of an event is that of its process in the reader's PID "
               "namespace, 0 where it has none",
               "fanotify(7), fs/notify/fanotify/fanotify_user.c");
  info.types.push_back(NsType::mnt);
  info.needs = {Need::root};
  return info;
}

NSVET_CHECK(fanotify, fanotify_rule()) {
  Actor outer = t.spawn({.flags = CLONE_NEWPID});
  outer([] { enter_private_mounts(); });
  Actor init = outer.spawn({.flags = CLONE_NEWPID});
  Actor member = init.spawn();
  Actor sibling = outer.spawn({.flags = CLONE_NEWPID});
  const auto watch = [](Actor& reader) {
    return reader([]() -> sys::Result<int> {
      const int group = ::fanotify_init(FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY);
      if (group < 0) return sys::last_error("fanotify_init()");
      if (::fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, AT_FDCWD, "/tmp") != 0) {
        return sys::last_error("fanotify_mark()");
      }
      return group;
    });
  };
  const auto inside = watch(init);
  if (!inside && inside.error().number == ENOSYS) Check::skip("this kernel has no fanotify");
  const int in_init = require(inside);
  const int in_outer = require(watch(outer));
  const int in_sibling = require(watch(sibling));
  require(
      member([] { return sys::open("/tmp/file", O_CREAT | O_WRONLY).map([](const sys::Fd&) {}); }));
  auto named = [](Actor& reader, int group) {
    return reader([group] {
      std::array<char, 4096> events{};
      if (::read(group, events.data(), events.size()) < 0) return sys::errno_name(errno);
      fanotify_event_metadata event{};
      std::memcpy(&event, events.data(), sizeof event);
      if (event.fd >= 0) ::close(event.fd);
      return std::to_string(event.pid);
    });
  };
  t.expect("read inside", named(init, in_init), "2");
  t.expect("read in the parent namespace", named(outer, in_outer), "3");
  t.expect("read in a sibling namespace", named(sibling, in_sibling), "0");
}

}  // namespace
}  // namespace nsvet::probe
