#include "cgroup_tree.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ranges>

#include "sys/file.h"
#include "sys/mountinfo.h"

namespace nsvet::probe {

CgroupMount cgroup2_mount() {
  const auto text = setup(sys::read_file("/proc/self/mountinfo"));
  for (const auto& mount : setup(sys::parse_mountinfo(text))) {
    if (mount.type == "cgroup2") return {mount.point, mount.root, mount.super_options};
  }
  Check::skip("no cgroup2 file system is mounted");
}

namespace {

constexpr std::string_view kPrefix = "nsvet-";

void remove_below(const std::string& folder) {
  for (const auto& name : sys::list_directory(folder).value_or(std::vector<std::string>{})) {
    const auto path = folder + "/" + name;
    if (::rmdir(path.c_str()) == 0 || errno != EBUSY) continue;  // A file: ENOTDIR.
    remove_below(path);
    ::rmdir(path.c_str());
  }
}

// What a check that was killed left behind: groups that are named after a process that is no more.
void remove_stale(const std::string& folder) {
  for (const auto& name : sys::list_directory(folder).value_or(std::vector<std::string>{})) {
    if (!name.starts_with(kPrefix)) continue;
    const pid_t owner = std::atoi(name.c_str() + kPrefix.size());
    if (owner <= 0 || ::kill(owner, 0) == 0 || errno != ESRCH) continue;
    const auto path = folder + "/" + name;
    remove_below(path);
    ::rmdir(path.c_str());
  }
}

}  // namespace

CgroupTree::CgroupTree()
    : path_(fmt::format("{}/{}{}", cgroup2_mount().point, kPrefix, ::getpid())) {
  remove_stale(path_.substr(0, path_.rfind('/')));
  if (const auto made = sys::make_directory(path_); !made) {
    Check::skip(fmt::format("no group can be made: {}", to_string(made.error())));
  }
}

CgroupTree::~CgroupTree() {
  // A group is empty a moment after its last process was killed.
  for (const auto& group : made_ | std::views::reverse) {
    eventually([&] { return ::rmdir(group.c_str()) == 0 || errno != EBUSY; });
  }
  eventually([&] { return ::rmdir(path_.c_str()) == 0 || errno != EBUSY; });
}

std::string CgroupTree::make(std::string_view name) {
  made_.push_back(path(name));
  setup(sys::make_directory(made_.back()));
  return made_.back();
}

sys::Result<> enter_cgroup(const std::string& path) {
  return sys::write_file(path + "/cgroup.procs", "0");
}

Actor in_group(const Check& t, const std::string& path) {
  Actor actor = t.spawn();
  setup(actor([group = Text(path)] { return enter_cgroup(group.str()); }));
  return actor;
}

std::string cgroup_path_in(std::string_view text) {
  const auto line = text.find("0::");
  if (line == std::string_view::npos) return "absent";
  return std::string(text.substr(line + 3, text.find('\n', line) - line - 3));
}

std::string cgroup_path_seen(Actor& reader, pid_t pid) {
  return cgroup_path_in(setup(reader([pid] {
    return sys::read_file(pid == 0 ? "/proc/self/cgroup" : fmt::format("/proc/{}/cgroup", pid));
  })));
}

}  // namespace nsvet::probe
