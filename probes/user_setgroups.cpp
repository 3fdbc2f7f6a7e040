// setgroups(2) and /proc/PID/setgroups.
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include "user.h"

namespace nsvet::probe {
namespace {

sys::Result<> drop_groups() { return result_of(::setgroups(0, nullptr), "setgroups(0)"); }

NSVET_CHECK(setgroups_denied,
            {.id = "user.setgroups.deny",
             .title = "setgroups \"deny\" switches setgroups(2) off for good",
             .rule = "after \"deny\" setgroups(2) fails with EPERM and \"allow\" cannot be written",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::map_root(inside.pid(), ::geteuid(), ::getegid()));
  t.expect_errno("setgroups()", inside(drop_groups), EPERM);
  t.expect_errno("write \"allow\"",
                 sys::write_file(fmt::format("/proc/{}/setgroups", inside.pid()), "allow"), EPERM);
}

NSVET_CHECK(setgroups_values,
            {.id = "user.setgroups.values",
             .title = "The setgroups file takes \"allow\" and \"deny\"",
             .rule = "it reads back what was written; other words give EINVAL; \"deny\" cannot be "
                     "written once gid_map is set (EPERM)",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::admin, Need::userns}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  const auto path = proc_file(inside, "setgroups");
  t.expect("at first", setup(sys::read_file(path)), setup(sys::read_file("/proc/self/setgroups")));
  for (const char* bad : {"", "maybe", "allowed", "den"}) {
    if (*bad == '\0') continue;
    t.expect_errno(fmt::format("write \"{}\"", bad), sys::write_file(path, bad), EINVAL);
  }
  t.expect_success("write \"deny\"", sys::write_file(path, "deny\n"));
  t.expect("after \"deny\"", setup(sys::read_file(path)), "deny\n");
  t.expect_success("\"deny\" again", sys::write_file(path, "deny"));
  t.expect_errno("\"allow\" after \"deny\"", sys::write_file(path, "allow"), EPERM);
  t.expect("after the refusal", setup(sys::read_file(path)), "deny\n");
  Actor nested = inside.spawn();
  t.expect("read by a child", setup(nested([] { return sys::read_file("/proc/self/setgroups"); })),
           "deny\n");
}

NSVET_CHECK(setgroups_inherited,
            {.id = "user.setgroups.inherited",
             .title = "\"deny\" is passed on to nested user namespaces",
             .rule = "a new user namespace starts with its parent's setgroups, and cannot go back "
                     "to \"allow\"",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor outer = t.spawn();
  require(outer([] { return sys::enter_own_user_namespace(); }));
  Actor inner = outer.spawn({.flags = CLONE_NEWUSER});
  const auto path = proc_file(inner, "setgroups");
  t.expect("in the nested one", setup(sys::read_file(path)), "deny\n");
  const Text text = path;
  t.expect_errno("write \"allow\"", outer([text] { return sys::write_file(text.str(), "allow"); }),
                 EPERM);
}

NSVET_CHECK(setgroups_allowed,
            {.id = "user.setgroups.allow",
             .title = "setgroups(2) works once the map of groups is set, and not before",
             .rule = "before gid_map is written setgroups(2) fails with EPERM; afterwards it takes "
                     "mapped groups, others give EINVAL; \"deny\" is then too late",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root}}) {
  Actor inside = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::write_file(proc_file(inside, "uid_map"), "0 100000 100"));
  t.expect_errno("before the map", inside(drop_groups), EPERM);
  require(sys::write_file(proc_file(inside, "gid_map"), "0 100000 100"));
  t.expect_success("after the map", inside(drop_groups));
  t.expect_success("a mapped group", inside([] {
                     const gid_t group = 7;
                     return result_of(::setgroups(1, &group), "setgroups()");
                   }));
  t.expect_errno("a group without a map", inside([] {
                   const gid_t group = 100;
                   return result_of(::setgroups(1, &group), "setgroups()");
                 }),
                 EINVAL);
  const auto status = setup(sys::read_file(proc_file(inside, "status")));
  t.expect("groups seen outside", status.find("Groups:\t100007 \n") != std::string::npos, true);
  t.expect_errno("\"deny\" now", sys::write_file(proc_file(inside, "setgroups"), "deny"), EPERM);
  t.expect("setgroups", setup(sys::read_file(proc_file(inside, "setgroups"))), "allow\n");
}

}  // namespace
}  // namespace nsvet::probe
