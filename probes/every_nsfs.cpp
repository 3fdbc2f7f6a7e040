// What an open namespace answers: ioctl_nsfs(2), PIDFD_GET_*_NAMESPACE, unique ids and file
// handles.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <optional>
#include <set>

#include "every.h"
#include "sys/credentials.h"
#include "sys/file.h"
#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

bool close_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

bool hierarchical(NsType type) { return type == NsType::pid || type == NsType::user; }

NSVET_CHECK_EACH_TYPE(ns_type, {.id = "ioctl.type",
                                .title = "NS_GET_NSTYPE tells the type ({})",
                                .rule = "NS_GET_NSTYPE returns {}",
                                .source = "NS_GET_NSTYPE(2const)",
                                .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = type.clone_flag});
  for (const pid_t pid : {::getpid(), inside.pid()}) {
    const auto fd = setup(sys::open_ns(type.type, pid));
    t.expect(fmt::format("type of the namespace of {}", pid == ::getpid() ? "ours" : "the child"),
             sys::clone_flags_text(require(sys::type_of_ns(fd.get()))), type.flag_name);
  }
}

NSVET_CHECK_EACH_TYPE(
    owner, {.id = "ioctl.owner",
            .title = "NS_GET_USERNS opens the owning user namespace ({})",
            .rule = "it is the user namespace in which the namespace was made, for a "
                    "user namespace its parent; the descriptor is closed on exec; out of "
                    "sight of the caller it fails with EPERM",
            .source = "NS_GET_USERNS(2const)",
            .needs = {Need::admin, Need::userns}}) {
  const auto ours = setup(sys::ns_id(NsType::user));
  const auto ask = [](int fd) { return require(sys::owner_of_ns(fd)); };
  Actor direct = t.spawn({.flags = type.clone_flag});
  const auto owner = ask(setup(sys::open_ns(type.type, direct.pid())).get());
  t.expect("owner of one made here", setup(sys::ns_id_of_fd(owner.get())), ours);
  t.expect("closed on exec", close_on_exec(owner.get()), true);

  Actor inside = t.spawn();
  enter_user_namespace(inside);
  const auto inner = setup(inside([] { return sys::ns_id(NsType::user); }));
  Actor below = inside.spawn({.flags = type.clone_flag});
  const auto fd = setup(sys::open_ns(type.type, below.pid()));
  t.expect("owner of one made in a user namespace", setup(sys::ns_id_of_fd(ask(fd.get()).get())),
           inner);
  Actor at_once = t.spawn({.flags = CLONE_NEWUSER | type.clone_flag});
  if (type.type != NsType::user) {
    t.expect(
        "owner of one made together with a user namespace",
        setup(sys::ns_id_of_fd(ask(setup(sys::open_ns(type.type, at_once.pid())).get()).get())),
        setup(at_once([] { return sys::ns_id(NsType::user); })));
  }
  // From inside, the outer user namespace is out of sight.
  const int there = inside.give(setup(sys::open_ns(type.type, direct.pid())).get());
  t.expect_errno("owner of an outer one, asked from inside", inside([there]() -> sys::Result<> {
                   return sys::owner_of_ns(there).map([](const sys::Fd&) {});
                 }),
                 EPERM);
}

NSVET_CHECK_EACH_TYPE(parent,
                      {.id = "ioctl.parent",
                       .title = "NS_GET_PARENT opens the parent of a PID or user namespace ({})",
                       .rule = "PID and user namespaces have a parent; for the caller's own it is "
                               "out of sight (EPERM); other types have none (EINVAL)",
                       .source = "NS_GET_PARENT(2const)",
                       .needs = {Need::admin}}) {
  Actor outer = type.type == NsType::user ? t.spawn() : t.spawn({.flags = type.clone_flag});
  if (type.type == NsType::user) enter_user_namespace(outer);
  Actor inner = outer.spawn({.flags = type.clone_flag});
  const auto fd = inner.take(setup(inner([type = type.type] {
    return sys::open_ns(type).map([](sys::Fd open) { return open.release(); });
  })));
  const auto parent = sys::parent_of_ns(fd.get());
  if (!hierarchical(type.type)) {
    t.expect_errno("NS_GET_PARENT", parent, EINVAL);
    return;
  }
  if (!t.expect_success("NS_GET_PARENT", parent)) return;
  t.expect("parent", setup(sys::ns_id_of_fd(parent->get())),
           setup(outer([type = type.type] { return sys::ns_id(type); })));
  t.expect("closed on exec", close_on_exec(parent->get()), true);
  t.expect("grandparent", setup(sys::ns_id_of_fd(require(sys::parent_of_ns(parent->get())).get())),
           setup(sys::ns_id(type.type)));
  const auto own_parent = [type = type.type]() -> sys::Result<> {
    const auto own = sys::open_ns(type);
    if (!own) return tl::unexpected(own.error());
    return sys::parent_of_ns(own->get()).map([](const sys::Fd&) {});
  };
  t.expect_errno("NS_GET_PARENT of one's own", inner(own_parent), EPERM);
}

NSVET_CHECK_EACH_TYPE(owner_uid,
                      {.id = "ioctl.owner_uid",
                       .title = "NS_GET_OWNER_UID tells who made a user namespace ({})",
                       .rule = "it is the effective user id of the maker, as the caller sees it; "
                               "other types than user namespaces give EINVAL",
                       .source = "NS_GET_OWNER_UID(2const)",
                       .needs = {Need::admin}}) {
  Actor inside = t.spawn({.flags = type.clone_flag});
  const auto fd = setup(sys::open_ns(type.type, inside.pid()));
  const auto uid = sys::owner_uid_of_ns(fd.get());
  if (type.type != NsType::user) {
    t.expect_errno("NS_GET_OWNER_UID", uid, EINVAL);
    return;
  }
  if (t.expect_success("NS_GET_OWNER_UID", uid)) t.expect("owner", *uid, ::geteuid());
  t.expect_errno("NS_GET_OWNER_UID into nowhere", sys::ioctl_value(fd.get(), NS_GET_OWNER_UID, 0),
                 EFAULT);
  const int there = inside.give(fd.get());
  const auto seen = inside([there] { return sys::owner_uid_of_ns(there); });
  if (t.expect_success("asked from inside, without a map", seen)) {
    t.expect("owner that has no id inside", *seen, sys::kNobody);
  }
}

NSVET_CHECK(owner_uid_of_user,
            {.id = "every.ioctl.owner_uid_of_user",
             .title = "The owner of a user namespace is its maker's effective user id",
             .rule = "NS_GET_OWNER_UID gives the effective user id of the maker, not the real one, "
                     "and not root's",
             .source = "NS_GET_OWNER_UID(2const)",
             .types = {NsType::user},
             .needs = {Need::root}}) {
  Actor plain = t.spawn();
  setup(plain([]() -> sys::Result<> {
    if (::setresuid(1000, 1001, 0) != 0) return sys::last_error("setresuid()");
    return {};
  }));
  Actor inside = plain.spawn({.flags = CLONE_NEWUSER});
  t.expect("owner",
           require(sys::owner_uid_of_ns(setup(sys::open_ns(NsType::user, inside.pid())).get())),
           1001U);
}

NSVET_CHECK(unknown_ioctls,
            {.id = "every.ioctl.unknown",
             .title = "Requests that nsfs does not know fail with ENOTTY",
             .rule = "an unknown request to a namespace's descriptor, and a namespace's request to "
                     "another file, fail with ENOTTY",
             .source = "ioctl_nsfs(2)"}) {
  const auto fd = setup(sys::open_ns(NsType::uts));
  const auto file = setup(sys::open("/proc/self/status", O_RDONLY));
  for (const unsigned number : {0U, 0x40U, 0xFFU}) {
    t.expect_errno(fmt::format("request {:#x} of nsfs", number),
                   sys::ioctl_value(fd.get(), _IO(NSIO, number)), ENOTTY);
  }
  for (const unsigned long request : {0xb701UL, 0xb702UL, 0xb703UL, 0xb704UL}) {
    t.expect_errno(fmt::format("request {:#x} to another file", request),
                   sys::ioctl_value(file.get(), request), ENOTTY);
  }
}

NSVET_CHECK_EACH_TYPE(
    unique_id, {.id = "ioctl.id",
                .title = "NS_GET_ID gives a number of its own to each namespace ({})",
                .rule = "the id is the same for all descriptors of a namespace, differs from "
                        "that of every other, and is not used again",
                .source = "linux/nsfs.h, kernel/nstree.c",
                .needs = {Need::admin},
                .since = "6.18"}) {
  const auto ask = [&](pid_t pid) {
    return sys::unique_id_of_ns(setup(sys::open_ns(type.type, pid)).get());
  };
  const auto ours = ask(::getpid());
  if (!ours && ours.error().number == ENOTTY) Check::skip("this kernel has no NS_GET_ID");
  require(ours);
  t.expect("our id, asked twice", require(ask(::getpid())), *ours);
  std::set<std::uint64_t> seen{*ours};
  for (int i = 0; i < 3; ++i) {
    Actor inside = t.spawn({.flags = type.clone_flag});
    const auto id = require(ask(inside.pid()));
    // An inode would be used again.
    t.expect(fmt::format("id of namespace {} is new", i), seen.insert(id).second, true);
    t.expect("id asked from inside", require(inside([type = type.type]() {
               return sys::open_ns(type).and_then(
                   [](const sys::Fd& fd) { return sys::unique_id_of_ns(fd.get()); });
             })),
             id);
    for (const auto& other : model::kNsTypes) {
      if (other.type == type.type || !missing(other.type).empty()) continue;
      t.expect_differ(
          fmt::format("id of its {} namespace", other.name),
          require(sys::unique_id_of_ns(setup(sys::open_ns(other.type, inside.pid())).get())), id);
    }
    inside.finish();
  }
}

// PROC_*_INIT_INO; those of mount and network namespaces are fixed since Linux 6.18.
std::optional<std::uint64_t> initial_inode(NsType type, bool has_ids) {
  switch (type) {
    case NsType::ipc:
      return 0xEFFFFFFF;
    case NsType::uts:
      return 0xEFFFFFFE;
    case NsType::user:
      return sys::kInitialUserInode;
    case NsType::pid:
      return sys::kInitialPidInode;
    case NsType::cgroup:
      return 0xEFFFFFFB;
    case NsType::time:
      return 0xEFFFFFFA;
    case NsType::net:
      if (has_ids) return 0xEFFFFFF9;
      return std::nullopt;
    case NsType::mnt:
      if (has_ids) return 0xEFFFFFF8;
      return std::nullopt;
  }
  return std::nullopt;
}

NSVET_CHECK_EACH_TYPE(initial,
                      {.id = "links.initial_inode",
                       .title = "The initial namespace has its well-known inode ({})",
                       .rule = "the initial namespaces have fixed inode numbers, and others have "
                               "none of these",
                       .source = "linux/nsfs.h, include/linux/proc_ns.h",
                       .needs = {Need::admin}}) {
  const auto ours = setup(sys::ns_id(type.type)).inode;
  const bool has_ids = bool(sys::unique_id_of_ns(setup(sys::open_ns(type.type)).get()));
  const auto initial = initial_inode(type.type, has_ids);
  Actor inside = t.spawn({.flags = type.clone_flag});
  const auto inner = setup(inside([type = type.type] { return sys::ns_id(type); })).inode;
  t.expect("a new one has one of the reserved inodes", inner >= 0xEFFFFFF8 && inner <= 0xEFFFFFFF,
           false);
  // Numbers beyond these are given to namespaces made later: ours may be a container's.
  if (initial && ours <= 0xEFFFFFFF) t.expect("ours", ours, *initial);
}

NSVET_CHECK_EACH_TYPE(of_pidfd,
                      {.id = "ioctl.of_pidfd",
                       .title = "PIDFD_GET_*_NAMESPACE opens a process's namespace ({})",
                       .rule = "a PID file descriptor gives the namespace that /proc/PID/ns shows, "
                               "closed on exec; an argument fails with EINVAL, and a process that "
                               "the caller may not trace with EACCES",
                       .source = "linux/pidfd.h, fs/pidfs.c",
                       .needs = {Need::admin},
                       .since = "6.11"}) {
  Actor inside = t.spawn({.flags = type.clone_flag});
  const auto fd = sys::ns_of_pidfd(inside.pidfd(), type.type);
  if (!fd && fd.error().number == ENOTTY) Check::skip("this kernel has no PIDFD_GET_*_NAMESPACE");
  require(fd.map([](const sys::Fd&) {}));
  t.expect("identity", setup(sys::ns_id_of_fd(fd->get())),
           setup(sys::ns_id(type.type, inside.pid())));
  t.expect("type", sys::clone_flags_text(require(sys::type_of_ns(fd->get()))), type.flag_name);
  t.expect("closed on exec", close_on_exec(fd->get()), true);
  t.expect_errno("with an argument",
                 sys::ioctl_value(inside.pidfd(), sys::pidfd_ns_request(type.type), 1), EINVAL);
  Actor joiner = t.spawn();
  const int there = joiner.give(fd->get());
  t.expect_success("setns()",
                   joiner([there, flag = type.clone_flag] { return sys::setns(there, flag); }));
  const auto joined = setup(joiner([] { return ids_in([] { return ::fork(); }); }));
  t.expect("identity after setns()", of(joined, type.type),
           setup(sys::ns_id(type.type, inside.pid())));
  Actor plain = t.spawn();
  const int pidfd = plain.give(inside.pidfd());
  setup(plain([] { return sys::drop_capabilities(); }));
  if (type.type != NsType::user) {
    t.expect_errno("without capabilities that the process has",
                   plain([pidfd, type = type.type]() -> sys::Result<> {
                     return sys::ns_of_pidfd(pidfd, type).map([](const sys::Fd&) {});
                   }),
                   EACCES);
  }
  inside.finish();
  const auto dead = sys::ns_of_pidfd(inside.pidfd(), type.type);
  t.fact("errno_for_zombie", sys::outcome(dead));
}

NSVET_CHECK_EACH_TYPE(
    handle, {.id = "handle.opens",
             .title = "A file handle leads to a living namespace, and to no other ({})",
             .rule = "name_to_handle_at(2) of a namespace gives its id, type and inode; "
                     "open_by_handle_at(2) opens it again while it lives; a wrong handle, "
                     "and one of a dead namespace, is stale",
             .source = "linux/nsfs.h, fs/nsfs.c",
             .needs = {Need::admin},
             .since = "6.18"}) {
  const auto ours = setup(sys::open_ns(type.type));
  const auto handle = sys::handle_of_ns(ours.get());
  if (!handle && handle.error().number == EOPNOTSUPP) {
    Check::skip("this kernel has no file handles for namespaces");
  }
  require(handle);
  t.expect("id", handle->id, require(sys::unique_id_of_ns(ours.get())));
  t.expect("inode", handle->inode, setup(sys::ns_id(type.type)).inode);
  t.expect("type", sys::clone_flags_text(handle->type), type.flag_name);
  const auto opened = sys::open_ns_handle(*handle, O_RDONLY | O_CLOEXEC);
  if (t.expect_success("open_by_handle_at(own)", opened)) {
    t.expect("identity", setup(sys::ns_id_of_fd(opened->get())), setup(sys::ns_id(type.type)));
  }
  auto wrong = *handle;
  wrong.inode ^= 1;
  t.expect_errno("with another inode", sys::open_ns_handle(wrong, O_RDONLY), ESTALE);
  wrong = *handle;
  wrong.type = type.type == NsType::uts ? CLONE_NEWIPC : CLONE_NEWUTS;
  t.expect_errno("with another type", sys::open_ns_handle(wrong, O_RDONLY), ESTALE);
  wrong = *handle;
  wrong.id = ~std::uint64_t{0} >> 1;
  t.expect_errno("with an id that nobody has", sys::open_ns_handle(wrong, O_RDONLY), ESTALE);
}

}  // namespace
}  // namespace nsvet::probe
