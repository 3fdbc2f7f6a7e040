// What /proc/PID/cgroup and mountinfo show of a group, from which cgroup namespace.
#include <sys/mount.h>
#include <unistd.h>

#include <thread>

#include "cgroup_tree.h"
#include "sys/file.h"
#include "sys/mountinfo.h"

namespace nsvet::probe {
namespace {

CheckInfo path_rule(std::string id, std::string title, std::string rule,
                    std::vector<NsType> types = {NsType::cgroup}) {
  return {.id = std::move(id),
          .title = std::move(title),
          .rule = std::move(rule),
          .source = "cgroup_namespaces(7)",
          .types = std::move(types),
          .needs = {Need::root, Need::cgroup2}};
}

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

NSVET_CHECK(siblings, path_rule("cgroup.path.sibling", "Groups beside the root are shown above it",
                                "a group that is not below the reader's root is shown by a path "
                                "that begins with /.. , the same process by another path from "
                                "each namespace")) {
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto b = tree.make("b");
  Actor outer_a = in_group(t, a);
  Actor outer_b = in_group(t, b);
  Actor inside_a = outer_a.spawn({.flags = CLONE_NEWCGROUP});
  Actor inside_b = outer_b.spawn({.flags = CLONE_NEWCGROUP});
  const auto end = "/" + tree.name();
  t.expect("a from a", cgroup_path_seen(inside_a), "/");
  t.expect("b from a", cgroup_path_seen(inside_a, outer_b.pid()), "/../b");
  t.expect("a from b", cgroup_path_seen(inside_b, outer_a.pid()), "/../a");
  t.expect("b from b", cgroup_path_seen(inside_b), "/");
  t.expect("a from outside", cgroup_path_seen(outer_b, outer_a.pid()).ends_with(end + "/a"), true);
  t.expect("b from outside", cgroup_path_seen(outer_a, outer_b.pid()).ends_with(end + "/b"), true);
  t.expect("the tree itself from outside", cgroup_path_seen(outer_a).starts_with("/.."), false);
}

NSVET_CHECK(moving, path_rule("cgroup.path.moves",
                              "A process that changes its group keeps its namespace's root",
                              "the root is the group that the creator was in; it stays the root "
                              "when a process of the namespace moves below it, or out of it")) {
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto below = tree.make("a/below");
  const auto b = tree.make("b");
  Actor outer = in_group(t, a);
  Actor watcher = outer.spawn({.flags = CLONE_NEWCGROUP});
  Actor mover = watcher.spawn();
  // From outside, so that no border is in the way.
  const auto move = [&](const std::string& group) {
    setup(sys::write_file(group + "/cgroup.procs", std::to_string(mover.pid())));
  };
  t.expect("at first", cgroup_path_seen(mover), "/");
  move(below);
  t.expect("below", cgroup_path_seen(mover), "/below");
  t.expect("below, seen by the other", cgroup_path_seen(watcher, mover.pid()), "/below");
  Actor child = mover.spawn();
  t.expect("its child", cgroup_path_seen(child), "/below");
  move(b);
  t.expect("beside", cgroup_path_seen(mover), "/../b");
  t.expect("the other all the while", cgroup_path_seen(watcher), "/");
}

NSVET_CHECK(nested, path_rule("cgroup.path.nested", "Cgroup namespaces nest",
                              "each has the group of its own creator as its root; the outer one "
                              "shows the whole path below its own")) {
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto below = tree.make("a/below");
  Actor outer = in_group(t, a);
  Actor middle = outer.spawn({.flags = CLONE_NEWCGROUP});
  Actor mover = middle.spawn();
  setup(sys::write_file(below + "/cgroup.procs", std::to_string(mover.pid())));
  Actor inner = mover.spawn({.flags = CLONE_NEWCGROUP});
  t.expect("from itself", cgroup_path_seen(inner), "/");
  t.expect("from the middle", cgroup_path_seen(middle, inner.pid()), "/below");
  t.expect("the middle from within", cgroup_path_seen(inner, middle.pid()), "/..");
}

NSVET_CHECK(setns_shows,
            path_rule("cgroup.setns.path", "setns(2) changes what is shown, and moves no process",
                      "the caller stays in its group, and sees groups relative to "
                      "the root of the namespace that it joined; by nsfs and by PID "
                      "file descriptor")) {
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto b = tree.make("b");
  Actor outer = in_group(t, a);
  Actor inside = outer.spawn({.flags = CLONE_NEWCGROUP});
  const auto ns = setup(sys::open_ns(NsType::cgroup, inside.pid()));
  const auto whole_path = [&](Actor& actor) { return cgroup_path_seen(outer, actor.pid()); };
  for (const bool by_pidfd : {false, true}) {
    Actor joiner = in_group(t, b);
    const auto before = whole_path(joiner);
    const int there = joiner.give(by_pidfd ? inside.pidfd() : ns.get());
    const auto joined = joiner([there] { return sys::setns(there, CLONE_NEWCGROUP); });
    const char* const how = by_pidfd ? "pidfd" : "nsfs descriptor";
    if (!t.expect_success(fmt::format("setns({})", how), joined)) continue;
    t.expect(fmt::format("own path after setns({})", how), cgroup_path_seen(joiner), "/../b");
    t.expect(fmt::format("the member's path after setns({})", how),
             cgroup_path_seen(joiner, inside.pid()), "/");
    t.expect(fmt::format("group after setns({})", how), whole_path(joiner), before);
  }
}

NSVET_CHECK(of_a_thread, path_rule("cgroup.path.thread", "A thread's cgroup namespace is its own",
                                   "unshare(CLONE_NEWCGROUP) changes what the calling thread "
                                   "sees; the other threads see what they saw before")) {
  CgroupTree tree;
  const auto a = tree.make("a");
  Actor actor = in_group(t, a);
  const auto before = cgroup_path_seen(actor);
  struct Seen {
    bool unshared;
    char thread[256];
    char leader[256];
  };
  const Seen seen = actor([] {
    Seen both{};
    const auto note = [](auto& into, const char* file) {
      const auto text = cgroup_path_in(sys::read_file(file).value_or(""));
      text.copy(into, sizeof into - 1);
    };
    std::thread([&] {
      both.unshared = sys::unshare(CLONE_NEWCGROUP).has_value();
      note(both.thread, "/proc/thread-self/cgroup");
    }).join();
    note(both.leader, "/proc/thread-self/cgroup");
    return both;
  });
  t.expect("the thread unshared", seen.unshared, true);
  t.expect("in the thread", std::string(seen.thread), "/");
  t.expect("in the leader", std::string(seen.leader), before);
}

NSVET_CHECK(mount_within,
            path_rule("cgroup.mount.root", "A cgroup2 mounted inside shows the namespace's root",
                      "the root of a new mount is the root of the mounter's cgroup namespace: "
                      "groups below it are there, all others are not",
                      {NsType::cgroup, NsType::mnt})) {
  CgroupTree tree;
  const auto a = tree.make("a");
  tree.make("a/below");
  tree.make("b");
  Actor outer = in_group(t, a);
  Actor inside = outer.spawn({.flags = CLONE_NEWCGROUP});
  inside([] { enter_private_mounts(); });
  const auto mounted = inside([] { return sys::mount("cgroup2", "/tmp", "cgroup2", 0, ""); });
  if (!t.expect_success("mount(cgroup2)", mounted)) return;
  const auto there = [&](const char* name) {
    return setup(
        inside([path = Text(std::string("/tmp/") + name)] { return sys::exists(path.str()); }));
  };
  t.expect("/below", there("below"), true);
  t.expect("/b", there("b"), false);
  t.expect("the tree", there(tree.name().c_str()), false);
  const auto pids = setup(inside([] { return sys::read_file("/tmp/cgroup.procs"); }));
  t.expect("the root's members have the mounter",
           ("\n" + pids).find(fmt::format("\n{}\n", inside.pid())) != std::string::npos, true);
  setup(inside([] { return sys::make_directory("/tmp/made"); }));
  t.expect("what is made there is below a", setup(sys::exists(a + "/made")), true);
  t.expect("removed", inside([] { return ::rmdir("/tmp/made"); }), 0);
}

NSVET_CHECK(mount_roots,
            path_rule("cgroup.mount.mountinfo",
                      "mountinfo shows the root of a cgroup mount relative to the reader's",
                      "a mount of the reader's root group has the root /; one of a group above "
                      "it has /.. for each level",
                      {NsType::cgroup, NsType::mnt})) {
  CgroupTree tree;
  const auto a = tree.make("a");
  Actor outer = in_group(t, a);
  Actor inside = outer.spawn({.flags = CLONE_NEWCGROUP});
  inside([] { enter_private_mounts(); });
  setup(inside([] { return sys::mount("cgroup2", "/tmp", "cgroup2", 0, ""); }));
  const auto root_of = [&](Actor& reader, const std::string& point) {
    const auto text = setup(reader(
        [pid = inside.pid()] { return sys::read_file(fmt::format("/proc/{}/mountinfo", pid)); }));
    for (const auto& mount : setup(sys::parse_mountinfo(text))) {
      if (mount.type == "cgroup2" && mount.point == point) return mount.root;
    }
    return std::string("absent");
  };
  t.expect("the new mount, from inside", root_of(inside, "/tmp"), "/");
  t.expect("the new mount, from outside", root_of(outer, "/tmp"), cgroup_path_seen(outer));
  const auto old = cgroup2_mount();
  if (old.root != "/") return;
  std::string up;
  for (const char c : cgroup_path_seen(outer)) {
    if (c == '/') up += "/..";
  }
  t.expect("the older mount, from inside", root_of(inside, old.point), up);
  t.expect("the older mount, from outside", root_of(outer, old.point), "/");
}

NSVET_CHECK(into_cgroup,
            {.id = "cgroup.create.into_cgroup",
             .title = "With CLONE_INTO_CGROUP the root is the group that the child begins in",
             .rule = "a child made with CLONE_NEWCGROUP and CLONE_INTO_CGROUP has its own group as "
                     "the root, and its creator's beside it; cgroup_namespaces(7) says that the "
                     "creator's groups become the roots",
             .source = "kernel/cgroup/cgroup.c, cgroup_post_fork()",
             .types = {NsType::cgroup},
             .needs = {Need::root, Need::cgroup2}}) {
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto b = tree.make("b");
  Actor outer = in_group(t, a);
  const auto folder = setup(sys::open(b, O_RDONLY | O_DIRECTORY));
  Actor child = outer.spawn({.flags = CLONE_NEWCGROUP, .cgroup = outer.give(folder.get())});
  t.expect("group", cgroup_path_seen(outer, child.pid()).ends_with(tree.name() + "/b"), true);
  t.expect("own path", cgroup_path_seen(child), "/");
  t.expect("the creator's path", cgroup_path_seen(child, outer.pid()), "/../a");
}

}  // namespace
}  // namespace nsvet::probe
