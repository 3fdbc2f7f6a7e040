// Groups of a check's own in the cgroup2 hierarchy that is mounted where it runs.
#pragma once

#include <string>
#include <string_view>

#include "probe/check.h"

namespace nsvet::probe {

/// @return where cgroup2 is mounted, and how: an entry of the check's own mountinfo
struct CgroupMount {
  std::string point;
  std::string root;           ///< Of the mount, within the hierarchy.
  std::string super_options;  ///< "nsdelegate" may be among them.
};
CgroupMount cgroup2_mount();

/// A group, and groups below it. All are removed with it, once their processes are gone: declare it
/// before the actors that live in them.
class CgroupTree {
 public:
  /// @throws Abort (skip) when no group can be made there
  CgroupTree();
  CgroupTree(const CgroupTree&) = delete;
  CgroupTree& operator=(const CgroupTree&) = delete;
  ~CgroupTree();

  /// Makes a group.
  /// @param name of one level below the tree's, or of several whose upper ones are there
  /// @return its path
  std::string make(std::string_view name);
  std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// @return the tree's own name: paths of its groups end with "/NAME/GROUP"
  std::string name() const { return path_.substr(path_.rfind('/') + 1); }

 private:
  std::string path_;
  std::vector<std::string> made_;
};

/// Moves the caller into the group.
sys::Result<> enter_cgroup(const std::string& path);

/// @return an actor in the group
Actor in_group(const Check& t, const std::string& path);

/// @return the path in the cgroup2 line of a /proc/PID/cgroup file; "absent" without one
std::string cgroup_path_in(std::string_view text);

/// @return cgroup_path_in() what the actor reads of the process: of itself for 0
std::string cgroup_path_seen(Actor& reader, pid_t pid = 0);

}  // namespace nsvet::probe
