// cgroup namespaces: /proc/PID/cgroup shows paths relative to the namespace's root.
#include "probe/check.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(
    root_is_here,
    {.id = "cgroup.path.root",
     .title = "In a new cgroup namespace the own cgroup is the root",
     .rule = "the cgroups that the creator was in become the roots: /proc/self/cgroup shows /",
     .source = "cgroup_namespaces(7)",
     .types = {NsType::cgroup},
     .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWCGROUP});
  const std::string text = setup(inside([] { return sys::read_file("/proc/self/cgroup"); }));
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end - begin);
    const auto path = line.substr(line.find(':', line.find(':') + 1) + 1);
    t.expect(fmt::format("path in \"{}\"", line), path, "/");
    begin = end + 1;
  }
}

}  // namespace
}  // namespace nsvet::probe
