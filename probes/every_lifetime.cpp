// How long a namespace lives: what keeps it, and that nothing else does.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "every.h"
#include "sys/file.h"
#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

using sys::ns_id;

// That the actor has joined a namespace whose processes have all ended.
void expect_inside(Check& t, const NsTypeInfo& type, Actor& joiner, sys::NsId target) {
  if (type.type == NsType::pid) {
    // Its init is dead: it can be joined, but no process can be made in it.
    t.expect_errno("fork() in a PID namespace whose init is dead", joiner.try_spawn(), ENOMEM);
    return;
  }
  t.expect("identity after setns()", of(ids_of_child(joiner), type.type), target);
}

// Inode numbers of dead namespaces are used again at once, so death shows in nothing that stays
// but the descriptor: a second namespace made while the first is held must be another one.
NSVET_CHECK_EACH_TYPE(held_by_fd,
                      {.id = "lifetime.fd",
                       .title = "A descriptor keeps a namespace alive ({})",
                       .rule = "an open descriptor of /proc/PID/ns/* keeps the namespace when its "
                               "last process has ended, and it can still be joined",
                       .source = "namespaces(7)",
                       .needs = {Need::admin}}) {
  Actor holder = t.spawn({.flags = type.clone_flag});
  const auto target = setup(holder([x = type.type] { return ns_id(x); }));
  const auto fd = setup(sys::open_ns(type.type, holder.pid()));
  holder.finish();
  t.expect("identity of the descriptor", setup(sys::ns_id_of_fd(fd.get())), target);
  Actor joiner = t.spawn();
  const int there = joiner.give(fd.get());
  if (!t.expect_success(
          "setns() after the last process has ended",
          joiner([there, flag = type.clone_flag] { return sys::setns(there, flag); }))) {
    return;
  }
  expect_inside(t, type, joiner, target);
}

NSVET_CHECK_EACH_TYPE(held_by_bind_mount,
                      {.id = "lifetime.bind_mount",
                       .title = "A bind mount keeps a namespace alive ({})",
                       .rule = "a bind mount of /proc/PID/ns/* keeps the namespace when its last "
                               "process has ended",
                       .source = "namespaces(7)",
                       .needs = {Need::admin}}) {
  // The age of mount namespaces, which decides here, is told by numbers of the CPU's own (6.18).
  setup(sys::stay_on_one_cpu());
  Actor outside = t.spawn();
  outside([] { enter_private_mounts(); });
  Actor holder = outside.spawn({.flags = type.clone_flag});
  const auto target = setup(holder([x = type.type] { return ns_id(x); }));
  const Text path = fmt::format("/proc/{}/ns/{}", holder.pid(), type.name);
  setup(outside(
      [] { return sys::open("/tmp/held", O_CREAT | O_WRONLY).map([](const sys::Fd&) {}); }));
  const auto bound = outside([path] { return sys::mount(path, "/tmp/held", "", MS_BIND); });
  if (!t.expect_success("bind mount of the link", bound)) return;
  holder.finish();
  const auto held = outside.take(setup(outside([] {
    return sys::open("/tmp/held", O_RDONLY).map([](sys::Fd fd) { return fd.release(); });
  })));
  t.expect("identity at the bind mount", setup(sys::ns_id_of_fd(held.get())), target);
  Actor joiner = t.spawn();
  const int there = joiner.give(held.get());
  t.expect_success("setns() to the bind mount",
                   joiner([there, flag = type.clone_flag] { return sys::setns(there, flag); }));
  expect_inside(t, type, joiner, target);
}

NSVET_CHECK_EACH_TYPE(held_by_child,
                      {.id = "lifetime.child",
                       .title = "A namespace lives as long as its last process ({})",
                       .rule = "the child of a namespace's first process keeps it when the first "
                               "one has ended; but a PID namespace ends with its first process",
                       .source = "namespaces(7), pid_namespaces(7)",
                       .needs = {Need::admin}}) {
  Actor first = t.spawn({.flags = type.clone_flag});
  const auto target = setup(first([x = type.type] { return ns_id(x); }));
  Actor child = first.spawn();
  // The child would die with its parent otherwise.
  child([] { ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); });
  first.finish();
  ::waitpid(first.pid(), nullptr, __WALL);
  if (type.type == NsType::pid) {
    t.expect("the child ends with the first process", child.dies_within(kPatience), true);
    return;
  }
  t.expect("identity of the child", setup(child([x = type.type] { return ns_id(x); })), target);
  Actor grandchild = child.spawn();
  t.expect("identity of a later child", setup(grandchild([x = type.type] { return ns_id(x); })),
           target);
}

NSVET_CHECK_EACH_TYPE(keeps_owner,
                      {.id = "lifetime.owner",
                       .title = "A namespace keeps the user namespace that owns it alive ({})",
                       .rule = "a user namespace without any process lives on while a namespace "
                               "that it owns does: it can be asked for, and joined",
                       .source = "namespaces(7), NS_GET_USERNS(2const)",
                       .needs = {Need::admin, Need::userns}}) {
  Actor owner = t.spawn();
  enter_user_namespace(owner);
  const auto user = setup(owner([] { return ns_id(NsType::user); }));
  Actor inside = owner.spawn({.flags = type.clone_flag});
  const auto fd = setup(sys::open_ns(type.type, inside.pid()));
  inside.finish();
  owner.finish();
  ::waitpid(owner.pid(), nullptr, __WALL);
  const auto asked = require(sys::owner_of_ns(fd.get()));
  t.expect("owner after all its processes have ended", setup(sys::ns_id_of_fd(asked.get())), user);
  Actor joiner = t.spawn();
  const int there = joiner.give(asked.get());
  t.expect_success("setns() into the owner",
                   joiner([there] { return sys::setns(there, CLONE_NEWUSER); }));
  t.expect("user namespace after it", setup(joiner([] { return ns_id(NsType::user); })), user);
}

NSVET_CHECK_EACH_TYPE(gone,
                      {.id = "lifetime.gone",
                       .title = "A namespace that nothing holds is gone ({})",
                       .rule = "when the last process has ended and no descriptor is open, a file "
                               "handle leads to the namespace no more",
                       .source = "namespaces(7), fs/nsfs.c",
                       .needs = {Need::admin},
                       .since = "6.18"}) {
  // A PID file descriptor holds a PID namespace as well, hence it must go.
  std::optional<Actor> inside = t.spawn({.flags = type.clone_flag});
  auto fd = setup(sys::open_ns(type.type, inside->pid()));
  const auto handle = sys::handle_of_ns(fd.get());
  if (!handle && handle.error().number == EOPNOTSUPP) {
    Check::skip("this kernel has no file handles for namespaces");
  }
  require(handle);
  const auto open = [&] { return sys::open_ns_handle(*handle, O_RDONLY | O_CLOEXEC); };
  inside->finish();
  ::waitpid(inside->pid(), nullptr, __WALL);
  inside.reset();
  // In sight of those only who could join it, or are privileged over all.
  if (missing(Need::root).empty()) t.expect_success("open while a descriptor is held", open());
  fd.reset();
  t.expect("gone afterwards", eventually([&] { return !open(); }), true);
  t.fact("errno", sys::outcome(open()));
}

}  // namespace
}  // namespace nsvet::probe
