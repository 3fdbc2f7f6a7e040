#include "mnt_tree.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {

CheckInfo mnt_check(std::string id, std::string title, std::string rule, std::string source,
                    std::vector<Need> needs, std::string since) {
  return {.id = std::move(id),
          .title = std::move(title),
          .rule = std::move(rule),
          .source = std::move(source),
          .types = {NsType::mnt},
          .needs = std::move(needs),
          .since = std::move(since)};
}

Actor copy_of(Actor& original, bool owner) {
  Actor copy = original.spawn({.flags = CLONE_NEWNS | (owner ? CLONE_NEWUSER : 0UL)});
  if (owner) setup(sys::map_root(copy.pid(), ::geteuid(), ::getegid()));
  return copy;
}

MountTable::MountTable(Actor& actor)
    : mounts_(setup(sys::parse_mountinfo(
          setup(actor([] { return sys::read_file("/proc/self/mountinfo"); }))))) {}

const sys::MountInfo* MountTable::at(std::string_view point) const {
  // Of mounts at one place each lies on the one that is its parent.
  auto covered = [&](const sys::MountInfo& mount) {
    return std::ranges::any_of(mounts_, [&](const auto& other) {
      return other.point == point && other.parent == mount.id && other.id != mount.id;
    });
  };
  for (const auto& mount : mounts_) {
    if (mount.point == point && !covered(mount)) return &mount;
  }
  return nullptr;
}

const sys::MountInfo& MountTable::must(std::string_view point) const {
  if (const auto* mount = at(point)) return *mount;
  throw Abort{model::Outcome::fail, fmt::format("nothing is mounted on {}", point)};
}

std::size_t MountTable::count(std::string_view point) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(mounts_, [&](const auto& mount) { return mount.point == point; }));
}

void Groups::name(int group, std::string text) {
  if (group != 0) names_.emplace(group, std::move(text));
}

std::string Groups::name_of(int group) const {
  const auto found = names_.find(group);
  return found == names_.end() ? "other" : found->second;
}

std::string Groups::describe(const sys::MountInfo* mount) const {
  if (mount == nullptr) return "absent";
  std::vector<std::string> words;
  if (mount->shared != 0) words.push_back("shared:" + name_of(mount->shared));
  if (mount->master != 0) words.push_back("slave:" + name_of(mount->master));
  if (mount->unbindable) words.emplace_back("unbindable");
  return words.empty() ? "private" : fmt::format("{}", fmt::join(words, " "));
}

}  // namespace nsvet::probe
