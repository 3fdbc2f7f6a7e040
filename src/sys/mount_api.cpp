#include "sys/mount_api.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>

namespace nsvet::sys {
namespace {

constexpr long kStatmount = 457;
constexpr long kListmount = 458;
constexpr unsigned kStatxMntIdUnique = 0x4000;  // STATX_MNT_ID_UNIQUE

unsigned with_empty_path(const std::string& path, unsigned flags) {
  return path.empty() ? flags | AT_EMPTY_PATH : flags;
}

// struct statmount of linux/mount.h; texts follow it, at these offsets.
struct RawStatus {
  std::uint32_t size, options;
  std::uint64_t mask;
  std::uint32_t device_major, device_minor;
  std::uint64_t magic;
  std::uint32_t super_flags, type;
  std::uint64_t id, parent;
  std::uint32_t old_id, old_parent;
  std::uint64_t attributes, propagation, peer_group, master, propagate_from;
  std::uint32_t root, point;
  std::uint64_t ns;
  std::array<std::uint32_t, 8> more_texts;
  std::uint32_t uid_maps, uid_map, gid_maps, gid_map;
  std::array<std::uint64_t, 43> spare;
};
static_assert(sizeof(RawStatus) == 512);

}  // namespace

Result<Fd> open_tree(int dir, const std::string& path, unsigned flags) {
  const unsigned all = with_empty_path(path, flags) | OPEN_TREE_CLOEXEC;
  Fd fd(static_cast<int>(::syscall(SYS_open_tree, dir, path.c_str(), all)));
  if (!fd) return last_error("open_tree({}, {:#x})", path, flags);
  return fd;
}

Result<> move_mount(int from, const std::string& from_path, int to, const std::string& to_path,
                    unsigned flags) {
  unsigned all = flags;
  if (from_path.empty()) all |= MOVE_MOUNT_F_EMPTY_PATH;
  if (to_path.empty()) all |= MOVE_MOUNT_T_EMPTY_PATH;
  if (::syscall(SYS_move_mount, from, from_path.c_str(), to, to_path.c_str(), all) != 0) {
    return last_error("move_mount({}, {}, {:#x})", from_path, to_path, flags);
  }
  return {};
}

Result<> mount_setattr(int dir, const std::string& path, unsigned flags, const mount_attr& what) {
  const unsigned all = with_empty_path(path, flags);
  if (::syscall(SYS_mount_setattr, dir, path.c_str(), all, &what, sizeof what) != 0) {
    return last_error("mount_setattr({}, {:#x}, set {:#x}, clear {:#x}, propagation {:#x})", path,
                      flags, what.attr_set, what.attr_clr, what.propagation);
  }
  return {};
}

Result<Fd> open_tree_attr(int dir, const std::string& path, unsigned flags,
                          const mount_attr& what) {
  constexpr long kOpenTreeAttr = 467;
  const unsigned all = with_empty_path(path, flags) | OPEN_TREE_CLOEXEC;
  Fd fd(static_cast<int>(::syscall(kOpenTreeAttr, dir, path.c_str(), all, &what, sizeof what)));
  if (!fd) return last_error("open_tree_attr({}, {:#x})", path, flags);
  return fd;
}

Result<Fd> fsopen(const std::string& type) {
  Fd fd(static_cast<int>(::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC)));
  if (!fd) return last_error("fsopen({})", type);
  return fd;
}

Result<> fsconfig(int context, unsigned command, const char* key, const char* value) {
  if (::syscall(SYS_fsconfig, context, command, key, value, 0) != 0) {
    return last_error("fsconfig({}, {})", command, key == nullptr ? "" : key);
  }
  return {};
}

Result<Fd> fsmount(int context, unsigned flags, unsigned attributes) {
  Fd fd(static_cast<int>(::syscall(SYS_fsmount, context, flags | FSMOUNT_CLOEXEC, attributes)));
  if (!fd) return last_error("fsmount({:#x}, {:#x})", flags, attributes);
  return fd;
}

Result<Fd> new_mount(const std::string& type, unsigned flags, unsigned attributes) {
  auto context = fsopen(type);
  if (!context) return context;
  if (auto made = fsconfig(context->get(), FSCONFIG_CMD_CREATE); !made) {
    return tl::unexpected(made.error());
  }
  return fsmount(context->get(), flags, attributes);
}

Result<> pivot_root(const std::string& new_root, const std::string& put_old) {
  if (::syscall(SYS_pivot_root, new_root.c_str(), put_old.c_str()) != 0) {
    return last_error("pivot_root({}, {})", new_root, put_old);
  }
  return {};
}

Result<std::uint64_t> unique_mount_id(const std::string& path) {
  struct statx st {};
  if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, kStatxMntIdUnique, &st) != 0) {
    return last_error("statx({})", path);
  }
  if ((st.stx_mask & kStatxMntIdUnique) == 0) {
    return error(ENOTSUP, "statx({}, STATX_MNT_ID_UNIQUE)", path);
  }
  return st.stx_mnt_id;
}

Result<std::vector<std::uint64_t>> list_mounts(const MountIdRequest& request, std::size_t room,
                                               unsigned flags) {
  std::vector<std::uint64_t> ids(room);
  const long found = ::syscall(kListmount, &request, ids.data(), room, flags);
  if (found < 0) {
    return last_error("listmount({:#x}, ns {:#x}, {:#x})", request.mount, request.ns, flags);
  }
  ids.resize(static_cast<std::size_t>(found));
  return ids;
}

Result<MountStatus> stat_mount(const MountIdRequest& request) {
  alignas(RawStatus) std::array<char, 16384> buffer{};
  if (::syscall(kStatmount, &request, buffer.data(), buffer.size(), 0) != 0) {
    return last_error("statmount({:#x}, ns {:#x}, {:#x})", request.mount, request.ns,
                      request.param);
  }
  const auto& raw = *reinterpret_cast<const RawStatus*>(buffer.data());
  auto text = [&](std::uint64_t bit, std::uint32_t offset) {
    return (raw.mask & bit) == 0 ? std::string() : std::string(buffer.data() + sizeof raw + offset);
  };
  return MountStatus{.mask = raw.mask,
                     .id = raw.id,
                     .parent = raw.parent,
                     .old_id = raw.old_id,
                     .old_parent = raw.old_parent,
                     .attributes = raw.attributes,
                     .propagation = raw.propagation,
                     .peer_group = raw.peer_group,
                     .master = raw.master,
                     .propagate_from = raw.propagate_from,
                     .ns = raw.ns,
                     .root = text(kStatMountRoot, raw.root),
                     .point = text(kStatMountPoint, raw.point),
                     .type = text(kStatMountType, raw.type),
                     .uid_map = raw.uid_maps == 0 ? "" : text(kStatMountUidMap, raw.uid_map),
                     .gid_map = raw.gid_maps == 0 ? "" : text(kStatMountGidMap, raw.gid_map)};
}

Result<std::uint64_t> mount_ns_id(int ns) {
  std::uint64_t id = 0;
  if (::ioctl(ns, 0x8008b705UL, &id) != 0) return last_error("ioctl(NS_GET_MNTNS_ID)");
  return id;
}

Result<MountNsInfo> mount_ns_info(int ns) {
  MountNsInfo info;
  if (::ioctl(ns, 0x8010b70aUL, &info) != 0) return last_error("ioctl(NS_MNT_GET_INFO)");
  return info;
}

Result<Fd> next_mount_ns(int ns, bool backwards) {
  MountNsInfo info;
  Fd fd(::ioctl(ns, backwards ? 0x8010b70cUL : 0x8010b70bUL, &info));
  if (!fd) return last_error("ioctl({})", backwards ? "NS_MNT_GET_PREV" : "NS_MNT_GET_NEXT");
  return fd;
}

}  // namespace nsvet::sys
