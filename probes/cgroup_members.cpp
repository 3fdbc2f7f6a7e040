// The processes of a group, as numbers of a PID namespace.
#include <unistd.h>

#include <algorithm>

#include "cgroup_tree.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

// The lines of cgroup.procs or cgroup.threads that the actor reads, sorted and joined.
std::string members(Actor& reader, const std::string& group, const char* file) {
  const auto text =
      setup(reader([path = Text(group + "/" + file)] { return sys::read_file(path.str()); }));
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  std::ranges::sort(lines);
  std::string joined;
  for (const auto& line : lines) joined += (joined.empty() ? "" : " ") + line;
  return joined;
}

NSVET_CHECK(members_translated,
            {.id = "cgroup.members.translated",
             .title = "cgroup.procs shows and takes numbers of the caller's PID namespace",
             .rule = "reading cgroup.procs or cgroup.threads gives each process's PID in the "
                     "reader's PID namespace, 0 for one that has none there; a number that is "
                     "written is one of the writer's, ESRCH where there is no such process",
             .source = "Documentation/admin-guide/cgroup-v2.rst, pid_namespaces(7)",
             .types = {NsType::pid},
             .needs = {Need::root, Need::cgroup2}}) {
  CgroupTree tree;
  const auto group = tree.make("a");
  const auto other = tree.make("b");
  Actor outside = in_group(t, group);
  Actor init = outside.spawn({.flags = CLONE_NEWPID});
  Actor child = init.spawn();
  const pid_t child_outside = std::stoi(setup(child([] { return sys::read_link("/proc/self"); })));
  std::vector<std::string> all{std::to_string(outside.pid()), std::to_string(init.pid()),
                               std::to_string(child_outside)};
  std::ranges::sort(all);
  const std::string outer = fmt::format("{} {} {}", all[0], all[1], all[2]);
  for (const char* file : {"cgroup.procs", "cgroup.threads"}) {
    t.expect(fmt::format("{} read outside", file), members(outside, group, file) == outer, true);
    t.expect(fmt::format("{} read inside", file), members(init, group, file), "0 1 2");
  }
  const auto move = [other](Actor& mover, pid_t pid) {
    return mover([file = Text(other + "/cgroup.procs"), pid] {
      return sys::write_file(file.str(), std::to_string(pid));
    });
  };
  t.expect_errno("a number of the parent's, written inside", move(init, child_outside), ESRCH);
  t.expect_success("PID 2 written inside", move(init, 2));
  t.expect("where it is", members(init, other, "cgroup.procs"), "2");
}

}  // namespace
}  // namespace nsvet::probe
