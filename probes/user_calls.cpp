// The calls that take and tell ids: they speak of ids of the caller's user namespace.
#include <grp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user.h"

namespace nsvet::probe {
namespace {

// Ids of the initial user namespace, which nobody else should have.
constexpr unsigned kFirstId = 200000;
constexpr unsigned kCount = 100;

// What the caller's getters say: "UID EUID RUID EUID SUID, the same of groups, fs ids, groups".
std::string all_ids() {
  uid_t uid[3];
  gid_t gid[3];
  gid_t group = 0;
  if (::getresuid(&uid[0], &uid[1], &uid[2]) != 0 || ::getresgid(&gid[0], &gid[1], &gid[2]) != 0 ||
      ::getgroups(1, &group) != 1) {
    return "a call failed";
  }
  // An id that cannot be: both change nothing and return what there is.
  const auto fs_uid = static_cast<uid_t>(::syscall(SYS_setfsuid, -1));
  const auto fs_gid = static_cast<gid_t>(::syscall(SYS_setfsgid, -1));
  return fmt::format("{} {} {} {} {}, {} {} {} {} {}, {} {}, {}", ::getuid(), ::geteuid(), uid[0],
                     uid[1], uid[2], ::getgid(), ::getegid(), gid[0], gid[1], gid[2], fs_uid,
                     fs_gid, group);
}

NSVET_CHECK(getters,
            {.id = "user.ids.getters",
             .title = "All calls that tell ids tell those of the caller's user namespace",
             .rule = "getuid(2), geteuid(2), getresuid(2), setfsuid(2), the same of groups, and "
                     "getgroups(2) give mapped ids, and the overflow id for one without a map",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::root, Need::userns}}) {
  Actor inside = spawn_mapped(t, kFirstId, kCount);
  require(inside([]() -> sys::Result<> {
    const gid_t group = 7;
    if (::setgroups(1, &group) != 0) return sys::last_error("setgroups()");
    ::syscall(SYS_setfsgid, 8);
    if (::setresgid(4, 5, 6) != 0 || ::setresuid(1, 2, 3) != 0) {
      return sys::last_error("setresuid()");
    }
    return {};
  }));
  t.expect("with a map", inside([] { return all_ids(); }), "1 2 1 2 3, 4 5 4 5 6, 2 5, 7");
  require(inside([] { return sys::unshare(CLONE_NEWUSER); }));
  const unsigned none = sys::kNobody;
  t.expect("without one", inside([] { return all_ids(); }),
           fmt::format("{0} {0} {0} {0} {0}, {0} {0} {0} {0} {0}, {0} {0}, {0}", none));
}

struct Setter {
  const char* name;
  const char* line;                   ///< Of /proc/PID/status.
  sys::Result<> (*set)(unsigned id);  ///< The id, and the two after it where there is room.
  const char* seen;                   ///< In that line, after set(7).
  int without_privilege = EPERM;
};

// setfsuid(2) and setfsgid(2) fail by changing nothing.
sys::Result<> set_fs(long call, unsigned id) {
  ::syscall(call, id);
  if (static_cast<unsigned>(::syscall(call, -1)) != id) return sys::error(EINVAL, "setfsuid()");
  return {};
}

const Setter kSetters[] = {
    {"setuid", "Uid", [](unsigned id) { return result_of(::setuid(id), "setuid()"); },
     "7\t7\t7\t7"},
    {"setreuid", "Uid", [](unsigned id) { return result_of(::setreuid(id, id + 1), "setreuid()"); },
     "7\t8\t8\t8"},
    {"setresuid", "Uid",
     [](unsigned id) { return result_of(::setresuid(id, id + 1, id + 2), "setresuid()"); },
     "7\t8\t9\t8"},
    {"setfsuid", "Uid", [](unsigned id) { return set_fs(SYS_setfsuid, id); }, "0\t0\t0\t7", EINVAL},
    {"setgid", "Gid", [](unsigned id) { return result_of(::setgid(id), "setgid()"); },
     "7\t7\t7\t7"},
    {"setregid", "Gid", [](unsigned id) { return result_of(::setregid(id, id + 1), "setregid()"); },
     "7\t8\t8\t8"},
    {"setresgid", "Gid",
     [](unsigned id) { return result_of(::setresgid(id, id + 1, id + 2), "setresgid()"); },
     "7\t8\t9\t8"},
    {"setfsgid", "Gid", [](unsigned id) { return set_fs(SYS_setfsgid, id); }, "0\t0\t0\t7", EINVAL},
    {"setgroups", "Groups",
     [](unsigned id) {
       const gid_t group = id;
       return result_of(::setgroups(1, &group), "setgroups()");
     },
     "7 "},
};

void expect_setter(Check& t, const Setter& setter) {
  const auto set = setter.set;
  Actor root = spawn_mapped(t, kFirstId, kCount);
  Actor plain = root.spawn();
  Actor joined = root.spawn();
  require(plain([] { return sys::become_user(5, 5); }));
  const auto line = [&](Actor& of) {
    const auto status = setup(
        root([pid = of.pid()] { return sys::read_file(fmt::format("/proc/{}/status", pid)); }));
    const auto begin =
        status.find(fmt::format("\n{}:\t", setter.line)) + std::string_view(setter.line).size() + 3;
    return status.substr(begin, status.find('\n', begin) - begin);
  };
  const auto before = line(joined);
  t.expect_errno("an id without a map", joined([set] { return set(kCount); }), EINVAL);
  t.expect("ids after that", line(joined), before);
  t.expect_errno("another's id, without privilege", plain([set] { return set(7); }),
                 setter.without_privilege);
  t.expect_success("a mapped id", joined([set] { return set(7); }));
  t.expect("ids after that", line(joined), setter.seen);
}

bool register_setters() {
  for (const Setter& setter : kSetters) {
    register_check(
        {.id = fmt::format("user.ids.{}", setter.name),
         .title = fmt::format("{}() takes ids of the caller's user namespace", setter.name),
         .rule = "an id with a map is taken as what it is mapped to; one without is "
                 "refused (EINVAL), another's without privilege in the user namespace, "
                 "too (EPERM)",
         .source = fmt::format("{}(2), user_namespaces(7)", setter.name),
         .types = {NsType::user},
         .needs = {Need::root, Need::userns}},
        [&setter](Check& t) { expect_setter(t, setter); });
  }
  return true;
}
const bool setters_registered = register_setters();

}  // namespace
}  // namespace nsvet::probe
