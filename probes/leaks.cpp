// Namespaces that are made and ended many times leave nothing counted: in a user namespace of its
// own with room for a few, each way of making and ending them can be repeated, and the room is
// exactly as large afterwards. What leaks one object each time runs out of room at once.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "probe/check.h"
#include "sys/credentials.h"
#include "sys/file.h"
#include "sys/nsfs.h"

namespace nsvet::probe {
namespace {

constexpr int kRoom = 2;
constexpr int kRounds = 5;

// Who makes them, and of which types.
struct Site {
  Actor& owner;
  std::uint64_t flags;
};

void end(Site site, std::unique_ptr<Actor>& child) {
  child->finish();
  site.owner([pid = child->pid()] { ::waitpid(pid, nullptr, __WALL); });
  // Its PID file descriptor holds a PID namespace.
  child.reset();
}

// Those whose parent has ended are left to the check, as zombies that hold their namespaces.
void reap_orphans() {
  while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
  }
}

sys::Result<std::unique_ptr<Actor>> make(Site site) {
  auto made = site.owner.try_spawn({.flags = site.flags});
  if (!made) return tl::unexpected(made.error());
  return std::make_unique<Actor>(std::move(*made));
}

// The ways in which one can be made, held and ended. ENOSPC: there is no room.
using Way = sys::Result<> (*)(Site);

sys::Result<> by_process(Site site) {
  auto made = make(site);
  if (!made) return tl::unexpected(made.error());
  end(site, *made);
  return {};
}

sys::Result<> by_unshare(Site site) {
  auto child = std::make_unique<Actor>(site.owner.spawn());
  const auto result = (*child)([flags = site.flags] { return sys::unshare(flags); });
  // A PID namespace needs a process to be anything, and one without must go as well.
  if (result && (site.flags & CLONE_NEWPID) == 0) child->spawn().finish();
  end(site, child);
  reap_orphans();
  return result;
}

sys::Result<> by_descriptor(Site site) {
  auto made = make(site);
  if (!made) return tl::unexpected(made.error());
  std::vector<sys::Fd> held;
  for (const auto& type : model::kNsTypes) {
    if ((site.flags & type.clone_flag) == 0) continue;
    held.push_back((*made)->take(setup((**made)([type = type.type] {
      return sys::open_ns(type).map([](sys::Fd fd) { return fd.release(); });
    }))));
  }
  end(site, *made);
  return {};
}

std::string held_at(NsType type) { return fmt::format("/tmp/held-{}", model::info(type).name); }

sys::Result<> by_bind_mount(Site site) {
  auto made = make(site);
  if (!made) return tl::unexpected(made.error());
  for (const auto& type : model::kNsTypes) {
    if ((site.flags & type.clone_flag) == 0) continue;
    const Text link = fmt::format("/proc/{}/ns/{}", (*made)->pid(), type.name);
    const Text held = held_at(type.type);
    setup(site.owner([link, held] {
      return sys::open(held, O_CREAT | O_RDONLY).and_then([link, held](const sys::Fd&) {
        return sys::mount(link, held, "", MS_BIND);
      });
    }));
  }
  end(site, *made);
  for (const auto& type : model::kNsTypes) {
    if ((site.flags & type.clone_flag) == 0) continue;
    const Text held = held_at(type.type);
    setup(site.owner([held] { return sys::umount(held, MNT_DETACH); }));
  }
  return {};
}

sys::Result<> by_zombie(Site site) {
  auto made = make(site);
  if (!made) return tl::unexpected(made.error());
  (*made)->finish();
  // All that a zombie still shows, asked for before it is reaped.
  for (const auto& type : model::kNsTypes) {
    (void)site.owner(
        [type = type.type, pid = (*made)->pid()] { return bool(sys::ns_id(type, pid)); });
  }
  end(site, *made);
  return {};
}

sys::Result<> by_orphan(Site site) {
  auto made = make(site);
  if (!made) return tl::unexpected(made.error());
  Actor child = (*made)->spawn();
  if ((site.flags & CLONE_NEWPID) == 0) {
    child([] { ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); });
  }
  end(site, *made);
  child.finish();
  reap_orphans();
  return {};
}

// The child cannot have the PID asked for, which is found out after its namespaces were made.
sys::Result<> by_failure(Site site) {
  return site.owner([flags = site.flags]() -> sys::Result<> {
    const pid_t taken = (flags & CLONE_NEWPID) != 0 ? 5 : ::getpid();
    clone_args args{};
    args.flags = flags;
    args.exit_signal = SIGCHLD;
    args.set_tid = reinterpret_cast<std::uintptr_t>(&taken);
    args.set_tid_size = 1;
    const long pid = ::syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) ::_exit(0);
    if (pid > 0) {
      ::waitpid(static_cast<pid_t>(pid), nullptr, __WALL);
      return sys::error(EEXIST, "clone3() with a PID that is taken succeeded");
    }
    if (errno == ENOSPC) return sys::last_error("clone3()");
    return {};
  });
}

sys::Result<> set_room(const NsTypeInfo& type, int room) {
  return sys::write_file(fmt::format("/proc/sys/user/{}", type.max_file), fmt::format("{}", room));
}

// A namespace may be released in the kernel's own time. What is tried in vain makes and ends others
// itself, which are to be released as well, so it is tried less and less often.
template <class Attempt>
void try_until(Attempt attempt) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  auto pause = std::chrono::milliseconds(1);
  while (!attempt() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kPatience / 10);
  }
}

// No room is tried again.
bool eventually_made(Site site, Way way) {
  sys::Result<> result;
  try_until([&] {
    reap_orphans();
    result = way(site);
    return result || result.error().number != ENOSPC;
  });
  return bool(result);
}

void expect_no_leak(Check& t, std::uint64_t flags, Way way) {
  // Only a newer mount namespace may be mounted in an older one, and from 6.18 on their age is told
  // by numbers that each CPU takes from a batch of its own.
  setup(sys::stay_on_one_cpu());
  Actor owner = t.spawn();
  require(owner([] { return sys::enter_own_user_namespace(); }));
  const bool mounts = way == &by_bind_mount;
  if (mounts) owner([] { enter_private_mounts(); });
  for (const auto& type : model::kNsTypes) {
    if ((flags & type.clone_flag) == 0) continue;
    if (!setup(sys::exists(fmt::format("/proc/sys/user/{}", type.max_file)))) {
      Check::skip(fmt::format("/proc/sys/user/{} is not there", type.max_file));
    }
    // The owner's own mount namespace takes a place.
    const int room = kRoom + (mounts && type.type == NsType::mnt ? 1 : 0);
    require(owner([index = static_cast<std::size_t>(type.type), room] {
      return set_room(model::kNsTypes[index], room);
    }));
  }
  const Site site{owner, flags};
  for (int round = 1; round <= kRounds; ++round) {
    if (!t.expect(fmt::format("round {} succeeds", round), eventually_made(site, way), true)) {
      return;
    }
  }
  std::vector<Actor> all;
  for (int i = 1; i <= kRoom; ++i) {
    try_until([&] {
      reap_orphans();  // One that is traced is its tracer's first.
      auto one = owner.try_spawn({.flags = flags});
      if (one) all.push_back(std::move(*one));
      return bool(one);
    });
    const bool made = std::cmp_equal(all.size(), i);
    if (!t.expect(fmt::format("room for {} at once afterwards", i), made, true)) return;
  }
  t.expect_errno("one more than there is room for", owner.try_spawn({.flags = flags}), ENOSPC);
}

struct Named {
  const char* name;
  const char* what;
  Way way;
};

constexpr Named kWays[] = {
    {"process", "by clone3(2), ended with their process", &by_process},
    {"unshare", "by unshare(2), ended with their process", &by_unshare},
    {"fd", "held by a descriptor beyond their process", &by_descriptor},
    {"bind_mount", "held by a bind mount beyond their process", &by_bind_mount},
    {"zombie", "asked for while their process is a zombie", &by_zombie},
    {"orphan", "kept by a child beyond their first process", &by_orphan},
    {"failure", "by a clone3(2) that fails afterwards", &by_failure},
};

bool register_ways() {
  for (const Named& named : kWays) {
    for (const auto& type : model::kNsTypes) {
      register_check(
          {.id = fmt::format("{}.leaks.{}", type.name, named.name),
           .title =
               fmt::format("{} namespaces made {} leave nothing counted", type.name, named.what),
           .rule = fmt::format("what is counted for {} goes with the namespace: it can be repeated "
                               "for ever within {}",
                               type.flag_name, type.max_file),
           .source = "namespaces(7), kernel/ucount.c",
           .types = {type.type},
           .needs = {Need::userns}},
          [&named, &type](Check& t) { expect_no_leak(t, type.clone_flag, named.way); });
    }
    register_check(
        {.id = fmt::format("every.leaks.{}", named.name),
         .title = fmt::format("Namespaces of all types, made at once {}, leave nothing counted",
                              named.what),
         .rule = "what is counted for each type goes with its namespace, also when all are made in "
                 "one call",
         .source = "namespaces(7), kernel/ucount.c",
         .needs = {Need::userns}},
        [&named](Check& t) {
          std::uint64_t all = 0;
          for (const auto& type : model::kNsTypes) {
            if (missing(type.type).empty()) all |= type.clone_flag;
          }
          expect_no_leak(t, all, named.way);
        });
  }
  return true;
}
const bool ways_registered = register_ways();

}  // namespace
}  // namespace nsvet::probe
