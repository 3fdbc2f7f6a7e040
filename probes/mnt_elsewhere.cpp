// What other mount namespaces see of a change: mount points that are removed under them, files that
// lead to mount namespaces, and mountinfo that was opened before.
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include "mnt_api.h"
#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

enum class Removal { rmdir, unlink, rename };
struct Way {
  const char* name;
  Removal how;
};
constexpr Way kWays[] = {
    {"rmdir", Removal::rmdir}, {"unlink", Removal::unlink}, {"rename", Removal::rename}};

sys::Result<> remove(Removal how, const char* path) {
  const int done = how == Removal::rmdir    ? ::rmdir(path)
                   : how == Removal::unlink ? ::unlink(path)
                                            : ::rename(path, "/tmp/gone");
  if (done != 0) return sys::last_error("remove({})", path);
  return {};
}

void removes(Check& t, const Way& way) {
  Actor actor = with_mount_on_a(t);
  const char* point = way.how == Removal::unlink ? "/tmp/file" : "/tmp/b";
  actor([] { setup(sys::open("/tmp/file", O_CREAT | O_WRONLY)); });
  Actor other = copy_of(actor);
  actor([] { setup(sys::open("/tmp/a/file", O_CREAT | O_WRONLY)); });
  const char* from = way.how == Removal::unlink ? "/tmp/a/file" : "/tmp/a/b";
  setup(other([=] { return sys::mount(from, point, "", MS_BIND); }));
  const auto go = [how = way.how, point] { return remove(how, point); };
  t.expect_errno("where it is a mount point", other(go), EBUSY);
  t.expect("the mount there", mounted(other, point), true);
  t.expect_success("where it is none", actor(go));
  t.expect("it is there still", setup(actor([=] { return sys::exists(point); })), false);
  const bool stays = way.how == Removal::rename;
  t.expect("mounted in the other namespace", mounted(other, stays ? "/tmp/gone" : point), stays);
}

bool register_ways() {
  for (const Way& way : kWays) {
    register_check(
        mnt_check(fmt::format("mnt.mountpoint.{}", way.name),
                  fmt::format("{} of what is a mount point elsewhere", way.name),
                  "a mount point of another mount namespace can be removed, which detaches the "
                  "mount there, or renamed, which takes it along; one of the own gives EBUSY",
                  "mount_namespaces(7), unlink(2), rmdir(2), rename(2)"),
        [&way](Check& t) { removes(t, way); });
  }
  return true;
}
const bool ways_registered = register_ways();

CheckInfo file_check(const char* name, std::string title, std::string rule) {
  return mnt_check(fmt::format("mnt.nsfile.{}", name), std::move(title), std::move(rule),
                   "fs/namespace.c, mnt_ns_loop()");
}

// Binds the mount namespace of that descriptor.
sys::Result<> bind_ns(Actor& actor, int fd, const char* target) {
  return actor(
      [=] { return sys::mount(fmt::format("/proc/self/fd/{}", fd), target, "", MS_BIND); });
}

NSVET_CHECK(ages, file_check("loop", "A mount namespace cannot hold itself",
                             "the file of the own or of an older mount namespace cannot be "
                             "bound (EINVAL), that of a newer one can")) {
  // Since Linux 6.18 each CPU has ids in store, by which the age is known.
  setup(sys::stay_on_one_cpu());
  Actor actor = with_mount_on_a(t);
  actor([] { setup(sys::open("/tmp/file", O_CREAT | O_WRONLY)); });
  Actor newer = copy_of(actor);
  const int own = actor.give(mount_ns_of(actor).get());
  const int child = actor.give(mount_ns_of(newer).get());
  t.expect_errno("the own", bind_ns(actor, own, "/tmp/file"), EINVAL);
  t.expect_errno("an older one", bind_ns(newer, newer.give(mount_ns_of(actor).get()), "/tmp/file"),
                 EINVAL);
  t.expect_success("a newer one", bind_ns(actor, child, "/tmp/file"));
  t.expect("mounted", mounted(actor, "/tmp/file"), true);
  const auto clone =
      actor([] { return verdict(sys::open_tree(AT_FDCWD, "/tmp/file", OPEN_TREE_CLONE)); });
  t.fact("open_tree_clone", sys::outcome(clone));
}

NSVET_CHECK(dropped, file_check("copy", "Bound mount namespaces are not copied",
                                "a new mount namespace has no copy of a mount that leads to a "
                                "mount namespace; it has one of other namespaces' files")) {
  setup(sys::stay_on_one_cpu());
  Actor actor = with_mount_on_a(t);
  actor([] {
    for (const char* file : {"/tmp/mnt", "/tmp/uts"}) setup(sys::open(file, O_CREAT | O_WRONLY));
    setup(sys::mount("/proc/self/ns/uts", "/tmp/uts", "", MS_BIND));
  });
  Actor newer = copy_of(actor);
  require(bind_ns(actor, actor.give(mount_ns_of(newer).get()), "/tmp/mnt"));
  Actor copy = copy_of(actor);
  t.expect("in the original", mounted(actor, "/tmp/mnt"), true);
  t.expect("in the copy", mounted(copy, "/tmp/mnt"), false);
  t.expect("the file of a UTS namespace in the copy", mounted(copy, "/tmp/uts"), true);
}

// What the descriptor of mountinfo reports now, without waiting.
bool changed(Actor& actor, int fd) {
  return actor([fd] {
    pollfd asked{fd, POLLPRI, 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLPRI) != 0;
  });
}

NSVET_CHECK(polled, mnt_check("mnt.poll.namespace",
                              "An open mountinfo belongs to the namespace that it was opened in",
                              "poll(2) reports POLLPRI after a mount or umount in that namespace, "
                              "once, and nothing of others, also when the reader has left it; its "
                              "text stays that namespace's",
                              "proc_pid_mountinfo(5), mount_namespaces(7)")) {
  Actor actor = with_mount_on_a(t);
  Actor reader = actor.spawn();
  for (const char* file : {"/proc/self/mountinfo", "/proc/self/mounts"}) {
    Actor leaver = reader.spawn();
    const int fd = leaver([=] { return setup(sys::open(file, O_RDONLY)).release(); });
    t.expect(fmt::format("{}, at first", file), changed(leaver, fd), false);
    require(actor([] { return sys::mount("new", "/tmp/b", "tmpfs", 0); }));
    t.expect("after a mount", changed(leaver, fd), true);
    t.expect("asked again", changed(leaver, fd), false);
    require(leaver([] { return sys::unshare(CLONE_NEWNS); }));
    require(leaver([] { return sys::umount("/tmp/b"); }));
    t.expect("after umount in the reader's new namespace", changed(leaver, fd), false);
    t.expect("the text has the mount still", leaver([fd] {
               std::array<char, 65536> text{};
               const auto length = ::pread(fd, text.data(), text.size(), 0);
               return std::string_view(text.data(),
                                       length < 0 ? 0 : static_cast<std::size_t>(length))
                          .find(" /tmp/b ") != std::string_view::npos;
             }),
             true);
    require(actor([] { return sys::umount("/tmp/b"); }));
    t.expect("after umount in the old one", changed(leaver, fd), true);
    setup(actor([] { return sys::mount("", "/tmp/a", "", MS_SHARED); }));
    t.fact("wakes_on_propagation_change", changed(leaver, fd));
    setup(actor([] { return sys::mount("", "/tmp/a", "", MS_PRIVATE); }));
  }
}

}  // namespace
}  // namespace nsvet::probe
