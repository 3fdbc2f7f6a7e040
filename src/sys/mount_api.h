// The file-descriptor mount API, and what about it is newer than libc's headers. In all of them an
// empty path stands for the descriptor itself.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

inline constexpr unsigned kOpenTreeNamespace = 0x2;   ///< OPEN_TREE_NAMESPACE, Linux 7.0.
inline constexpr unsigned kFsmountNamespace = 0x2;    ///< FSMOUNT_NAMESPACE, Linux 7.1.
inline constexpr unsigned kMoveMountBeneath = 0x200;  ///< MOVE_MOUNT_BENEATH, Linux 6.5.
inline constexpr std::uint64_t kUnshareEmptyMntns = 0x00100000;     ///< Linux 7.1.
inline constexpr std::uint64_t kCloneEmptyMntns = 0x2000000000ULL;  ///< clone3(2), Linux 7.1.

/// open_tree(2), Linux 5.2
/// @param flags OPEN_TREE_CLONE, OPEN_TREE_NAMESPACE, AT_RECURSIVE...
Result<Fd> open_tree(int dir, const std::string& path, unsigned flags);

/// move_mount(2), Linux 5.2
Result<> move_mount(int from, const std::string& from_path, int to, const std::string& to_path,
                    unsigned flags = 0);

/// mount_setattr(2), Linux 5.12
/// @param flags AT_RECURSIVE or 0
Result<> mount_setattr(int dir, const std::string& path, unsigned flags, const mount_attr& what);

/// open_tree_attr(2), Linux 6.15: open_tree(2) and mount_setattr(2) in one call. On a copy it may
/// replace the idmapping that the original has.
Result<Fd> open_tree_attr(int dir, const std::string& path, unsigned flags, const mount_attr& what);

/// fsopen(2), fsconfig(2) (FSCONFIG_CMD_CREATE) and fsmount(2): a detached mount.
/// @param flags of fsmount
/// @param attributes MOUNT_ATTR_*
Result<Fd> new_mount(const std::string& type, unsigned flags = 0, unsigned attributes = 0);
Result<Fd> fsopen(const std::string& type);
Result<> fsconfig(int context, unsigned command, const char* key = nullptr,
                  const char* value = nullptr);
Result<Fd> fsmount(int context, unsigned flags = 0, unsigned attributes = 0);

/// pivot_root(2)
Result<> pivot_root(const std::string& new_root, const std::string& put_old);

/// statx(2) with STATX_MNT_ID_UNIQUE (Linux 6.8): a mount's id that is never used again.
/// @return ENOTSUP from kernels that lack it
Result<std::uint64_t> unique_mount_id(const std::string& path);

/// struct mnt_id_req of statmount(2) and listmount(2), Linux 6.8.
struct MountIdRequest {
  std::uint32_t size = sizeof(MountIdRequest);
  std::uint32_t ns_fd = 0;
  std::uint64_t mount = 0;
  std::uint64_t param = 0;  ///< statmount: STATMOUNT_*; listmount: only ids after this one.
  std::uint64_t ns = 0;     ///< NS_GET_MNTNS_ID; 0: the caller's.
};
inline constexpr std::uint64_t kListRoot = ~std::uint64_t{0};  ///< LSMT_ROOT
inline constexpr unsigned kListReverse = 1;                    ///< LISTMOUNT_REVERSE

/// listmount(2)
/// @param room for so many ids
Result<std::vector<std::uint64_t>> list_mounts(const MountIdRequest& request, std::size_t room,
                                               unsigned flags = 0);

/// What statmount(2) says; texts are empty where they were not asked for.
struct MountStatus {
  std::uint64_t mask = 0;  ///< STATMOUNT_*: which fields hold something.
  std::uint64_t id = 0, parent = 0;
  std::uint32_t old_id = 0, old_parent = 0;  ///< As in mountinfo.
  std::uint64_t attributes = 0, propagation = 0;
  std::uint64_t peer_group = 0, master = 0, propagate_from = 0;
  std::uint64_t ns = 0;
  std::string root, point, type;
  std::string uid_map, gid_map;  ///< Of an idmapped mount: its first line.
};
inline constexpr std::uint64_t kStatMountBasic = 0x2;
inline constexpr std::uint64_t kStatMountPropagateFrom = 0x4;
inline constexpr std::uint64_t kStatMountRoot = 0x8;
inline constexpr std::uint64_t kStatMountPoint = 0x10;
inline constexpr std::uint64_t kStatMountType = 0x20;
inline constexpr std::uint64_t kStatMountNs = 0x40;
inline constexpr std::uint64_t kStatMountUidMap = 0x2000;  ///< Linux 6.15, as the next.
inline constexpr std::uint64_t kStatMountGidMap = 0x4000;

/// statmount(2)
Result<MountStatus> stat_mount(const MountIdRequest& request);

/// NS_GET_MNTNS_ID (linux/nsfs.h, Linux 6.11)
Result<std::uint64_t> mount_ns_id(int ns);

/// struct mnt_ns_info of NS_MNT_GET_INFO, NS_MNT_GET_NEXT and NS_MNT_GET_PREV (Linux 6.12).
struct MountNsInfo {
  std::uint32_t size = sizeof(MountNsInfo);
  std::uint32_t mounts = 0;
  std::uint64_t id = 0;
};
Result<MountNsInfo> mount_ns_info(int ns);
/// @return a descriptor of the mount namespace with the next larger (smaller) id
Result<Fd> next_mount_ns(int ns, bool backwards = false);

}  // namespace nsvet::sys
