// Set-user-ID programs: whose mounts they are believed on.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "probe/program.h"
#include "user.h"

namespace nsvet::probe {
namespace {

constexpr const char* kProgram = "/tmp/set/program";

// On a mount of the caller's own, which lets programs be set-user-ID: a copy of this one, that
// belongs to the user and says so.
sys::Result<> make_program(uid_t owner) {
  enter_private_mounts();
  setup(sys::make_directory("/tmp/set"));
  setup(sys::mount("tmpfs", "/tmp/set", "tmpfs", 0));
  const auto program = setup(sys::read_file("/proc/self/exe"));
  {
    const auto copy = setup(sys::open(kProgram, O_WRONLY | O_CREAT | O_EXCL, 0755));
    setup(sys::write_all(copy.get(), program));
  }
  setup(result_of(::chown(kProgram, owner, owner), "chown()"));
  // Changing the owner has cleared the bits.
  return result_of(::chmod(kProgram, 06755), "chmod()");
}

// The effective ids that the program starts with: as "UID GID".
sys::Result<std::string> ids_of(const std::string& path) {
  return execute(path, [] { return sys::Result<>(); }).and_then([](const HeldProgram& program) {
    return sys::read_file(fmt::format("/proc/{}/status", program.process.pid()))
        .map([](const std::string& status) {
          std::string ids;
          for (const char* line : {"Uid:\t", "Gid:\t"}) {
            // Real, effective, saved, file system.
            const auto effective = status.find('\t', status.find(line) + 5) + 1;
            ids += status.substr(effective, status.find('\t', effective) - effective) + " ";
          }
          ids.pop_back();
          return ids;
        });
  });
}

NSVET_CHECK(foreign_mount,
            {.id = "mnt.setid.foreign_mount",
             .title = "Set-user-ID bits count on mounts of the caller's mount namespace only",
             .rule = "a set-user-ID or set-group-ID program gives its owner's ids where its mount "
                     "is in the caller's mount namespace; reached by a path that leads into "
                     "another one it runs with the caller's ids",
             .source = "execve(2), commit 380cf5ba6b0a (fs: Treat foreign mounts as nosuid)",
             .types = {NsType::mnt},
             .needs = {Need::root}}) {
  constexpr uid_t kOwner = 2000;
  Actor maker = t.spawn();
  require(maker([] { return make_program(kOwner); }));
  t.expect("in its own mount namespace", require(maker([] { return ids_of(kProgram); })),
           "2000 2000");
  const Text there = fmt::format("/proc/{}/root{}", maker.pid(), kProgram);
  Actor other = t.spawn();
  t.expect("from another one", require(other([there] { return ids_of(there.str()); })), "0 0");
  const int ns = other.give(setup(sys::open_ns(NsType::mnt, maker.pid())).get());
  require(other([ns] { return sys::setns(ns, CLONE_NEWNS); }));
  t.expect("after joining it", require(other([] { return ids_of(kProgram); })), "2000 2000");
  require(other([] { return sys::unshare(CLONE_NEWNS); }));
  t.expect("on its copy in a new one", require(other([] { return ids_of(kProgram); })),
           "2000 2000");
}

NSVET_CHECK(foreign_superblock,
            {.id = "user.setid.foreign_mount",
             .title = "Set-user-ID bits count in the user namespace that mounted, and below it",
             .rule = "a set-user-ID program on a file system that was mounted in a user namespace "
                     "gives its owner's ids to members of that namespace and of those below; to "
                     "others it gives none, root of the parent included",
             .source = "user_namespaces(7), execve(2), fs/namespace.c, mnt_may_suid()",
             .types = {NsType::user, NsType::mnt},
             .needs = {Need::root, Need::userns}}) {
  constexpr unsigned kFirstId = 200000;
  Actor inside = t.spawn({.flags = CLONE_NEWUSER | CLONE_NEWNS});
  map_from(inside, kFirstId, 100);
  require(inside([] { return make_program(5); }));
  t.expect("inside", require(inside([] { return ids_of(kProgram); })), "5 5");
  Actor below = inside.spawn();
  require(below([] { return sys::unshare(CLONE_NEWUSER); }));
  for (const char* file : {"uid_map", "gid_map"}) {
    require(inside(
        [path = Text(proc_file(below, file))] { return sys::write_file(path.str(), "0 0 100"); }));
  }
  t.expect("in a user namespace below", require(below([] { return ids_of(kProgram); })), "5 5");
  Actor outside = t.spawn();
  const int ns = outside.give(setup(sys::open_ns(NsType::mnt, inside.pid())).get());
  require(outside([ns] { return sys::setns(ns, CLONE_NEWNS); }));
  t.expect("in the parent, by one who joined the mount namespace",
           require(outside([] { return ids_of(kProgram); })), "0 0");
}

}  // namespace
}  // namespace nsvet::probe
