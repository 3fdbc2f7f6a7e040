#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// Where the caller's own move shows. New PID namespaces have no link that can be read before their
// first process, up to Linux 7.0: Actor::start compares the child's.
std::string_view own_link(const NsTypeInfo& type) {
  return type.type == NsType::time ? "time_for_children" : type.name;
}

}  // namespace

void enter_new(std::uint64_t flags) {
  std::array<sys::NsId, model::kNsTypes.size()> before;
  auto moves = [&](const NsTypeInfo& type) {
    return (flags & type.clone_flag) != 0 && type.type != NsType::pid;
  };
  for (const auto& type : model::kNsTypes) {
    if (moves(type)) {
      before[static_cast<std::size_t>(type.type)] = setup(sys::ns_id(own_link(type)));
    }
  }
  require(sys::unshare(flags));
  for (const auto& type : model::kNsTypes) {
    if (!moves(type)) continue;
    if (setup(sys::ns_id(own_link(type))) == before[static_cast<std::size_t>(type.type)]) {
      throw Abort{model::Outcome::fail,
                  fmt::format("unshare({}) succeeded, but the {} namespace is the same",
                              type.flag_name, type.name)};
    }
  }
}

void enter_private_mounts() {
  enter_new(CLONE_NEWNS);
  setup(sys::mount("", "/", "", MS_REC | MS_PRIVATE));
  // Believe it only when it shows: on a kernel that lies, a mount of ours would reach the host.
  if (setup(sys::read_file("/proc/self/mountinfo")).find(" shared:") != std::string::npos) {
    throw Abort{model::Outcome::fail, "mount(MS_REC|MS_PRIVATE) succeeded, but a mount is shared"};
  }
  setup(sys::mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV));
  struct statfs found {};
  if (::statfs("/tmp", &found) != 0 || found.f_type != TMPFS_MAGIC ||
      !setup(sys::list_directory("/tmp")).empty()) {
    throw Abort{model::Outcome::fail, "mount(tmpfs) succeeded, but nothing is mounted"};
  }
}

}  // namespace nsvet::probe
