#include <linux/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/version.h"
#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

bool real_root() {
  const auto user = sys::ns_id(NsType::user);
  return user && user->inode == sys::kInitialUserInode && ::geteuid() == 0 &&
         sys::has_capability(CAP_SYS_ADMIN);
}

// Tried in a child, because it cannot be undone.
std::string no_user_namespace() {
  auto child = sys::Child::spawn([] {
    const auto entered = sys::enter_own_user_namespace();
    return entered ? 0 : entered.error().number;
  });
  if (!child) return to_string(child.error());
  const auto status = child->wait(kPatience);
  if (status && status->success()) return {};
  std::string why = status ? sys::errno_name(WEXITSTATUS(status->raw)) : to_string(status.error());
  return fmt::format("user namespaces cannot be created here: {}", why);
}

std::string no_cgroup2() {
  const auto mounts = sys::read_file("/proc/self/mountinfo");
  if (mounts && mounts->find(" - cgroup2 ") != std::string::npos) return {};
  return "no cgroup2 file system is mounted";
}

}  // namespace

std::string_view to_string(Need need) {
  static constexpr std::string_view kNames[] = {"admin",  "root",   "cgroup2",
                                                "userns", "mqueue", "sysvipc"};
  return kNames[static_cast<std::size_t>(need)];
}

std::string missing(NsType type) {
  const auto& row = model::info(type);
  if (sys::exists(fmt::format("/proc/self/ns/{}", row.name)).value_or(false)) return {};
  return fmt::format("this kernel has no {} namespaces", row.name);
}

bool older_than(std::string_view release) {
  return model::compare_versions(setup(sys::kernel_release()), release) < 0;
}

std::string missing(Need need) {
  switch (need) {
    case Need::admin:
      return sys::has_capability(CAP_SYS_ADMIN) ? std::string() : no_user_namespace();
    case Need::root:
      return real_root() ? std::string() : "needs root in the initial user namespace";
    case Need::userns:
      return no_user_namespace();
    case Need::cgroup2:
      return no_cgroup2();
    case Need::mqueue:
      return sys::exists("/proc/sys/fs/mqueue").value_or(false)
                 ? std::string()
                 : "this kernel has no POSIX message queues";
    case Need::sysvipc:
      return sys::exists("/proc/sysvipc").value_or(false) ? std::string()
                                                          : "this kernel has no System V IPC";
  }
  return "unknown need";
}

}  // namespace nsvet::probe
