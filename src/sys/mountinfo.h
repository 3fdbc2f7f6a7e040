// The mounts that a process sees, as /proc/PID/mountinfo lists them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sys/error.h"

namespace nsvet::sys {

/// A line of proc_pid_mountinfo(5). A peer group of 0 means none.
struct MountInfo {
  int id = 0;
  int parent = 0;
  std::string root;   ///< Of the mount, within its file system.
  std::string point;  ///< Relative to the reader's root; escapes as the kernel wrote them.
  std::string options;
  int shared = 0;          ///< The peer group.
  int master = 0;          ///< The peer group that it is a slave of.
  int propagate_from = 0;  ///< The nearest master in sight.
  bool unbindable = false;
  std::string type;
  std::string source;
  std::string super_options;
};

/// @return EBADMSG for text that is no mountinfo
Result<std::vector<MountInfo>> parse_mountinfo(std::string_view text);

}  // namespace nsvet::sys
