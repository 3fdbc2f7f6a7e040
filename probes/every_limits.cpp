// /proc/sys/user/max_*_namespaces: how many namespaces of a type a user may have.
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "every.h"
#include "sys/file.h"

namespace nsvet::probe {
namespace {

std::string limit_file(NsType type) {
  return fmt::format("/proc/sys/user/{}", model::info(type).max_file);
}

void need_limits(NsType type) {
  if (!setup(sys::exists(limit_file(type)))) Check::skip(limit_file(type) + " is not there");
}

sys::Result<> set_limit(NsType type, int limit) {
  return sys::write_file(limit_file(type), fmt::format("{}", limit));
}

// An actor that is root in a user namespace in which this many namespaces of the type may be made.
Actor limited(Check& t, NsType type, int limit) {
  Actor actor = t.spawn();
  enter_user_namespace(actor);
  require(actor([type, limit] { return set_limit(type, limit); }));
  return actor;
}

// Ends the actor and reaps it, so that nothing of it is left to hold a namespace.
void end(Actor& parent, Actor& child) {
  child.finish();
  parent([pid = child.pid()] { ::waitpid(pid, nullptr, __WALL); });
}

NSVET_CHECK_EACH_TYPE(
    limit_holds, {.id = "limits.holds",
                  .title = "A user may have as many namespaces as max_*_namespaces says ({})",
                  .rule = "with a limit of n, n namespaces can be made and one more fails with "
                          "ENOSPC, by clone3(2) and unshare(2); one that ends makes room again",
                  .source = "namespaces(7)",
                  .needs = {Need::userns}}) {
  need_limits(type.type);
  constexpr int kLimit = 2;
  Actor owner = limited(t, type.type, kLimit);
  std::vector<Actor> insides;
  for (int i = 0; i < kLimit; ++i) {
    auto made = owner.try_spawn({.flags = type.clone_flag});
    if (!t.expect_success(fmt::format("namespace {}", i + 1), made)) return;
    insides.push_back(std::move(*made));
  }
  t.expect_errno("one more by clone3()", owner.try_spawn({.flags = type.clone_flag}), ENOSPC);
  Actor unsharing = owner.spawn();
  t.expect_errno("one more by unshare()",
                 unsharing([flag = type.clone_flag] { return sys::unshare(flag); }), ENOSPC);
  // Others are counted apart.
  const std::uint64_t other = type.type == NsType::uts ? CLONE_NEWIPC : CLONE_NEWUTS;
  t.expect_success("one of another type", owner.try_spawn({.flags = other}).map([](Actor&&) {}));
  end(owner, insides.back());
  insides.pop_back();
  // Some types are released in their own time.
  t.expect("room again after one has ended",
           eventually([&] { return bool(owner.try_spawn({.flags = type.clone_flag})); }), true);
}

NSVET_CHECK_EACH_TYPE(limit_zero,
                      {.id = "limits.zero",
                       .title = "A limit of 0 switches a type off ({})",
                       .rule = "with max_*_namespaces 0 nobody in the user namespace can make one",
                       .source = "namespaces(7)",
                       .needs = {Need::userns}}) {
  need_limits(type.type);
  Actor owner = limited(t, type.type, 0);
  t.expect_errno("clone3()", owner.try_spawn({.flags = type.clone_flag}), ENOSPC);
  t.expect_errno("unshare()", owner([flag = type.clone_flag] { return sys::unshare(flag); }),
                 ENOSPC);
  if (type.type != NsType::user) {
    t.expect_errno("clone3() with CLONE_NEWUSER",
                   owner.try_spawn({.flags = CLONE_NEWUSER | type.clone_flag}), ENOSPC);
  }
  require(owner([type = type.type] { return set_limit(type, 1); }));
  t.expect_success("clone3() with a limit of 1", owner.try_spawn({.flags = type.clone_flag}));
}

NSVET_CHECK_EACH_TYPE(limit_ancestors,
                      {.id = "limits.ancestors",
                       .title = "Namespaces count against the limits of all ancestors ({})",
                       .rule = "a new user namespace has no limit of its own, but what is made in "
                               "it is counted for its owner in each user namespace above",
                       .source = "namespaces(7)",
                       .needs = {Need::userns}}) {
  need_limits(type.type);
  // The inner user namespace is one itself.
  constexpr int kRoom = 2;
  Actor outer = limited(t, type.type, type.type == NsType::user ? kRoom + 1 : kRoom);
  Actor inner = outer.spawn();
  enter_user_namespace(inner);
  t.expect("limit of the new user namespace",
           setup(inner([type = type.type] { return sys::read_file(limit_file(type)); })),
           "2147483647\n");
  std::vector<Actor> insides;
  for (int i = 0; i < kRoom; ++i) {
    auto made = inner.try_spawn({.flags = type.clone_flag});
    if (!t.expect_success(fmt::format("namespace {}", i + 1), made)) return;
    insides.push_back(std::move(*made));
  }
  t.expect_errno("one more, inside", inner.try_spawn({.flags = type.clone_flag}), ENOSPC);
  t.expect_errno("one more, outside", outer.try_spawn({.flags = type.clone_flag}), ENOSPC);
}

NSVET_CHECK_EACH_TYPE(
    limit_file_rules,
    {.id = "limits.file",
     .title = "max_*_namespaces belongs to the reader's user namespace ({})",
     .rule = "a value set in one user namespace is not seen in its parent or in a "
             "sibling; values below 0 and beyond the largest int are refused; "
             "without capabilities it cannot be written",
     .source = "namespaces(7), kernel/ucount.c",
     .needs = {Need::userns}}) {
  need_limits(type.type);
  const auto read = [type = type.type] { return sys::read_file(limit_file(type)); };
  const auto before = setup(read());
  Actor one = limited(t, type.type, 17);
  Actor two = limited(t, type.type, 18);
  t.expect("value in one", setup(one(read)), "17\n");
  t.expect("value in the other", setup(two(read)), "18\n");
  t.expect("value in the parent", setup(read()), before);
  for (const char* bad : {"-1", "2147483648", "x"}) {
    const Text text = std::string(bad);
    t.expect_errno(fmt::format("write \"{}\"", bad), one([type = type.type, text] {
                     return sys::write_file(limit_file(type), text.str());
                   }),
                   EINVAL);
  }
  t.expect("value after the refusals", setup(one(read)), "17\n");
  setup(one([] { return sys::drop_capability(CAP_SYS_RESOURCE); }));
  t.expect_errno("write without CAP_SYS_RESOURCE",
                 one([type = type.type] { return set_limit(type, 3); }), EACCES);
}

NSVET_CHECK_EACH_TYPE(limit_per_user,
                      {.id = "limits.per_user",
                       .title = "Namespaces are counted for each user apart ({})",
                       .rule = "the limit holds for each user of a user namespace, root included: "
                               "one who has reached it does not stop another",
                       .source = "namespaces(7)",
                       .needs = {Need::root}}) {
  need_limits(type.type);
  Actor owner = t.spawn({.flags = CLONE_NEWUSER});
  for (const char* file : {"uid_map", "gid_map"}) {
    require(sys::write_file(fmt::format("/proc/{}/{}", owner.pid(), file), "0 0 1000"));
  }
  require(owner([type = type.type] { return set_limit(type, 1); }));
  Actor first = owner.spawn({.flags = type.clone_flag});
  t.expect_errno("a second one of the same user", owner.try_spawn({.flags = type.clone_flag}),
                 ENOSPC);
  Actor other = owner.spawn();
  require(other([]() -> sys::Result<> {
    // The effective id changes, and the capabilities stay.
    if (::setresuid(0, 0, 0) != 0 || ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 ||
        ::setresuid(5, 5, 5) != 0) {
      return sys::last_error("setresuid(5)");
    }
    return sys::raise_permitted();
  }));
  auto made = other.try_spawn({.flags = type.clone_flag});
  t.expect_success("one of another user", made);
  t.expect_errno("a second one of that user", other.try_spawn({.flags = type.clone_flag}), ENOSPC);
}

}  // namespace
}  // namespace nsvet::probe
