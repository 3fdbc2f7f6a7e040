// listns(2): which namespaces it lists, in which order, to whom.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "every.h"
#include "sys/credentials.h"
#include "sys/file.h"
#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

using Ids = std::vector<std::uint64_t>;

void need_listns() {
  const auto listed = sys::list_ns({}, 1);
  if (!listed && listed.error().number == ENOSYS) Check::skip("this kernel has no listns()");
}

std::uint64_t unique_id(NsType type, pid_t pid) {
  return setup(sys::unique_id_of_ns(setup(sys::open_ns(type, pid)).get()));
}

bool contains(const Ids& ids, std::uint64_t id) { return std::ranges::binary_search(ids, id); }

NSVET_CHECK_EACH_TYPE(lists,
                      {.id = "listns.lists",
                       .title = "listns() lists a namespace while it lives ({})",
                       .rule = "a namespace is listed under its type and under its owner while a "
                               "process is in it, and no more when it is gone",
                       .source = "include/uapi/linux/nsfs.h, kernel/nstree.c",
                       .needs = {Need::root},
                       .since = "6.19"}) {
  need_listns();
  Actor owner = t.spawn();
  enter_user_namespace(owner);
  // Its PID file descriptor holds a PID namespace, hence it must go before the namespace does.
  std::optional<Actor> inside = owner.spawn({.flags = type.clone_flag});
  const auto owner_id = unique_id(NsType::user, owner.pid());
  const auto id = unique_id(type.type, inside->pid());
  const auto by_type = require(sys::list_ns({.types = type.clone_flag, .owner = owner_id}, 8));
  t.expect("listed by type and owner", fmt::format("{}", fmt::join(by_type, " ")),
           fmt::format("{}", id));
  t.expect("listed by owner", contains(require(sys::list_ns({.owner = owner_id}, 8)), id), true);
  t.expect("listed after the one before",
           require(sys::list_ns({.after = id - 1, .types = type.clone_flag}, 1)).at(0), id);
  for (const auto& other : model::kNsTypes) {
    if (other.type == type.type) continue;
    const auto listed = sys::list_ns({.types = other.clone_flag, .owner = owner_id}, 8);
    t.expect(fmt::format("listed under {}", other.name), listed && contains(*listed, id), false);
  }
  inside->finish();
  owner([pid = inside->pid()] { ::waitpid(pid, nullptr, __WALL); });
  inside.reset();
  t.expect("no more listed when it is gone", eventually([&] {
             const auto listed = sys::list_ns({.types = type.clone_flag, .owner = owner_id}, 8);
             return !listed ? listed.error().number == ENOENT : !contains(*listed, id);
           }),
           true);
}

NSVET_CHECK(listns_pages, {.id = "every.listns.pages",
                           .title = "listns() lists in the order of the ids, page by page",
                           .rule = "ids rise, and a list read one by one is the list read at once",
                           .source = "include/uapi/linux/nsfs.h",
                           .needs = {Need::root},
                           .since = "6.19"}) {
  need_listns();
  Actor owner = t.spawn();
  enter_user_namespace(owner);
  std::vector<Actor> insides;
  for (const int flag : {CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWUTS}) {
    insides.push_back(owner.spawn({.flags = static_cast<std::uint64_t>(flag)}));
  }
  const auto owner_id = unique_id(NsType::user, owner.pid());
  const auto at_once = require(sys::list_ns({.owner = owner_id}, 64));
  t.expect("number", at_once.size(), insides.size());
  t.expect("rising", std::ranges::is_sorted(at_once, std::less_equal<>{}), true);
  Ids one_by_one;
  std::uint64_t last = 0;
  while (one_by_one.size() < 64) {
    const auto page = sys::list_ns({.after = last, .owner = owner_id}, 1);
    if (!page || page->empty()) {
      t.fact("after_the_last", page ? "an empty list" : sys::outcome(page));
      break;
    }
    last = page->at(0);
    one_by_one.push_back(last);
  }
  t.expect("one by one", fmt::format("{}", fmt::join(one_by_one, " ")),
           fmt::format("{}", fmt::join(at_once, " ")));
  t.expect(
      "two types",
      require(sys::list_ns({.types = CLONE_NEWUTS | CLONE_NEWIPC, .owner = owner_id}, 64)).size(),
      3U);
}

NSVET_CHECK(listns_current,
            {.id = "every.listns.current_user",
             .title = "LISTNS_CURRENT_USER stands for the caller's user namespace",
             .rule = "the namespaces that the caller's user namespace owns are listed",
             .source = "include/uapi/linux/nsfs.h",
             .needs = {Need::root},
             .since = "6.19"}) {
  need_listns();
  Actor owner = t.spawn();
  enter_user_namespace(owner);
  Actor inside = owner.spawn({.flags = CLONE_NEWUTS});
  const auto id = unique_id(NsType::uts, inside.pid());
  const auto listed =
      require(inside([] { return sys::list_ns({.owner = sys::kListNsCurrentUser}, 8); }));
  t.expect("listed from inside", fmt::format("{}", fmt::join(listed, " ")), fmt::format("{}", id));
}

NSVET_CHECK(listns_privacy,
            {.id = "every.listns.privacy",
             .title = "listns() shows others' namespaces to the privileged only",
             .rule = "without CAP_SYS_ADMIN over their owner a process sees no namespaces but its "
                     "own",
             .source = "kernel/nstree.c",
             .needs = {Need::root},
             .since = "6.19"}) {
  need_listns();
  Actor other = t.spawn({.flags = CLONE_NEWUTS});
  const auto foreign = unique_id(NsType::uts, other.pid());
  const auto own = unique_id(NsType::uts, ::getpid());
  const auto list = [] { return sys::list_ns({.types = CLONE_NEWUTS}, 4096); };
  const auto ours = require(list());
  t.expect("root sees the other's", contains(ours, foreign), true);
  Actor plain = t.spawn();
  setup(plain([] { return sys::become_user(1000, 1000); }));
  const auto seen = require(plain(list));
  t.expect("an ordinary user sees the other's", contains(seen, foreign), false);
  t.expect("an ordinary user sees its own", contains(seen, own), true);
  Actor inside = t.spawn();
  enter_user_namespace(inside);
  t.expect("the root of a user namespace sees the other's",
           contains(require(inside(list)), foreign), false);
}

NSVET_CHECK(listns_errors,
            {.id = "every.listns.errors",
             .title = "listns() refuses requests that make no sense",
             .rule = "flags, a short structure and an owner that is none fail with EINVAL, unknown "
                     "types with EOPNOTSUPP, more than a million ids with EOVERFLOW",
             .source = "kernel/nstree.c",
             .since = "6.19"}) {
  need_listns();
  t.expect_errno("a flag", sys::list_ns({}, 1, 1), EINVAL);
  t.expect_errno("a short structure", sys::list_ns({.size = 24}, 1), EINVAL);
  t.expect_errno("an unknown type", sys::list_ns({.types = 1}, 1), EOPNOTSUPP);
  t.expect_errno("an owner that is none", sys::list_ns({.owner = ~std::uint64_t{0} >> 1}, 1),
                 EINVAL);
  t.expect_errno("too many ids", sys::list_ns({}, 1000001), EOVERFLOW);
}

}  // namespace
}  // namespace nsvet::probe
