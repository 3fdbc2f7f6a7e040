// The links under /proc/PID/ns: what they are, who may look, and what they say after death.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "every.h"
#include "probe/program.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

constexpr long kNsfsMagic = 0x6e736673;  // Since Linux 3.19; not in the headers of Debian 12.

std::string link_path(const NsTypeInfo& type, pid_t pid) {
  return fmt::format("/proc/{}/ns/{}", pid, type.name);
}

NSVET_CHECK_EACH_TYPE(link_text,
                      {.id = "links.text",
                       .title = "A namespace's link names its type and inode ({})",
                       .rule = "/proc/PID/ns/* is a symbolic link whose text is type:[inode], and "
                               "the inode is that of the file behind it",
                       .source = "namespaces(7)",
                       .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = type.clone_flag});
  for (const pid_t pid : {::getpid(), inside.pid()}) {
    const auto path = link_path(type, pid);
    struct stat link {};
    t.expect("lstat() succeeds", ::lstat(path.c_str(), &link) == 0, true);
    t.expect("it is a symbolic link", S_ISLNK(link.st_mode), true);
    t.expect("text", setup(sys::read_link(path)),
             fmt::format("{}:[{}]", type.name, setup(sys::ns_id(type.type, pid)).inode));
  }
  t.expect("device", setup(sys::ns_id(type.type, inside.pid())).device,
           setup(sys::ns_id(NsType::user)).device);
}

NSVET_CHECK_EACH_TYPE(link_file,
                      {.id = "links.file",
                       .title = "A namespace's file can only be held and asked ({})",
                       .rule = "it is a read-only file of nsfs: it opens for reading only (EPERM), "
                               "has nothing to read (EINVAL), and its mode cannot be changed "
                               "(EPERM); an O_PATH descriptor cannot be joined (EBADF)",
                       .source = "namespaces(7), open(2)",
                       .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = type.clone_flag});
  const auto path = link_path(type, inside.pid());
  const auto fd = setup(sys::open(path, O_RDONLY));
  struct statfs fs {};
  t.expect("fstatfs() succeeds", ::fstatfs(fd.get(), &fs) == 0, true);
  t.expect("file system", fs.f_type, kNsfsMagic);
  struct stat st {};
  setup(::fstat(fd.get(), &st) == 0 ? sys::Result<>() : sys::last_error("fstat()"));
  t.expect("mode", fmt::format("{:o}", st.st_mode), "100444");
  t.expect("owner", st.st_uid,
           setup(sys::ns_id(NsType::user)).inode == sys::kInitialUserInode ? 0U : st.st_uid);
  t.expect_errno("open(O_RDWR)", sys::open(path, O_RDWR), EPERM);
  t.expect_errno("open(O_WRONLY)", sys::open(path, O_WRONLY), EPERM);
  char byte = 0;
  auto failed = [](long result) -> sys::Result<> {
    if (result < 0) return sys::last_error("call");
    return {};
  };
  t.expect_errno("read()", failed(::read(fd.get(), &byte, 1)), EINVAL);
  t.expect_errno("write()", failed(::write(fd.get(), &byte, 1)), EBADF);
  t.expect_errno("fchmod()", failed(::fchmod(fd.get(), 0666)), EPERM);
  t.expect_errno("lseek()", failed(::lseek(fd.get(), 0, SEEK_SET)), ESPIPE);
  const auto by_path = setup(sys::open(path, O_PATH));
  t.expect_errno("setns(O_PATH descriptor)", sys::setns(by_path.get(), type.clone_flag), EBADF);
}

NSVET_CHECK_EACH_TYPE(
    link_permission, {.id = "links.permission",
                      .title = "A namespace's link is for those who may trace the process ({})",
                      .rule = "reading or following /proc/PID/ns/* needs PTRACE_MODE_READ_FSCREDS, "
                              "else EACCES",
                      .source = "namespaces(7), ptrace(2)",
                      .needs = {Need::root}}) {
  if (older_than("5.11")) {
    Check::skip("not asserted before 5.11: 5.10 was seen to let an ordinary user follow them");
  }
  Actor target = t.spawn({.flags = type.clone_flag});
  const Text path = link_path(type, target.pid());
  const auto read = [path] { return sys::read_link(path).map([](const std::string&) {}); };
  const auto open = [path] { return sys::open(path, O_RDONLY).map([](const sys::Fd&) {}); };
  Actor able = t.spawn();
  t.expect_success("readlink() with all capabilities", able(read));
  t.expect_success("open() with all capabilities", able(open));
  Actor plain = t.spawn();
  setup(plain([] { return sys::become_user(1000, 1000); }));
  t.expect_errno("readlink() by an ordinary user", plain(read), EACCES);
  t.expect_errno("open() by an ordinary user", plain(open), EACCES);
  t.expect_success("readlink() of its own", plain([type = type.type] {
                     return sys::read_link(fmt::format("/proc/self/ns/{}", model::info(type).name))
                         .map([](const std::string&) {});
                   }));
}

NSVET_CHECK_EACH_TYPE(zombie_links,
                      {.id = "links.zombie",
                       .title = "What the links of a zombie show ({})",
                       .rule = "a zombie has left its namespaces, so that their links lead nowhere "
                               "(ENOENT), but for its user and PID namespaces",
                       .source = "fs/proc/namespaces.c",
                       .needs = {Need::admin}}) {
  Actor child = t.spawn({.flags = type.clone_flag});
  const auto before = setup(sys::ns_id(type.type, child.pid()));
  const auto path = link_path(type, child.pid());
  child.finish();
  if (type.type == NsType::user || type.type == NsType::pid) {
    t.expect("identity after death", require(sys::ns_id(type.type, child.pid())), before);
  } else {
    t.expect_errno("open() after death", sys::open(path, O_RDONLY), ENOENT);
    t.expect_errno("readlink() after death", sys::read_link(path), ENOENT);
  }
  const auto stale = setup(sys::open(fmt::format("/proc/{}/ns", child.pid()), O_PATH));
  ::waitpid(child.pid(), nullptr, __WALL);
  t.expect_errno("open() after it is reaped", sys::open(path, O_RDONLY), ENOENT);
  const Text name = std::string(type.name);
  t.expect_errno("open() below a directory held before",
                 sys::open_at(stale.get(), name.str(), O_RDONLY), ENOENT);
}

NSVET_CHECK(link_names,
            {.id = "every.links.names",
             .title = "/proc/PID/ns has a link for each type, and two for later children",
             .rule = "the directory holds cgroup, ipc, mnt, net, pid, pid_for_children, time, "
                     "time_for_children, user and uts, as far as the kernel has these types",
             .source = "namespaces(7)"}) {
  const auto names = require(sys::list_directory("/proc/self/ns"));
  for (const auto& name : names) {
    const bool known =
        model::ns_type_from_name(name) || name == "pid_for_children" || name == "time_for_children";
    t.expect(fmt::format("{} is known", name), known, true);
  }
  for (const char* pair : {"pid", "time"}) {
    const bool has = std::ranges::find(names, pair) != names.end();
    const bool has_for_children =
        std::ranges::find(names, std::string(pair) + "_for_children") != names.end();
    t.expect(fmt::format("{}_for_children is there", pair), has_for_children, has);
  }
  t.expect("number of links is even", names.size() % 2, 0U);
  t.fact("names", fmt::format("{}", fmt::join(names, " ")));
  for (const char* link : {"pid_for_children", "time_for_children"}) {
    const auto text = sys::read_link(fmt::format("/proc/self/ns/{}", link));
    if (!text) continue;
    const std::string type(link, std::string_view(link).find('_'));
    t.expect(fmt::format("text of {}", link), *text,
             fmt::format("{}:[{}]", type, setup(sys::ns_id(type)).inode));
  }
}

NSVET_CHECK_EACH_TYPE(exec_keeps,
                      {.id = "exec.keeps",
                       .title = "execve() leaves a process in its namespaces ({})",
                       .rule = "a program that is executed runs in the namespaces of the process "
                               "before",
                       .source = "namespaces(7), execve(2)",
                       .needs = {Need::admin}}) {
  const auto ours = sys::ns_ids();
  auto pipe = setup(sys::make_pipe());
  const auto tell_own = [&]() -> sys::Result<> {
    const auto own = sys::ns_ids();
    if (::write(pipe.write.get(), &own, sizeof own) != sizeof own)
      return sys::last_error("write()");
    return {};
  };
  const auto program = require(execute_self(tell_own, {.flags = type.clone_flag}));
  sys::NsIds before;
  if (::read(pipe.read.get(), before.data(), sizeof before) != sizeof before) {
    setup(sys::Result<>(sys::last_error("read()")));
  }
  t.expect_differ("namespace of the child", of(before, type.type), of(ours, type.type));
  const auto after = sys::ns_ids(program.process.pid());
  expect_moved(t, "clone3()", type.clone_flag, before, before, ours);
  expect_moved(t, "execve()", 0, after, before, before);
}

}  // namespace
}  // namespace nsvet::probe
