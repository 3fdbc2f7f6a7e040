// statmount(2) and listmount(2), of the own mount namespace and of others.
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>

#include "mnt_api.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

CheckInfo status_check(const char* name, std::string title, std::string rule) {
  return mnt_check(fmt::format("mnt.status.{}", name), std::move(title), std::move(rule),
                   "statmount(2), listmount(2)", {Need::admin}, "6.8");
}

// The mounts that this process can list.
sys::Result<std::vector<std::uint64_t>> list(std::uint64_t mount, std::uint64_t ns = 0,
                                             std::uint64_t after = 0, std::size_t room = 512,
                                             unsigned flags = 0) {
  return sys::list_mounts({.mount = mount, .param = after, .ns = ns}, room, flags);
}

void need_listing(Actor& actor) {
  need_call(actor([] { return verdict(list(sys::kListRoot)); }), ENOSYS, "listmount()", "6.8");
}

// The id by which another process can ask for the actor's namespace.
std::uint64_t id_of_namespace(Actor& actor) {
  const auto id = sys::mount_ns_id(mount_ns_of(actor).get());
  need_call(id, ENOTTY, "NS_GET_MNTNS_ID", "6.11");
  return require(id);
}

std::uint64_t id_of(Actor& actor, const char* path) {
  return require(actor([path] { return sys::unique_mount_id(path); }));
}

NSVET_CHECK(pages, status_check("pages", "listmount lists all mounts, in order",
                                "ids rise, or fall with LISTMOUNT_REVERSE; pages of one are the "
                                "same list; below a mount there are its children only; unknown "
                                "flags give EINVAL, unknown mounts ENOENT")) {
  Actor actor = with_mount_on_a(t);
  need_listing(actor);
  setup(actor([] { return sys::mount("kid", "/tmp/a/b", "tmpfs", 0); }));
  // What lies above the root is not listed.
  const auto all = require(actor([] { return list(sys::kListRoot); }));
  t.expect("as many as in mountinfo, or one more or less",
           all.size() + 1 >= MountTable(actor).all().size() &&
               all.size() <= MountTable(actor).all().size() + 1,
           true);
  t.expect("in rising order", std::ranges::is_sorted(all), true);
  const auto kid = id_of(actor, "/tmp/a/b");
  t.expect("the newest is last", all.empty() ? 0 : all.back(), kid);
  std::vector<std::uint64_t> pages;
  for (std::uint64_t last = 0; pages.size() <= all.size();) {
    const auto page = require(actor([last] { return list(sys::kListRoot, 0, last, 1); }));
    if (page.empty()) break;
    last = page.front();
    pages.push_back(last);
  }
  t.expect("pages of one are the same list", pages == all, true);
  const auto below = require(actor([a = id_of(actor, "/tmp/a")] { return list(a); }));
  t.expect("below /tmp/a is the kid alone", below == std::vector{kid}, true);
  t.expect_errno("an unknown flag",
                 actor([] { return verdict(list(sys::kListRoot, 0, 0, 512, 0x80)); }), EINVAL);
  t.expect_errno("an unknown mount", actor([] { return verdict(list(~0ULL >> 1)); }), ENOENT);
  const auto reverse = actor([] { return list(sys::kListRoot, 0, 0, 512, sys::kListReverse); });
  t.fact("reverse", sys::outcome(reverse));
  if (reverse) {
    t.expect("reversed", std::vector(all.rbegin(), all.rend()) == *reverse, true);
  }
}

NSVET_CHECK(fields, status_check("fields", "statmount says what mountinfo says",
                                 "mount point, root, type, parent, both ids and the peer group are "
                                 "those of mountinfo; the namespace is the caller's")) {
  Actor actor = with_mount_on_a(t);
  need_listing(actor);
  setup(actor([] { return sys::mount("", "/tmp/a", "", MS_SHARED); }));
  const auto id = id_of(actor, "/tmp/a");
  const MountTable table(actor);
  const auto& line = table.must("/tmp/a");
  struct Numbers {
    std::uint64_t id, parent, old_id, old_parent, peer_group, ns;
  };
  const auto numbers = require(actor([id]() -> sys::Result<Numbers> {
    return sys::stat_mount({.mount = id, .param = sys::kStatMountBasic | sys::kStatMountNs})
        .map([](const sys::MountStatus& s) {
          return Numbers{s.id, s.parent, s.old_id, s.old_parent, s.peer_group, s.ns};
        });
  }));
  t.expect("its id", numbers.id, id);
  t.expect("its parent", numbers.parent, id_of(actor, "/tmp"));
  t.expect("its old id", numbers.old_id, static_cast<std::uint64_t>(line.id));
  t.expect("its old parent", numbers.old_parent, static_cast<std::uint64_t>(line.parent));
  t.expect("its peer group", numbers.peer_group, static_cast<std::uint64_t>(line.shared));
  if (const auto ns = sys::mount_ns_id(mount_ns_of(actor).get())) {
    t.expect("its namespace", numbers.ns, *ns);
  }
  const auto text = [&](std::uint64_t what, auto member) {
    return actor([=]() -> std::string {
      return require(sys::stat_mount({.mount = id, .param = what})).*member;
    });
  };
  t.expect("its point", text(sys::kStatMountPoint, &sys::MountStatus::point), "/tmp/a");
  t.expect("its root", text(sys::kStatMountRoot, &sys::MountStatus::root), "/");
  t.expect("its type", text(sys::kStatMountType, &sys::MountStatus::type), "tmpfs");
}

NSVET_CHECK(elsewhere,
            status_check("other_namespace", "Another mount namespace is listed by its id",
                         "who has CAP_SYS_ADMIN over it sees its mounts, and without its id "
                         "nothing of them; without the capability it is refused")) {
  Actor actor = with_mount_on_a(t);
  need_listing(actor);
  Actor other = copy_of(actor);
  setup(other([] { return sys::mount("theirs", "/tmp/b", "tmpfs", 0); }));
  const auto ns = id_of_namespace(other);
  const auto theirs = id_of(other, "/tmp/b");
  const auto own = require(other([] { return list(sys::kListRoot); }));
  const auto tmp = id_of(other, "/tmp");
  const auto listed = require(actor([=] { return list(tmp, ns); }));
  const auto ours = require(actor([] { return list(sys::kListRoot); }));
  t.expect("their mount is in the list of that namespace", std::ranges::count(listed, theirs), 1);
  t.expect("in the own", std::ranges::count(ours, theirs), 0);
  // Linux 6.12 takes the caller's root for the other namespace's.
  const auto from_root = require(actor([ns] { return list(sys::kListRoot, ns); }));
  t.fact("from_its_root_as_it_lists_itself", from_root == own);
  const auto stat = [theirs](std::uint64_t space) {
    return [=] {
      return verdict(
          sys::stat_mount({.mount = theirs, .param = sys::kStatMountBasic, .ns = space}));
    };
  };
  t.expect_success("statmount in that namespace", actor(stat(ns)));
  t.expect_errno("statmount in the own", actor(stat(0)), ENOENT);
  t.expect_errno("a namespace that is not there",
                 actor([] { return verdict(list(sys::kListRoot, ~0ULL >> 1)); }), ENOENT);
  Actor weak = actor.spawn();
  setup(weak([] { return sys::drop_capabilities(); }));
  const auto refused = weak([ns] { return verdict(list(sys::kListRoot, ns)); });
  t.expect("listed without CAP_SYS_ADMIN", bool(refused), false);
  t.expect("statmount without CAP_SYS_ADMIN", bool(weak(stat(ns))), false);
  t.fact("errno_without_capability", sys::outcome(refused));
}

NSVET_CHECK(unreachable,
            status_check("unreachable", "A mount out of a chroot's reach needs a capability",
                         "statmount and listmount of a mount that the caller's root does not lead "
                         "to give EPERM without CAP_SYS_ADMIN; with it they succeed")) {
  Actor actor = with_mount_on_a(t);
  need_listing(actor);
  setup(actor([] { return sys::mount("out", "/tmp/b", "tmpfs", 0); }));
  const auto out = id_of(actor, "/tmp/b");
  setup(actor([]() -> sys::Result<> {
    if (::chroot("/tmp/a") != 0 || ::chdir("/") != 0) return sys::last_error("chroot()");
    return {};
  }));
  const auto stat = [out] {
    return verdict(sys::stat_mount({.mount = out, .param = sys::kStatMountBasic}));
  };
  const auto below = [out] { return verdict(list(out)); };
  t.expect_success("statmount", actor(stat));
  t.expect_success("listmount", actor(below));
  setup(actor([] { return sys::drop_capabilities(); }));
  t.expect_errno("statmount without CAP_SYS_ADMIN", actor(stat), EPERM);
  t.expect_errno("listmount without CAP_SYS_ADMIN", actor(below), EPERM);
}

}  // namespace
}  // namespace nsvet::probe
