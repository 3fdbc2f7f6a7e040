// Which tasks share one struct nsproxy. The links under /proc show namespaces, and the same links
// do not mean the same nsproxy.
#include <unistd.h>

#include "probe/check.h"
#include "sharing_tasks.h"

namespace nsvet::probe {
namespace {

constexpr const char* kSource = "include/linux/nsproxy.h";

CheckInfo rule(std::string id, std::string title, std::string text) {
  return {.id = std::move(id),
          .title = std::move(title),
          .rule = std::move(text),
          .source = kSource,
          .types = {NsType::uts},
          .needs = {Need::root},
          .since = "5.8"};
}

bool shared(pid_t a, pid_t b) {
  const auto all = nsproxies();
  return all.at(a) == all.at(b);
}

}  // namespace

NSVET_CHECK(fork_shares, rule("every.sharing.fork", "A child shares its parent's nsproxy",
                              "Tasks that share all namespaces by fork() share one nsproxy")) {
  Actor child = t.spawn();
  t.expect("parent and child share it", shared(::getpid(), child.pid()), true);
  Actor grandchild = child.spawn();
  t.expect("child and grandchild share it", shared(child.pid(), grandchild.pid()), true);
}

NSVET_CHECK(unshare_nothing, rule("every.sharing.unshare_nothing", "unshare(0) copies no nsproxy",
                                  "An nsproxy is copied when a namespace is unshared, and not "
                                  "before")) {
  Actor child = t.spawn();
  require(child([] { return sys::unshare(0); }));
  t.expect("parent and child share it", shared(::getpid(), child.pid()), true);
}

NSVET_CHECK(setns_copies, rule("every.sharing.setns", "setns() gives an nsproxy of its own",
                               "Tasks in the same namespaces need not share an nsproxy: setns() "
                               "makes a new one, also for the namespace that the caller is in")) {
  Actor child = t.spawn();
  require(child([] {
    const auto own = setup(sys::open_ns(NsType::uts));
    return sys::setns(own.get(), CLONE_NEWUTS);
  }));
  t.expect("the namespaces are the same", sys::ns_ids(child.pid()) == sys::ns_ids(), true);
  t.expect("parent and child share it", shared(::getpid(), child.pid()), false);
}

NSVET_CHECK_EACH_TYPE(unshare_copies,
                      {.id = "sharing.unshare",
                       .title = "unshare({}) copies the nsproxy",
                       .rule = "As soon as a single namespace is unshared, the nsproxy is copied, "
                               "but for user namespaces, which are no part of it",
                       .source = kSource,
                       .needs = {Need::root},
                       .since = "5.8"}) {
  const bool part = type.type != NsType::user;
  Actor child = t.spawn();
  Actor below = child.spawn();
  const auto before = nsproxies();
  child([flag = type.clone_flag] { enter_new(flag); });
  const auto after = nsproxies();
  t.expect("the caller has another one", after.at(child.pid()) != before.at(child.pid()), part);
  t.expect("its child keeps the old one", after.at(below.pid()) == before.at(below.pid()), true);
  t.expect("so does its parent", after.at(::getpid()) == before.at(::getpid()), true);
}

NSVET_CHECK_EACH_TYPE(clone_copies,
                      {.id = "sharing.clone",
                       .title = "clone({}) gives the child an nsproxy of its own",
                       .rule = "As soon as a single namespace is cloned, the nsproxy is copied, "
                               "but for user namespaces, which are no part of it",
                       .source = kSource,
                       .needs = {Need::root},
                       .since = "5.8"}) {
  Actor child = t.spawn({.flags = type.clone_flag});
  t.expect("parent and child share it", shared(::getpid(), child.pid()), type.type == NsType::user);
}

}  // namespace nsvet::probe
