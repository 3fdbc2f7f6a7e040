// User namespaces: id maps, capabilities, setgroups.
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <unistd.h>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(unmapped,
            {.id = "user.map.unmapped",
             .title = "Without a map every id is the overflow id",
             .rule = "before a map is written, getuid(2) and getgid(2) give the overflow ids",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const auto overflow = setup(sys::read_file("/proc/sys/kernel/overflowuid"));
  t.expect("uid inside", fmt::format("{}\n", inside([] { return ::getuid(); })), overflow);
  t.expect("uid_map inside", setup(inside([] { return sys::read_file("/proc/self/uid_map"); })),
           "");
}

NSVET_CHECK(mapped, {.id = "user.map.root",
                     .title = "A mapped id is seen inside as the map says",
                     .rule = "with the map \"0 UID 1\" the process has uid 0 inside",
                     .source = "user_namespaces(7)",
                     .types = {NsType::user},
                     .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::map_root(inside.pid(), ::geteuid(), ::getegid()));
  t.expect("uid inside", inside([] { return ::getuid(); }), 0U);
  t.expect("gid inside", inside([] { return ::getgid(); }), 0U);
  t.expect_errno("a second map",
                 sys::write_file(fmt::format("/proc/{}/uid_map", inside.pid()),
                                 fmt::format("0 {} 1", ::geteuid())),
                 EPERM);
}

NSVET_CHECK(map_errors, {.id = "user.map.errors",
                         .title = "Maps that make no sense are refused",
                         .rule = "an empty range, overlapping ranges and an empty map give EINVAL",
                         .source = "user_namespaces(7)",
                         .types = {NsType::user},
                         .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const std::string path = fmt::format("/proc/{}/uid_map", inside.pid());
  const auto uid = ::geteuid();
  t.expect_errno("length 0", sys::write_file(path, fmt::format("0 {} 0", uid)), EINVAL);
  t.expect_errno("overlap", sys::write_file(path, fmt::format("0 {0} 2\n1 {0} 2\n", uid)), EINVAL);
  t.expect_errno("no numbers", sys::write_file(path, "nonsense"), EINVAL);
}

NSVET_CHECK(all_capabilities,
            {.id = "user.capabilities.full",
             .title = "The first process of a user namespace has all capabilities in it",
             .rule = "a child made with CLONE_NEWUSER has a full set of capabilities in the new "
                     "namespace, and none in the parent's",
             .source = "user_namespaces(7)",
             .types = {NsType::user, NsType::uts},
             .needs = {Need::userns}}) {
  Actor plain = t.spawn();
  setup(plain([] { return sys::drop_capabilities(); }));
  Actor inside = plain.spawn({.flags = CLONE_NEWUSER});
  for (int cap = 0; cap <= CAP_BPF; ++cap) {
    t.expect(fmt::format("capability {} inside", cap),
             inside([cap] { return sys::has_capability(cap); }), true);
  }
  // The parent's UTS namespace is owned by the parent's user namespace.
  const Text name = setup(sys::hostname());
  t.expect_errno("sethostname() in a UTS namespace that the parent owns",
                 inside([name] { return sys::set_hostname(name.str()); }), EPERM);
  Actor owner = inside.spawn({.flags = CLONE_NEWUTS});
  t.expect_success("sethostname() in a UTS namespace of its own",
                   owner([] { return sys::set_hostname("nsvet"); }));
}

NSVET_CHECK(setgroups_denied,
            {.id = "user.setgroups.deny",
             .title = "setgroups \"deny\" switches setgroups(2) off for good",
             .rule = "after \"deny\" setgroups(2) fails with EPERM and \"allow\" cannot be written",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::map_root(inside.pid(), ::geteuid(), ::getegid()));
  const auto set = inside([]() -> sys::Result<> {
    if (::setgroups(0, nullptr) != 0) return sys::last_error("setgroups(0)");
    return {};
  });
  t.expect_errno("setgroups()", set, EPERM);
  t.expect_errno("write \"allow\"",
                 sys::write_file(fmt::format("/proc/{}/setgroups", inside.pid()), "allow"), EPERM);
}

NSVET_CHECK(nesting, {.id = "user.nesting.limit",
                      .title = "User namespaces nest to a limit",
                      .rule = "one level beyond the limit fails with ENOSPC",
                      .source = "user_namespaces(7), kernel/user_namespace.c",
                      .types = {NsType::user},
                      .needs = {Need::userns}}) {
  const bool initial = setup(sys::ns_id(NsType::user)).inode == sys::kInitialUserInode;
  Actor diver = t.spawn();
  // In one process: each level is entered with the map of the one before.
  const int levels = diver([] {
    int depth = 0;
    while (depth < 100 && sys::enter_own_user_namespace()) ++depth;
    return depth;
  });
  const auto beyond = diver([] { return sys::unshare(CLONE_NEWUSER); });
  t.expect_errno("one level beyond the limit", beyond, ENOSPC);
  if (initial) t.expect("levels below the initial namespace", levels, 33);
  t.fact("max_depth", std::int64_t{levels});
}

}  // namespace
}  // namespace nsvet::probe
