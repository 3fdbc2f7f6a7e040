// Thin wrappers of the system calls that make, join and describe namespaces.
#pragma once

#include <sys/types.h>

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/ns_type.h"
#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

/// @return "CLONE_NEWUTS|CLONE_NEWNET", "0" for no flag
std::string clone_flags_text(std::uint64_t flags);

/// unshare(2)
Result<> unshare(std::uint64_t flags);

/// setns(2)
/// @param fd an nsfs descriptor (type 0 or one CLONE_NEW*) or a PID file descriptor (CLONE_NEW*...)
Result<> setns(int fd, std::uint64_t type);

/// Which namespace a process is in: device and inode of its link, see namespaces(7).
struct NsId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const NsId&) const = default;
};
std::string to_string(NsId id);

/// The inode numbers of the initial namespaces, PROC_*_INIT_INO of linux/nsfs.h.
inline constexpr std::uint64_t kInitialPidInode = 0xEFFFFFFC;
inline constexpr std::uint64_t kInitialUserInode = 0xEFFFFFFD;

/// @param link a name under /proc/PID/ns, as "uts" or "pid_for_children"
/// @param pid 0 for the caller
Result<NsId> ns_id(std::string_view link, pid_t pid = 0);
Result<NsId> ns_id(model::NsType type, pid_t pid = 0);
Result<NsId> ns_id_of_fd(int fd);

/// The namespaces of a process, by type; zero for a type that the kernel lacks or does not show.
using NsIds = std::array<NsId, model::kNsTypes.size()>;
NsIds ns_ids(pid_t pid = 0);

Result<Fd> open_ns(std::string_view link, pid_t pid = 0);
Result<Fd> open_ns(model::NsType type, pid_t pid = 0);

/// pidfd_open(2)
Result<Fd> pidfd_open(pid_t pid);

/// pidfd_getfd(2): a copy of another process's descriptor.
Result<Fd> pidfd_getfd(int pidfd, int fd);

/// sethostname(2), setdomainname(2), uname(2)
Result<> set_hostname(std::string_view name);
Result<> set_domainname(std::string_view name);
Result<std::string> hostname();
Result<std::string> domainname();
Result<std::string> kernel_release();

/// mount(2); empty strings are passed as null pointers.
Result<> mount(const std::string& source, const std::string& target, const std::string& type,
               unsigned long flags, const std::string& data = {});
/// umount2(2)
Result<> umount(const std::string& target, int flags = 0);
Result<> make_directory(const std::string& path, unsigned mode = 0755);

}  // namespace nsvet::sys
