// cgroup namespaces as borders of delegation: Control Group v2, "Delegation".
#include <unistd.h>

#include <cerrno>

#include "cgroup_tree.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

CheckInfo border_rule(std::string id, std::string title, std::string rule) {
  return {.id = std::move(id),
          .title = std::move(title),
          .rule = std::move(rule),
          .source = "Documentation/admin-guide/cgroup-v2.rst, Delegation Containment",
          .types = {NsType::cgroup},
          .needs = {Need::root, Need::cgroup2}};
}

// The option belongs to the machine: a check does not turn it on.
void need_nsdelegate() {
  if (cgroup2_mount().super_options.find("nsdelegate") == std::string::npos) {
    Check::skip("cgroup2 is mounted without nsdelegate");
  }
}

sys::Result<> move(Actor& mover, const std::string& group, pid_t pid) {
  return mover([file = Text(group + "/cgroup.procs"), pid] {
    return sys::write_file(file.str(), std::to_string(pid));
  });
}

NSVET_CHECK(migration, border_rule("cgroup.delegate.migration",
                                   "Processes cannot be moved over the border from inside",
                                   "under nsdelegate, both groups of a migration must be visible "
                                   "from the writer's cgroup namespace, else it fails with "
                                   "ENOENT")) {
  need_nsdelegate();
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto below = tree.make("a/below");
  const auto b = tree.make("b");
  Actor outer = in_group(t, a);
  Actor other = in_group(t, b);
  Actor inside = outer.spawn({.flags = CLONE_NEWCGROUP});
  t.expect_errno("out", move(inside, b, inside.pid()), ENOENT);
  t.expect_errno("in", move(inside, a, other.pid()), ENOENT);
  t.expect_success("within", move(inside, below, inside.pid()));
  t.expect("where it is now", cgroup_path_seen(inside), "/below");
  t.expect_errno("out from below", move(inside, b, inside.pid()), ENOENT);
  t.expect_success("back to the root", move(inside, a, inside.pid()));
  t.expect_success("out, by one outside", move(outer, b, inside.pid()));
  t.expect("where it is in the end", cgroup_path_seen(inside), "/../b");
}

NSVET_CHECK(clone_into, border_rule("cgroup.delegate.into_cgroup",
                                    "CLONE_INTO_CGROUP does not cross the border",
                                    "under nsdelegate a child can be made in a group below the "
                                    "caller's root, and not in one outside: ENOENT")) {
  need_nsdelegate();
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto below = setup(sys::open(tree.make("a/below"), O_RDONLY | O_DIRECTORY));
  const auto b = setup(sys::open(tree.make("b"), O_RDONLY | O_DIRECTORY));
  Actor outer = in_group(t, a);
  Actor inside = outer.spawn({.flags = CLONE_NEWCGROUP});
  const auto beyond = inside.try_spawn({.cgroup = inside.give(b.get())});
  t.expect("outside", beyond ? "success" : sys::errno_name(beyond.error().number), "ENOENT");
  auto within = inside.try_spawn({.cgroup = inside.give(below.get())});
  if (t.expect("below", within ? "success" : sys::errno_name(within.error().number), "success")) {
    t.expect("its path", cgroup_path_seen(*within), "/below");
  }
  t.expect("from outside into b", outer.try_spawn({.cgroup = outer.give(b.get())}).has_value(),
           true);
}

NSVET_CHECK(root_files, border_rule("cgroup.delegate.root_files",
                                    "The root's limits are not for those inside to write",
                                    "under nsdelegate, writes to the files of the namespace's "
                                    "root that are not delegatable fail with EPERM; below it, and "
                                    "from outside, they do not")) {
  need_nsdelegate();
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto below = tree.make("a/below");
  Actor outer = in_group(t, a);
  Actor inside = outer.spawn({.flags = CLONE_NEWCGROUP});
  const auto write = [](Actor& writer, const std::string& group, const char* file) {
    return writer([path = Text(group + "/" + file)] { return sys::write_file(path.str(), "max"); });
  };
  for (const char* file : {"cgroup.max.depth", "cgroup.max.descendants"}) {
    t.expect_errno(fmt::format("{} of the root", file), write(inside, a, file), EPERM);
    t.expect_success(fmt::format("{} below", file), write(inside, below, file));
    t.expect_success(fmt::format("{} of the root, from outside", file), write(outer, a, file));
  }
  t.expect_success("subtree_control of the root",
                   inside([file = Text(a + "/cgroup.subtree_control")] {
                     return sys::write_file(file.str(), "");
                   }));
}

NSVET_CHECK(opener,
            {.id = "cgroup.delegate.opener",
             .title = "Who opened cgroup.procs decides what may be moved",
             .rule = "under nsdelegate a migration is checked in the cgroup namespace that the "
                     "file was opened in, whoever writes to it",
             .source = "commit e57457641613 (cgroup: Use open-time cgroup namespace for process "
                       "migration perm checks)",
             .types = {NsType::cgroup},
             .needs = {Need::root, Need::cgroup2}}) {
  need_nsdelegate();
  CgroupTree tree;
  const auto a = tree.make("a");
  const auto b = tree.make("b");
  Actor outer = in_group(t, a);
  Actor inside = outer.spawn({.flags = CLONE_NEWCGROUP});
  const Text procs(b + "/cgroup.procs");
  const auto open_there = [procs](Actor& opener) {
    return opener.take(
        opener([procs] { return setup(sys::open(procs.str(), O_WRONLY)).release(); }));
  };
  const auto write_zero = [](Actor& writer, int fd) {
    return writer([there = writer.give(fd)]() -> sys::Result<> {
      if (::write(there, "0", 1) != 1) return sys::last_error("write(cgroup.procs)");
      return {};
    });
  };
  const auto opened_inside = open_there(inside);
  t.expect_errno("opened inside, written outside", write_zero(outer, opened_inside.get()), ENOENT);
  const auto opened_outside = open_there(outer);
  t.expect_success("opened outside, written inside", write_zero(inside, opened_outside.get()));
  t.expect("where it is then", cgroup_path_seen(inside), "/../b");
}

NSVET_CHECK(to_a_user,
            {.id = "cgroup.delegate.user",
             .title = "A group can be delegated to an ordinary user and its user namespace",
             .rule = "who owns a group's directory and cgroup.procs makes groups below it and "
                     "moves its own processes there, also from new user and cgroup namespaces; "
                     "it cannot move them to a group of another",
             .source = "Documentation/admin-guide/cgroup-v2.rst, Delegation",
             .types = {NsType::cgroup, NsType::user},
             .needs = {Need::root, Need::cgroup2, Need::userns}}) {
  CgroupTree tree;
  const auto mine = tree.make("mine");
  const auto other = tree.make("other");
  for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"}) {
    t.expect("chown", ::chown((mine + file).c_str(), sys::kNobody, sys::kNobody), 0);
  }
  Actor actor = in_group(t, mine);
  setup(actor([] { return sys::become_user(sys::kNobody, sys::kNobody); }));
  t.expect_success("unshare(CLONE_NEWUSER|CLONE_NEWCGROUP)",
                   actor([] { return sys::unshare(CLONE_NEWUSER | CLONE_NEWCGROUP); }));
  t.expect("own path", cgroup_path_seen(actor), "/");
  const Text below(tree.path("mine/below"));
  t.expect_success("a group below", actor([below] { return sys::make_directory(below.str()); }));
  t.expect_success("into it", actor([below] { return enter_cgroup(below.str()); }));
  t.expect("own path then", cgroup_path_seen(actor), "/below");
  const auto out = actor([group = Text(other)] { return enter_cgroup(group.str()); });
  t.expect_errno("into a group of another", out, EACCES);
  t.expect_success("back", actor([group = Text(mine)] { return enter_cgroup(group.str()); }));
  t.expect("removed", actor([below] { return ::rmdir(below.str().c_str()); }), 0);
}

}  // namespace
}  // namespace nsvet::probe
