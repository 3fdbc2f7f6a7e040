// mount_setattr(2): propagation, attributes, whose mounts, and what it refuses.
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mnt_api.h"
#include "mnt_states.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

CheckInfo setattr_check(const char* name, std::string title, std::string rule) {
  return mnt_check(fmt::format("mnt.setattr.{}", name), std::move(title), std::move(rule),
                   "mount_setattr(2)", {Need::admin}, "5.12");
}

sys::Result<> set(Actor& actor, const char* path, const mount_attr& what, unsigned flags = 0) {
  return actor([=] { return sys::mount_setattr(AT_FDCWD, path, flags, what); });
}

void need_setattr(Actor& actor) {
  need_call(set(actor, "/tmp", mount_attr{}), ENOSYS, "mount_setattr()", "5.12");
}

std::string options(Actor& actor, const char* point) {
  return MountTable(actor).must(point).options;
}

NSVET_CHECK(propagation,
            setattr_check("propagation", "mount_setattr changes the propagation type",
                          "MS_SHARED, MS_SLAVE, MS_PRIVATE and MS_UNBINDABLE as with mount(2); "
                          "any other value, and two at once, give EINVAL and change nothing")) {
  Actor actor = with_mount_on_a(t);
  need_setattr(actor);
  auto type = [&] { return Groups().describe(MountTable(actor).at("/tmp/a")); };
  struct Case {
    std::uint64_t to;
    const char* becomes;
  };
  for (const Case& c :
       {Case{MS_SHARED, "shared:other"}, Case{MS_SLAVE, "private"}, Case{MS_SHARED, "shared:other"},
        Case{MS_PRIVATE, "private"}, Case{MS_UNBINDABLE, "unbindable"}, Case{0, "unbindable"},
        Case{MS_SHARED, "shared:other"}}) {
    t.expect_success(fmt::format("propagation {:#x}", c.to), set(actor, "/tmp/a", {0, 0, c.to, 0}));
    t.expect(fmt::format("after {:#x}", c.to), type(), c.becomes);
  }
  for (const std::uint64_t wrong :
       {~std::uint64_t{0}, std::uint64_t{MS_SHARED | MS_PRIVATE}, std::uint64_t{MS_REC},
        std::uint64_t{MS_PRIVATE | MS_RDONLY}, std::uint64_t{1}, std::uint64_t{1} << 40}) {
    t.expect_errno(fmt::format("propagation {:#x}", wrong), set(actor, "/tmp/a", {0, 0, wrong, 0}),
                   EINVAL);
  }
  t.expect("after all refusals", type(), "shared:other");
}

// Each attribute as mountinfo shows it.
struct Attribute {
  const char* option;
  std::uint64_t bit;
};
constexpr Attribute kAttributes[] = {{"ro", MOUNT_ATTR_RDONLY},
                                     {"nosuid", MOUNT_ATTR_NOSUID},
                                     {"nodev", MOUNT_ATTR_NODEV},
                                     {"noexec", MOUNT_ATTR_NOEXEC},
                                     {"nodiratime", MOUNT_ATTR_NODIRATIME}};

NSVET_CHECK(attributes,
            setattr_check("recursive", "Attributes go to one mount, or with AT_RECURSIVE to all",
                          "without AT_RECURSIVE the mounts below keep theirs; with it all change; "
                          "a copy in another namespace keeps its own")) {
  Actor actor = with_mount_on_a(t);
  need_setattr(actor);
  setup(actor([] { return sys::mount("kid", "/tmp/a/b", "tmpfs", 0); }));
  Actor copy = copy_of(actor);
  auto has = [&](Actor& who, const char* point, const char* option) {
    return fmt::format(",{},", options(who, point)).find(fmt::format(",{},", option)) !=
           std::string::npos;
  };
  for (const auto& [option, bit] : kAttributes) {
    require(set(actor, "/tmp/a", {bit, 0, 0, 0}));
    t.expect(fmt::format("{} set", option), has(actor, "/tmp/a", option), true);
    t.expect(fmt::format("{} below", option), has(actor, "/tmp/a/b", option), false);
    require(set(actor, "/tmp/a", {0, bit, 0, 0}));
    t.expect(fmt::format("{} cleared", option), has(actor, "/tmp/a", option), false);
    require(set(actor, "/tmp/a", {bit, 0, 0, 0}, AT_RECURSIVE));
    t.expect(fmt::format("{} set with AT_RECURSIVE, below", option), has(actor, "/tmp/a/b", option),
             true);
    t.expect(fmt::format("{} in the other namespace", option), has(copy, "/tmp/a", option), false);
    require(set(actor, "/tmp/a", {0, bit, 0, 0}, AT_RECURSIVE));
    t.expect(fmt::format("{} cleared with AT_RECURSIVE, below", option),
             has(actor, "/tmp/a/b", option), false);
  }
  // One that cannot be made read-only stops the change of all.
  const int busy =
      actor([] { return setup(sys::open("/tmp/a/b/file", O_CREAT | O_WRONLY)).release(); });
  t.expect_errno("read-only, while a file below is open for writing",
                 set(actor, "/tmp/a", {MOUNT_ATTR_RDONLY, 0, 0, 0}, AT_RECURSIVE), EBUSY);
  t.expect("the upper one is read-only", has(actor, "/tmp/a", "ro"), false);
  actor([busy] { ::close(busy); });
}

NSVET_CHECK(errors, setattr_check("errors", "What mount_setattr refuses",
                                  "unknown attributes and flags, half of the atime mode, a place "
                                  "that is no mount point and a short structure give EINVAL, a "
                                  "long one E2BIG, a caller without CAP_SYS_ADMIN EPERM")) {
  Actor actor = with_mount_on_a(t);
  need_setattr(actor);
  const std::string before = options(actor, "/tmp/a");
  constexpr mount_attr kReadOnly{MOUNT_ATTR_RDONLY, 0, 0, 0};
  t.expect_errno("an unknown attribute", set(actor, "/tmp/a", {1ULL << 40, 0, 0, 0}), EINVAL);
  t.expect_errno("an unknown attribute to clear", set(actor, "/tmp/a", {0, 1ULL << 40, 0, 0}),
                 EINVAL);
  t.expect_errno("an atime mode without clearing the old",
                 set(actor, "/tmp/a", {MOUNT_ATTR_NOATIME, 0, 0, 0}), EINVAL);
  t.expect_errno("a part of the atime mode to clear",
                 set(actor, "/tmp/a", {0, MOUNT_ATTR_NOATIME, 0, 0}), EINVAL);
  t.expect_errno("a folder", set(actor, "/tmp/a/b", kReadOnly), EINVAL);
  t.expect_errno("nothing", set(actor, "/tmp/none", kReadOnly), ENOENT);
  t.expect_errno("an unknown flag", set(actor, "/tmp/a", kReadOnly, 0x2), EINVAL);
  auto sized = [&](std::size_t size, std::uint64_t tail) {
    return actor([=]() -> sys::Result<> {
      const std::array<std::uint64_t, 6> given{MOUNT_ATTR_RDONLY, 0, 0, 0, tail, 0};
      if (::syscall(SYS_mount_setattr, AT_FDCWD, "/tmp/a", 0, given.data(), size) != 0) {
        return sys::last_error("mount_setattr()", "5.12");
      }
      return {};
    });
  };
  t.expect_errno("a short structure", sized(24, 0), EINVAL);
  t.expect_errno("a long structure", sized(40, 1), E2BIG);
  t.expect_errno("more than a page", sized(1 << 16, 0), E2BIG);
  Actor weak = actor.spawn();
  setup(weak([] { return sys::drop_capabilities(); }));
  t.expect_errno("without CAP_SYS_ADMIN", set(weak, "/tmp/a", kReadOnly), EPERM);
  t.expect("the mount afterwards", options(actor, "/tmp/a"), before);
  t.expect_success("a tail of zeros", sized(40, 0));
  t.expect_success("nothing to change", set(actor, "/tmp/a", mount_attr{}));
}

NSVET_CHECK(foreign,
            setattr_check("other_namespace", "mount_setattr changes mounts of its namespace only",
                          "a mount of another mount namespace gives EINVAL, also by descriptor; a "
                          "user namespace that does not own the mount namespace EPERM")) {
  Actor actor = with_mount_on_a(t);
  need_setattr(actor);
  Actor copy = copy_of(actor);
  setup(copy([] { return sys::mount("theirs", "/tmp/b", "tmpfs", 0); }));
  const int theirs = hand_over(
      copy, copy([] { return setup(sys::open("/tmp/b", O_PATH | O_DIRECTORY)).release(); }), actor);
  auto change = [&](const mount_attr& what) {
    return actor([=] { return sys::mount_setattr(theirs, "", 0, what); });
  };
  t.expect_errno("read-only", change({MOUNT_ATTR_RDONLY, 0, 0, 0}), EINVAL);
  t.expect_errno("shared", change({0, 0, MS_SHARED, 0}), EINVAL);
  const MountTable table(copy);
  t.expect("their mount is", Groups().describe(table.at("/tmp/b")), "private");
  t.expect("it is read-only", table.must("/tmp/b").options.starts_with("ro"), false);
  if (!missing(Need::userns).empty()) return;
  Actor stranger = actor.spawn();
  require(stranger([] { return sys::enter_own_user_namespace(); }));
  t.expect_errno("by root of another user namespace",
                 set(stranger, "/tmp/a", {MOUNT_ATTR_RDONLY, 0, 0, 0}), EPERM);
  t.expect("ours is read-only", options(actor, "/tmp/a").starts_with("ro"), false);
}

}  // namespace
}  // namespace nsvet::probe
