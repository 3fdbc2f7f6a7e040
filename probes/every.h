// What the checks over all types have in common.
#pragma once

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::probe {

/// The CLONE_NEW* flags of all types that this kernel has.
inline std::uint64_t available_types() {
  std::uint64_t flags = 0;
  for (const auto& type : model::kNsTypes) {
    if (missing(type.type).empty()) flags |= type.clone_flag;
  }
  return flags;
}

/// Puts the actor into a user namespace of its own, as root there with all capabilities.
inline void enter_user_namespace(Actor& actor) {
  require(actor([] { return sys::enter_own_user_namespace(); }));
}

/// The namespaces of the actor's next child: a process may change its PID and time namespace for
/// its children only, so a child is asked.
inline sys::NsIds ids_of_child(Actor& actor) {
  Actor child = actor.spawn();
  return child([] { return sys::ns_ids(); });
}

inline sys::NsId of(const sys::NsIds& ids, NsType type) {
  return ids[static_cast<std::size_t>(type)];
}

/// Expects `after` to be `target` for the types in flags, and `before` for all others.
inline void expect_moved(Check& t, std::string_view how, std::uint64_t flags,
                         const sys::NsIds& after, const sys::NsIds& target,
                         const sys::NsIds& before) {
  for (const auto& type : model::kNsTypes) {
    const bool moves = (flags & type.clone_flag) != 0;
    t.expect(fmt::format("{} namespace after {}", type.name, how), of(after, type.type),
             of(moves ? target : before, type.type));
  }
}

/// Expects new namespaces of the types in flags, and `ours` of all others.
inline void expect_made(Check& t, std::string_view how, std::uint64_t flags,
                        const sys::NsIds& theirs, const sys::NsIds& ours) {
  for (const auto& type : model::kNsTypes) {
    const auto what = fmt::format("{} namespace after {}", type.name, how);
    if ((flags & type.clone_flag) != 0) {
      t.expect_differ(what, of(theirs, type.type), of(ours, type.type));
    } else {
      t.expect(what, of(theirs, type.type), of(ours, type.type));
    }
  }
}

/// The namespaces of a child that is no actor.
/// @param make returns a PID, and in the child 0, like fork(2)
template <class Make>
sys::Result<sys::NsIds> ids_in(Make make) {
  auto pipe = sys::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  const long pid = make();
  if (pid < 0) return sys::last_error("clone");
  sys::NsIds ids;
  if (pid == 0) {
    ids = sys::ns_ids();
    ::_exit(::write(pipe->write.get(), ids.data(), sizeof ids) == sizeof ids ? 0 : 1);
  }
  // The child may share the pipe's ends, hence they stay open.
  pollfd told{.fd = pipe->read.get(), .events = POLLIN, .revents = 0};
  const bool good = ::poll(&told, 1, static_cast<int>(kPatience.count())) == 1 &&
                    ::read(pipe->read.get(), ids.data(), sizeof ids) == sizeof ids;
  ::waitpid(static_cast<pid_t>(pid), nullptr, __WALL);
  if (!good) return sys::error(EPIPE, "read(pipe of the child)");
  return ids;
}

}  // namespace nsvet::probe
