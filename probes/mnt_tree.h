// Mount tables as the checks of this program read them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "probe/check.h"
#include "sys/mountinfo.h"

namespace nsvet::probe {

/// The metadata of a check of mount namespaces.
/// @param since the first kernel that has what is asked for
CheckInfo mnt_check(std::string id, std::string title, std::string rule, std::string source,
                    std::vector<Need> needs = {Need::admin}, std::string since = {});

/// The mounts that the actor sees now.
class MountTable {
 public:
  explicit MountTable(Actor& actor);
  /// @return the topmost mount at this mount point, or null
  const sys::MountInfo* at(std::string_view point) const;
  /// @return the same; an absent mount is a broken rule
  const sys::MountInfo& must(std::string_view point) const;
  bool has(std::string_view point) const { return at(point) != nullptr; }
  std::size_t count(std::string_view point) const;
  const std::vector<sys::MountInfo>& all() const { return mounts_; }

 private:
  std::vector<sys::MountInfo> mounts_;
};

/// Starts an actor in a copy of the actor's mount namespace.
/// @param owner whether a new user namespace, in which the actor is root, owns the copy
Actor copy_of(Actor& original, bool owner = false);

inline bool mounted(Actor& actor, std::string_view point) { return MountTable(actor).has(point); }

/// Says how mounts propagate, with names for the peer groups:
/// "private", "shared:A", "slave:A", "shared:B slave:A", "unbindable", "absent".
class Groups {
 public:
  /// Names a group; its first name stays.
  void name(int group, std::string text);
  std::string describe(const sys::MountInfo* mount) const;

 private:
  std::string name_of(int group) const;
  std::map<int, std::string> names_;
};

}  // namespace nsvet::probe
