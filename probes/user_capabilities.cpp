// Capabilities: full inside a user namespace, none over what is outside.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe/program.h"
#include "user.h"

namespace nsvet::probe {
namespace {

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

// Each needs a capability over the initial user namespace, or over what it owns.
struct Privilege {
  const char* what;
  sys::Result<> (*call)();
  int refusal = EPERM;
};

const Privilege kPrivileges[] = {
    {"mount(ext4)", [] { return sys::mount("/dev/null", "/tmp", "ext4", 0); }},
    {"mknod(character device)",
     [] {
       return result_of(::mknod("/tmp/nsvet-null", S_IFCHR | 0600, makedev(1, 3)), "mknod()");
     }},
    {"sethostname()", [] { return sys::set_hostname("nsvet"); }},
    {"clock_settime()",
     [] {
       timespec now{};
       ::clock_gettime(CLOCK_REALTIME, &now);
       return result_of(::syscall(SYS_clock_settime, CLOCK_REALTIME, &now), "clock_settime()");
     }},
    {"setpriority(-20)",
     [] {
       // EACCES by setpriority(2) for the caller itself. It may have been started as nice as that.
       ::setpriority(PRIO_PROCESS, 0, 19);
       return result_of(::setpriority(PRIO_PROCESS, 0, -20), "setpriority()");
     },
     EACCES},
    {"raise RLIMIT_NOFILE",
     [] {
       rlimit limit{};
       ::getrlimit(RLIMIT_NOFILE, &limit);
       limit.rlim_max += 1;
       return result_of(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit()");
     }},
    {"swapoff()", [] { return result_of(::syscall(SYS_swapoff, "/nsvet-none"), "swapoff()"); }},
    {"acct()", [] { return result_of(::acct("/nsvet-none"), "acct()"); }, EPERM},
    {"packet socket in the parent's network namespace",
     [] { return result_of(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "socket()"); }},
    {"raw socket in the parent's network namespace",
     [] { return result_of(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1), "socket()"); }},
    {"delete_module()",
     [] {
       return result_of(::syscall(SYS_delete_module, "nsvet", O_NONBLOCK), "delete_module()");
     }},
    {"reboot(RB_DISABLE_CAD)", [] { return result_of(::reboot(RB_DISABLE_CAD), "reboot()"); }},
};

NSVET_CHECK(capabilities_outside,
            {.id = "user.capabilities.none_outside",
             .title = "A full set of capabilities inside gives no power outside",
             .rule = "operations on what the initial or the parent's user namespace owns fail with "
                     "EPERM for the root of a user namespace",
             .source = "user_namespaces(7), capabilities(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  Actor inside = t.spawn();
  require(inside([] { return sys::enter_own_user_namespace(); }));
  t.expect("CAP_SYS_ADMIN inside", inside([] { return sys::has_capability(CAP_SYS_ADMIN); }), true);
  for (const Privilege& privilege : kPrivileges) {
    const auto call = privilege.call;
    const auto result = inside([call] { return call(); });
    // A kernel without the call or the protocol says so.
    if (!result && (result.error().number == ENOSYS || result.error().number == ENODEV ||
                    result.error().number == EAFNOSUPPORT)) {
      continue;
    }
    t.expect_errno(privilege.what, result, privilege.refusal);
  }
}

NSVET_CHECK(capabilities_of_threads,
            {.id = "user.capabilities.sets",
             .title = "The sets of a new user namespace's first process",
             .rule = "permitted and effective are full, inheritable and ambient are empty, and the "
                     "bounding set is full; securebits are at their default",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  const auto last = setup(sys::read_file("/proc/sys/kernel/cap_last_cap"));
  const std::uint64_t full = (std::uint64_t{2} << std::stoi(last)) - 1;
  for (const bool by_clone : {true, false}) {
    Actor plain = t.spawn();
    setup(plain([] { return sys::drop_capabilities(); }));
    Actor inside = by_clone ? plain.spawn({.flags = CLONE_NEWUSER}) : plain.spawn();
    if (!by_clone) require(inside([] { return sys::unshare(CLONE_NEWUSER); }));
    const auto status = setup(inside([] { return sys::read_file("/proc/self/status"); }));
    const char* how = by_clone ? "clone3()" : "unshare()";
    auto expect_set = [&](const char* name, std::uint64_t value) {
      const auto line = fmt::format("{}:\t{:016x}\n", name, value);
      t.expect(fmt::format("{} is {:x} after {}", name, value, how),
               status.find(line) != std::string::npos, true);
    };
    expect_set("CapPrm", full);
    expect_set("CapEff", full);
    expect_set("CapBnd", full);
    expect_set("CapInh", 0);
    expect_set("CapAmb", 0);
    t.expect(fmt::format("securebits after {}", how),
             inside([] { return ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0); }) & 0xFF,
             SECUREBITS_DEFAULT);
  }
}

NSVET_CHECK(securebits,
            {.id = "user.capabilities.securebits",
             .title = "Securebits are reset by a new user namespace, and by joining one",
             .rule = "CLONE_NEWUSER and setns(2) to a user namespace set the securebits to their "
                     "default",
             .source = "user_namespaces(7)",
             .types = {NsType::user},
             .needs = {Need::admin, Need::userns}}) {
  Actor strict = t.spawn();
  require(strict([] {
    return result_of(::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_KEEP_CAPS, 0, 0, 0),
                     "PR_SET_SECUREBITS");
  }));
  const auto ask = [] { return ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0); };
  t.expect("securebits before", strict(ask), SECBIT_NOROOT | SECBIT_KEEP_CAPS);
  Actor unsharing = strict.spawn();
  require(unsharing([] { return sys::unshare(CLONE_NEWUSER); }));
  t.expect("securebits after unshare()", unsharing(ask), SECUREBITS_DEFAULT);
  Actor cloned = strict.spawn({.flags = CLONE_NEWUSER});
  t.expect("securebits after clone3()", cloned(ask), SECUREBITS_DEFAULT);
  Actor joining = strict.spawn();
  const int there = joining.give(setup(sys::open_ns(NsType::user, cloned.pid())).get());
  require(joining([there] { return sys::setns(there, CLONE_NEWUSER); }));
  t.expect("securebits after setns()", joining(ask), SECUREBITS_DEFAULT);
  t.expect("CAP_SYS_ADMIN after setns()",
           joining([] { return sys::has_capability(CAP_SYS_ADMIN); }), true);
}

// What a program started from the actor has in its sets.
std::string status_after_exec(Actor& actor) {
  return setup(actor([]() -> sys::Result<std::string> {
    return execute_self([] { return sys::Result<>(); }).and_then([](const HeldProgram& program) {
      return sys::read_file(fmt::format("/proc/{}/status", program.process.pid()));
    });
  }));
}

NSVET_CHECK(exec_capabilities,
            {.id = "user.capabilities.execve",
             .title = "execve(2) keeps capabilities for the root of a user namespace alone",
             .rule = "without a map, or as another user than 0 inside, a program starts without "
                     "capabilities; as user 0 it starts with all",
             .source = "user_namespaces(7), capabilities(7)",
             .types = {NsType::user},
             .needs = {Need::userns}}) {
  const auto has = [](const std::string& status, const char* line) {
    return status.find(line) != std::string::npos;
  };
  constexpr const char* kNone = "CapEff:\t0000000000000000\n";
  Actor unmapped = t.spawn({.flags = CLONE_NEWUSER});
  t.expect("without a map, none", has(status_after_exec(unmapped), kNone), true);
  Actor other = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::write_file(proc_file(other, "uid_map"), fmt::format("7 {} 1", ::geteuid())));
  t.expect("as user 7, none", has(status_after_exec(other), kNone), true);
  Actor root = t.spawn({.flags = CLONE_NEWUSER});
  require(sys::map_root(root.pid(), ::geteuid(), ::getegid()));
  const auto status = status_after_exec(root);
  t.expect("as user 0, none", has(status, kNone), false);
  const auto full = setup(root([] { return sys::read_file("/proc/self/status"); }));
  const auto line = full.substr(full.find("CapEff:"), 24);
  t.expect("as user 0, the same as before", has(status, line.c_str()), true);
}

NSVET_CHECK(over_child,
            {.id = "user.capabilities.over_child",
             .title = "Who made a user namespace has all capabilities in it, and no other user has",
             .rule = "a process of the parent whose effective user id made the namespace can join "
                     "it and act there without any capability; another user cannot",
             .source = "user_namespaces(7)",
             .types = {NsType::user, NsType::uts},
             .needs = {Need::root}}) {
  Actor maker = t.spawn();
  setup(maker([] { return sys::become_user(1000, 1000); }));
  Actor inside = maker.spawn({.flags = CLONE_NEWUSER | CLONE_NEWUTS});
  const auto user = setup(sys::open_ns(NsType::user, inside.pid()));
  auto join = [&](Actor& actor) {
    const int there = actor.give(user.get());
    return actor([there] { return sys::setns(there, CLONE_NEWUSER); });
  };
  Actor same = t.spawn();
  setup(same([] { return sys::become_user(1000, 1001); }));
  t.expect_success("setns() by the same user", join(same));
  t.expect("CAP_SYS_ADMIN after it", same([] { return sys::has_capability(CAP_SYS_ADMIN); }), true);
  Actor other = t.spawn();
  setup(other([] { return sys::become_user(1001, 1000); }));
  t.expect_errno("setns() by another user", join(other), EPERM);
  Actor real = t.spawn();
  // The real id does not count.
  setup(real([] { return result_of(::setresuid(1000, 1001, 1001), "setresuid()"); }));
  t.expect_errno("setns() by another effective id", join(real), EPERM);
  // Kinship in the user namespace counts, not the id alone: a sibling's process is no parent's.
  Actor sibling = same.spawn();
  t.expect_errno("setns() again from inside", join(sibling), EINVAL);
}

}  // namespace
}  // namespace nsvet::probe
