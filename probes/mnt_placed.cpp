// move_mount(2) beneath another mount and into a peer group, and who may walk the mount namespaces.
#include <sched.h>
#include <sys/mount.h>

#include "mnt_api.h"
#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

CheckInfo placed_check(const char* name, std::string title, std::string rule,
                       std::vector<Need> needs = {Need::admin}) {
  return mnt_check(fmt::format("mnt.placed.{}", name), std::move(title), std::move(rule),
                   "move_mount(2)", std::move(needs));
}

int new_tmpfs(Actor& actor) {
  return actor([] { return require(sys::new_mount("tmpfs", 0, MOUNT_ATTR_NOEXEC)).release(); });
}

bool noexec_on_top(Actor& actor, const char* point) {
  return MountTable(actor).must(point).options.find("noexec") != std::string::npos;
}

NSVET_CHECK(beneath, placed_check("beneath", "MOVE_MOUNT_BENEATH puts a mount below the topmost",
                                  "the topmost mount stays on top; after its umount the new one "
                                  "shows; a place that is no mount point gives EINVAL")) {
  Actor actor = with_mount_on_a(t);
  const int made = new_tmpfs(actor);
  const auto done = attach(actor, made, "/tmp/a", sys::kMoveMountBeneath);
  need_call(done, EINVAL, "MOVE_MOUNT_BENEATH", "6.5");
  require(done);
  t.expect("mounts there", MountTable(actor).count("/tmp/a"), std::size_t{2});
  t.expect("the new one is on top", noexec_on_top(actor, "/tmp/a"), false);
  t.expect_errno("where nothing is mounted",
                 attach(actor, new_tmpfs(actor), "/tmp/b", sys::kMoveMountBeneath), EINVAL);
  require(actor([] { return sys::umount("/tmp/a"); }));
  t.expect("the new one is on top after umount", noexec_on_top(actor, "/tmp/a"), true);
}

NSVET_CHECK(locked, placed_check("beneath_locked", "No mount beneath an inherited one reveals it",
                                 "whether or not the kernel takes a mount beneath an inherited "
                                 "one, what lies below both stays hidden",
                                 {Need::admin, Need::userns})) {
  Actor actor = with_mount_on_a(t);
  actor([] {
    setup(sys::open("/tmp/a/b/secret", O_CREAT | O_WRONLY));
    setup(sys::mount("cover", "/tmp/a/b", "tmpfs", 0));
  });
  Actor inside = copy_of(actor, true);
  t.fact("errno",
         sys::outcome(attach(inside, new_tmpfs(inside), "/tmp/a/b", sys::kMoveMountBeneath)));
  t.fact("umount", sys::outcome(inside([] { return sys::umount("/tmp/a/b"); })));
  t.expect_errno("umount of the last one", inside([] { return sys::umount("/tmp/a/b"); }), EINVAL);
  t.expect("what lies below can be seen",
           setup(inside([] { return sys::exists("/tmp/a/b/secret"); })), false);
}

NSVET_CHECK(group, placed_check("set_group", "MOVE_MOUNT_SET_GROUP makes a private mount a peer",
                                "a private mount of the same file system, also in another mount "
                                "namespace, joins the peer group; one that is shared already and "
                                "one of another file system give EINVAL")) {
  Actor actor = with_mount_on_a(t);
  Actor other = copy_of(actor);
  setup(actor([] { return sys::mount("", "/tmp/a", "", MS_SHARED); }));
  const int theirs = hand_over(
      other, other([] { return setup(sys::open("/tmp/a", O_PATH | O_DIRECTORY)).release(); }),
      actor);
  const auto join = [&] {
    return actor(
        [=] { return sys::move_mount(AT_FDCWD, "/tmp/a", theirs, "", MOVE_MOUNT_SET_GROUP); });
  };
  const auto done = join();
  need_call(done, EINVAL, "MOVE_MOUNT_SET_GROUP", "5.15");
  require(done);
  t.expect("its peer group", MountTable(other).must("/tmp/a").shared,
           MountTable(actor).must("/tmp/a").shared);
  setup(actor([] { return sys::mount("kid", "/tmp/a/b", "tmpfs", 0); }));
  t.expect("a mount shows there", on_top(other, "/tmp/a/b"), "kid");
  t.expect_errno("one that is shared", join(), EINVAL);
  setup(actor([] { return sys::mount("b", "/tmp/b", "tmpfs", 0); }));
  t.expect_errno("another file system", actor([] {
                   return sys::move_mount(AT_FDCWD, "/tmp/a", AT_FDCWD, "/tmp/b",
                                          MOVE_MOUNT_SET_GROUP);
                 }),
                 EINVAL);
}

NSVET_CHECK(walk, mnt_check("mnt.walk.all", "NS_MNT_GET_NEXT leads through all mount namespaces",
                            "from one namespace the next newer and back are reached in order; "
                            "after the last comes ENOENT",
                            "linux/nsfs.h, fs/nsfs.c", {Need::root})) {
  setup(sys::stay_on_one_cpu());
  Actor first = t.spawn({.flags = CLONE_NEWNS});
  Actor second = t.spawn({.flags = CLONE_NEWNS});
  const auto from = setup(sys::open_ns(NsType::mnt, first.pid()));
  const auto to = setup(sys::ns_id(NsType::mnt, second.pid()));
  auto next = sys::next_mount_ns(from.get());
  need_call(next, ENOTTY, "NS_MNT_GET_NEXT", "6.12");
  if (!next && next.error().number == EPERM) Check::skip("not in the initial PID namespace");
  bool found = false;
  int steps = 0;
  for (; next && steps < 10000; ++steps) {
    found = found || setup(sys::ns_id_of_fd(next->get())) == to;
    auto further = sys::next_mount_ns(next->get());
    if (steps == 0) {
      const auto back = require(sys::next_mount_ns(next->get(), true));
      t.expect("back from the next", setup(sys::ns_id_of_fd(back.get())),
               setup(sys::ns_id_of_fd(from.get())));
    }
    next = std::move(further);
  }
  t.expect("the newer one is found", found, true);
  t.expect_errno("after the last", next, ENOENT);
}

NSVET_CHECK(walk_refused,
            mnt_check("mnt.walk.refused", "Root of a user namespace may not walk them",
                      "NS_MNT_GET_NEXT and NS_MNT_GET_PREV open no namespace that another user "
                      "namespace owns",
                      "fs/nsfs.c", {Need::admin, Need::userns})) {
  Actor actor = with_mount_on_a(t);
  Actor inside = copy_of(actor, true);
  Actor newer = copy_of(actor);
  for (const bool backwards : {false, true}) {
    const auto found = inside([backwards]() -> sys::Result<> {
      const auto own = sys::open_ns(NsType::mnt);
      if (!own) return tl::unexpected(own.error());
      return verdict(sys::next_mount_ns(own->get(), backwards));
    });
    need_call(found, ENOTTY, "NS_MNT_GET_NEXT", "6.12");
    t.expect(backwards ? "an older one opened" : "a newer one opened", bool(found), false);
    t.fact(backwards ? "errno_back" : "errno", sys::outcome(found));
  }
}

}  // namespace
}  // namespace nsvet::probe
