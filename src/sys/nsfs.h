// What a namespace's descriptor answers (ioctl_nsfs(2)), and the calls about namespaces that are
// newer than libc's headers.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/ns_type.h"
#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

/// NS_GET_USERNS(2const): the user namespace that owns this one. EPERM when it is out of sight.
Result<Fd> owner_of_ns(int ns);

/// NS_GET_PARENT(2const). EINVAL for a type without a hierarchy, EPERM when out of sight.
Result<Fd> parent_of_ns(int ns);

/// NS_GET_NSTYPE(2const)
/// @return CLONE_NEW*
Result<std::uint64_t> type_of_ns(int ns);

/// NS_GET_OWNER_UID(2const): who made this user namespace.
Result<uid_t> owner_uid_of_ns(int ns);

/// NS_GET_ID (linux/nsfs.h, Linux 6.18): a number that is never used again.
/// ENOTTY from kernels that lack it.
Result<std::uint64_t> unique_id_of_ns(int ns);

/// ioctl(2) with an integer argument, as the nsfs and pidfd calls want it.
/// @return what the call returned
Result<int> ioctl_value(int fd, unsigned long request, unsigned long argument = 0);

/// PIDFD_GET_*_NAMESPACE (linux/pidfd.h, Linux 6.11)
inline constexpr unsigned long pidfd_ns_request(model::NsType type) {
  constexpr std::array<unsigned, 8> kNumbers{1, 2, 3, 4, 5, 7, 9, 10};
  return 0xFF00UL | kNumbers[static_cast<std::size_t>(type)];
}
Result<Fd> ns_of_pidfd(int pidfd, model::NsType type);

/// SIOCGSKNS: the network namespace of a socket. EPERM without CAP_NET_ADMIN over it.
Result<Fd> net_ns_of_socket(int socket);

/// struct ns_id_req of listns(2) (Linux 6.19).
struct ListNsRequest {
  std::uint32_t size = sizeof(ListNsRequest);
  std::uint32_t spare = 0;
  std::uint64_t after = 0;  ///< Only ids above this one.
  std::uint32_t types = 0;  ///< CLONE_NEW*; 0: all.
  std::uint32_t spare2 = 0;
  std::uint64_t owner = 0;  ///< The id of the owning user namespace; 0: any.
};
inline constexpr std::uint64_t kListNsCurrentUser = ~std::uint64_t{0};

/// One listns(2) call: ids in rising order. ENOSYS from kernels that lack it.
/// @param room for so many ids
Result<std::vector<std::uint64_t>> list_ns(const ListNsRequest& request, std::size_t room,
                                           unsigned flags = 0);

/// The file handle of a namespace (struct nsfs_file_handle, Linux 6.18).
struct NsHandle {
  std::uint64_t id = 0;
  std::uint32_t type = 0;
  std::uint32_t inode = 0;
};
/// name_to_handle_at(2) of an nsfs descriptor. EOPNOTSUPP from kernels that lack it.
Result<NsHandle> handle_of_ns(int ns);
/// open_by_handle_at(2) below FD_NSFS_ROOT. ESTALE for what is gone or out of sight.
Result<Fd> open_ns_handle(const NsHandle& handle, int flags);

}  // namespace nsvet::sys
