// cgroup namespaces: /proc/PID/cgroup shows paths relative to the namespace's root.
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

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

NSVET_CHECK(relative, {.id = "cgroup.path.relative",
                       .title = "Paths are relative to the namespace's root",
                       .rule = "a cgroup below the root is shown relative to it; one beside it "
                               "begins with /..",
                       .source = "cgroup_namespaces(7)",
                       .types = {NsType::cgroup, NsType::mnt},
                       .needs = {Need::root, Need::cgroup2}}) {
  Actor actor = t.spawn();
  actor([] { enter_private_mounts(); });
  setup(actor([] { return sys::mount("cgroup2", "/tmp", "cgroup2", 0); }));
  const Text group = fmt::format("/tmp/nsvet-{}", ::getpid());
  const std::string name = group.str().substr(4);
  setup(actor([group] { return sys::make_directory(group.str()); }));
  setup(actor([group] { return sys::write_file(group.str() + "/cgroup.procs", "0"); }));
  const auto before = setup(actor([] { return sys::read_file("/proc/self/cgroup"); }));
  Actor inside = actor.spawn({.flags = CLONE_NEWCGROUP});
  const auto within = setup(inside([] { return sys::read_file("/proc/self/cgroup"); }));
  const auto at = [](const std::string& text) {
    const auto line = text.find("0::");
    return line == std::string::npos ? std::string("absent")
                                     : text.substr(line + 3, text.find('\n', line) - line - 3);
  };
  t.expect("path before", at(before).ends_with(name), true);
  t.expect("path inside", at(within), "/");
  const pid_t outsider = ::getpid();
  const auto seen = setup(
      inside([outsider] { return sys::read_file(fmt::format("/proc/{}/cgroup", outsider)); }));
  t.expect("path of a process above", at(seen).starts_with("/.."), true);
  inside.finish();
  // A group can be removed once it is empty; the kernel empties it in its own time.
  setup(actor([] { return sys::write_file("/tmp/cgroup.procs", "0"); }));
  const bool removed =
      actor([group] { return eventually([&] { return ::rmdir(group.str().c_str()) == 0; }); });
  t.expect("group removed", removed, true);
}

}  // namespace
}  // namespace nsvet::probe
