#include "sys/credentials.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "sys/call.h"
#include "sys/file.h"

namespace nsvet::sys {
namespace {

using CapData = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

Result<CapData> get_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapData data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return last_error("capget()");
  return data;
}

Result<> set_capabilities(const CapData& data) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, data.data()) != 0) return last_error("capset()");
  return {};
}

}  // namespace

bool has_capability(int capability) {
  const auto data = get_capabilities();
  if (!data) return false;
  const auto index = static_cast<std::size_t>(CAP_TO_INDEX(capability));
  return ((*data)[index].effective & CAP_TO_MASK(capability)) != 0;
}

Result<> drop_capabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return set_capabilities({});
}

Result<> drop_capability(int capability) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, capability, 0, 0);
  auto data = get_capabilities();
  if (!data) return tl::unexpected(data.error());
  auto& sets = (*data)[static_cast<std::size_t>(CAP_TO_INDEX(capability))];
  const std::uint32_t others = ~static_cast<std::uint32_t>(CAP_TO_MASK(capability));
  sets.effective &= others;
  sets.permitted &= others;
  sets.inheritable &= others;
  return set_capabilities(*data);
}

Result<> keep_capability(int capability) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  CapData data{};
  auto& sets = data[static_cast<std::size_t>(CAP_TO_INDEX(capability))];
  sets.effective = sets.permitted = static_cast<std::uint32_t>(CAP_TO_MASK(capability));
  return set_capabilities(data);
}

Result<> raise_permitted() {
  auto data = get_capabilities();
  if (!data) return tl::unexpected(data.error());
  for (auto& sets : *data) sets.effective = sets.permitted;
  return set_capabilities(*data);
}

Result<> become_user(uid_t uid, gid_t gid) {
  if (::setgroups(0, nullptr) != 0) return last_error("setgroups(0)");
  if (::setresgid(gid, gid, gid) != 0) return last_error("setresgid({})", gid);
  if (::setresuid(uid, uid, uid) != 0) return last_error("setresuid({})", uid);
  auto dropped = drop_capabilities();
  if (!dropped) return dropped;
  // Changed credentials leave /proc/self owned by root, where no id map could be written.
  if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return last_error("PR_SET_DUMPABLE");
  return {};
}

Result<> map_root(pid_t pid, uid_t outside_uid, gid_t outside_gid) {
  const std::string proc = pid == 0 ? "/proc/self" : fmt::format("/proc/{}", pid);
  // Without CAP_SETGID outside, a gid map can be written only once setgroups(2) is off.
  if (auto written = write_file(proc + "/setgroups", "deny"); !written) return written;
  if (auto written = write_file(proc + "/gid_map", fmt::format("0 {} 1", outside_gid)); !written) {
    return written;
  }
  return write_file(proc + "/uid_map", fmt::format("0 {} 1", outside_uid));
}

Result<> enter_own_user_namespace() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (auto unshared = unshare(CLONE_NEWUSER); !unshared) return unshared;
  return map_root(0, uid, gid);
}

}  // namespace nsvet::sys
