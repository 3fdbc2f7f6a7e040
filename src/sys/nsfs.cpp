#include "sys/nsfs.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace nsvet::sys {
namespace {

// Newer than the headers of Debian 12.
constexpr unsigned long kNsGetId = _IOR(0xb7, 13, std::uint64_t);
constexpr long kListNsCall = 470;
constexpr int kNsfsRoot = -10003;
constexpr int kNsfsHandleType = 0xf1;

// struct file_handle with room for ours.
struct Handle {
  unsigned bytes = sizeof(NsHandle);
  int type = kNsfsHandleType;
  std::array<unsigned char, sizeof(NsHandle)> data{};
};

Result<Fd> ioctl_fd(int fd, unsigned long request) {
  return ioctl_value(fd, request).map([](int made) { return Fd(made); });
}

}  // namespace

Result<int> ioctl_value(int fd, unsigned long request, unsigned long argument) {
  const int result = ::ioctl(fd, request, argument);
  if (result < 0) return last_error("ioctl(fd {}, {:#x}, {:#x})", fd, request, argument);
  return result;
}

Result<Fd> owner_of_ns(int ns) { return ioctl_fd(ns, NS_GET_USERNS); }
Result<Fd> parent_of_ns(int ns) { return ioctl_fd(ns, NS_GET_PARENT); }

Result<std::uint64_t> type_of_ns(int ns) {
  return ioctl_value(ns, NS_GET_NSTYPE).map([](int type) {
    return static_cast<std::uint64_t>(type);
  });
}

Result<uid_t> owner_uid_of_ns(int ns) {
  uid_t uid = 0;
  if (::ioctl(ns, NS_GET_OWNER_UID, &uid) != 0) return last_error("NS_GET_OWNER_UID(fd {})", ns);
  return uid;
}

Result<std::uint64_t> unique_id_of_ns(int ns) {
  std::uint64_t id = 0;
  if (::ioctl(ns, kNsGetId, &id) != 0) return last_error("NS_GET_ID(fd {})", ns);
  return id;
}

Result<Fd> ns_of_pidfd(int pidfd, model::NsType type) {
  return ioctl_fd(pidfd, pidfd_ns_request(type));
}

Result<Fd> net_ns_of_socket(int socket) { return ioctl_fd(socket, SIOCGSKNS); }

Result<std::vector<std::uint64_t>> list_ns(const ListNsRequest& request, std::size_t room,
                                           unsigned flags) {
  std::vector<std::uint64_t> ids(room);
  const long count = ::syscall(kListNsCall, &request, ids.data(), room, flags);
  if (count < 0) return last_error("listns(after {}, types {:#x})", request.after, request.types);
  ids.resize(static_cast<std::size_t>(count));
  return ids;
}

Result<NsHandle> handle_of_ns(int ns) {
  Handle handle;
  int mount = 0;
  if (::syscall(SYS_name_to_handle_at, ns, "", &handle, &mount, AT_EMPTY_PATH) != 0) {
    return last_error("name_to_handle_at(fd {})", ns);
  }
  if (handle.type != kNsfsHandleType || handle.bytes != sizeof(NsHandle)) {
    return error(EOPNOTSUPP, "name_to_handle_at(fd {}): a handle of type {}", ns, handle.type);
  }
  NsHandle result;
  std::memcpy(&result, handle.data.data(), sizeof result);
  return result;
}

Result<Fd> open_ns_handle(const NsHandle& handle, int flags) {
  Handle raw;
  std::memcpy(raw.data.data(), &handle, sizeof handle);
  const long fd = ::syscall(SYS_open_by_handle_at, kNsfsRoot, &raw, flags);
  if (fd < 0) return last_error("open_by_handle_at(id {})", handle.id);
  return Fd(static_cast<int>(fd));
}

}  // namespace nsvet::sys
