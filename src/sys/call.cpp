#include "sys/call.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/file.h"

namespace nsvet::sys {
namespace {

std::string ns_path(std::string_view link, pid_t pid) {
  return pid == 0 ? fmt::format("/proc/self/ns/{}", link)
                  : fmt::format("/proc/{}/ns/{}", pid, link);
}

Result<utsname> uname_struct() {
  utsname names;
  if (::uname(&names) != 0) return last_error("uname()");
  return names;
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

std::string clone_flags_text(std::uint64_t flags) {
  static constexpr std::pair<std::uint64_t, std::string_view> kOthers[] = {
      {CLONE_VM, "CLONE_VM"},         {CLONE_FS, "CLONE_FS"},
      {CLONE_FILES, "CLONE_FILES"},   {CLONE_SIGHAND, "CLONE_SIGHAND"},
      {CLONE_THREAD, "CLONE_THREAD"}, {CLONE_SYSVSEM, "CLONE_SYSVSEM"},
      {CLONE_PARENT, "CLONE_PARENT"}, {CLONE_VFORK, "CLONE_VFORK"}};
  std::string text;
  auto take = [&](std::uint64_t flag, std::string_view name) {
    if ((flags & flag) == 0) return;
    flags &= ~flag;
    if (!text.empty()) text += '|';
    text += name;
  };
  for (const auto& type : model::kNsTypes) take(type.clone_flag, type.flag_name);
  for (const auto& [flag, name] : kOthers) take(flag, name);
  if (flags != 0) take(flags, fmt::format("{:#x}", flags));
  return text.empty() ? "0" : text;
}

Result<> unshare(std::uint64_t flags) {
  // glibc takes an int; the kernel an unsigned long, in which newer flags may stand.
  if (::syscall(SYS_unshare, flags) != 0) return last_error("unshare({})", clone_flags_text(flags));
  return {};
}

Result<> setns(int fd, std::uint64_t type) {
  if (::syscall(SYS_setns, fd, type) != 0) {
    return last_error("setns(fd {}, {})", fd, clone_flags_text(type));
  }
  return {};
}

std::string to_string(NsId id) { return fmt::format("{}:{}", id.device, id.inode); }

Result<NsId> ns_id(std::string_view link, pid_t pid) {
  const std::string path = ns_path(link, pid);
  struct stat st;
  if (::stat(path.c_str(), &st) != 0) return last_error("stat({})", path);
  return NsId{st.st_dev, st.st_ino};
}

Result<NsId> ns_id(model::NsType type, pid_t pid) { return ns_id(model::info(type).name, pid); }

Result<NsId> ns_id_of_fd(int fd) {
  struct stat st;
  if (::fstat(fd, &st) != 0) return last_error("fstat(fd {})", fd);
  return NsId{st.st_dev, st.st_ino};
}

NsIds ns_ids(pid_t pid) {
  NsIds ids;
  for (const auto& type : model::kNsTypes) {
    ids[static_cast<std::size_t>(type.type)] = ns_id(type.type, pid).value_or(NsId{});
  }
  return ids;
}

Result<Fd> open_ns(std::string_view link, pid_t pid) { return open(ns_path(link, pid), O_RDONLY); }
Result<Fd> open_ns(model::NsType type, pid_t pid) { return open_ns(model::info(type).name, pid); }

Result<Fd> pidfd_open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return last_error("pidfd_open({})", pid);
  return Fd(static_cast<int>(fd));
}

Result<Fd> pidfd_getfd(int pidfd, int fd) {
  const long copy = ::syscall(SYS_pidfd_getfd, pidfd, fd, 0);
  if (copy < 0) return last_error("pidfd_getfd({}, {})", pidfd, fd);
  return Fd(static_cast<int>(copy));
}

Result<> set_hostname(std::string_view name) {
  if (::sethostname(name.data(), name.size()) != 0) return last_error("sethostname({:.64})", name);
  return {};
}

Result<> set_domainname(std::string_view name) {
  if (::setdomainname(name.data(), name.size()) != 0) {
    return last_error("setdomainname({:.64})", name);
  }
  return {};
}

Result<std::string> hostname() {
  return uname_struct().map([](const utsname& names) { return std::string(names.nodename); });
}

Result<std::string> domainname() {
  return uname_struct().map([](const utsname& names) { return std::string(names.domainname); });
}

Result<std::string> kernel_release() {
  return uname_struct().map([](const utsname& names) { return std::string(names.release); });
}

Result<> mount(const std::string& source, const std::string& target, const std::string& type,
               unsigned long flags, const std::string& data) {
  if (::mount(or_null(source), target.c_str(), or_null(type), flags, or_null(data)) != 0) {
    return last_error("mount({}, {}, {}, {:#x}, {})", source, target, type, flags, data);
  }
  return {};
}

Result<> umount(const std::string& target, int flags) {
  if (::umount2(target.c_str(), flags) != 0) return last_error("umount2({}, {})", target, flags);
  return {};
}

Result<> make_directory(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) != 0) return last_error("mkdir({})", path);
  return {};
}

}  // namespace nsvet::sys
