// clone(2), clone3(2) and unshare(2): which flags and arguments they take, and what they refuse.
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>

#include "every.h"
#include "sys/credentials.h"

namespace nsvet::probe {
namespace {

NSVET_CHECK(nothing, {.id = "every.unshare.nothing",
                      .title = "unshare(0) does nothing",
                      .rule = "with no flag unshare(2) succeeds and changes no namespace",
                      .source = "unshare(2)"}) {
  const auto before = sys::ns_ids();
  Actor actor = t.spawn();
  t.expect_success("unshare(0)", actor([] { return sys::unshare(0); }));
  expect_moved(t, "unshare(0)", 0, ids_of_child(actor), before, before);
  t.expect_success("unshare(CLONE_FS|CLONE_FILES|CLONE_SYSVSEM)",
                   actor([] { return sys::unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM); }));
  expect_moved(t, "unshare() without CLONE_NEW*", 0, ids_of_child(actor), before, before);
}

// UNSHARE_EMPTY_MNTNS of Linux 7.1 has the bit of CLONE_PARENT_SETTID.
constexpr std::uint64_t kUnshareKnows = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                        CLONE_THREAD | CLONE_SYSVSEM | CLONE_NEWNS | CLONE_NEWUTS |
                                        CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
                                        CLONE_NEWCGROUP | CLONE_NEWTIME | CLONE_PARENT_SETTID;

NSVET_CHECK(unknown_bits,
            {.id = "every.unshare.unknown_bits",
             .title = "unshare() refuses every bit that it does not know",
             .rule = "an invalid bit fails with EINVAL, also beside a valid one, and nothing "
                     "changes",
             .source = "unshare(2)",
             .needs = {Need::admin}}) {
  const auto before = sys::ns_ids();
  Actor actor = t.spawn();
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t flag = std::uint64_t{1} << bit;
    if ((flag & kUnshareKnows) != 0) continue;
    t.expect_errno(fmt::format("unshare({:#x})", flag),
                   actor([flag] { return sys::unshare(flag); }), EINVAL);
    t.expect_errno(fmt::format("unshare(CLONE_NEWUTS|{:#x})", flag),
                   actor([flag] { return sys::unshare(flag | CLONE_NEWUTS); }), EINVAL);
  }
  expect_moved(t, "the refusals", 0, ids_of_child(actor), before, before);
  // The valid one alone is no such bit.
  actor([] { enter_new(CLONE_NEWUTS); });
}

sys::Result<sys::NsIds> ids_in_clone3(const clone_args& args,
                                      std::size_t size = sizeof(clone_args)) {
  return ids_in([&] { return ::syscall(SYS_clone3, &args, size); });
}

clone_args arguments(std::uint64_t flags, std::uint64_t exit_signal = SIGCHLD) {
  clone_args args{};
  args.flags = flags;
  args.exit_signal = exit_signal;
  return args;
}

NSVET_CHECK(clone3_refuses,
            {.id = "every.clone3.refuses",
             .title = "clone3() refuses flags and arguments that make no sense",
             .rule = "flags that are unknown, below CLONE_NEWTIME or CLONE_DETACHED, CLONE_SIGHAND "
                     "without CLONE_VM, CLONE_THREAD without CLONE_SIGHAND, a bad exit signal or "
                     "stack fail with EINVAL",
             .source = "clone(2)",
             .needs = {Need::admin},
             .since = "5.3"}) {
  constexpr std::uint64_t kUts = CLONE_NEWUTS;
  Actor actor = t.spawn();
  auto refused = [&](std::string_view what, const clone_args& args) {
    t.expect_errno(what, actor([args] { return ids_in_clone3(args); }), EINVAL);
  };
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t flag = std::uint64_t{1} << bit;
    const bool exit_signal_bits = flag < CLONE_NEWTIME;
    // Flags up to bit 37 have a meaning on some kernel.
    if (!exit_signal_bits && flag != CLONE_DETACHED && bit < 38) continue;
    refused(fmt::format("flag {:#x}", flag), arguments(kUts | flag));
  }
  refused("CLONE_SIGHAND alone", arguments(kUts | CLONE_SIGHAND));
  refused("CLONE_THREAD|CLONE_VM", arguments(CLONE_THREAD | CLONE_VM, 0));
  refused("exit signal 65", arguments(kUts, 65));
  refused("exit signal with another bit", arguments(kUts, SIGCHLD | 0x100));
  refused("exit signal of a sibling", arguments(kUts | CLONE_PARENT));
  clone_args stack = arguments(kUts);
  stack.stack_size = 4096;
  refused("stack size without a stack", stack);
  stack = arguments(kUts);
  stack.stack = 4096;
  refused("stack without a size", stack);
  const auto made = actor([] { return ids_in_clone3(arguments(kUts)); });
  expect_made(t, "clone3(CLONE_NEWUTS)", kUts, require(made), sys::ns_ids());
}

NSVET_CHECK(clone3_sizes,
            {.id = "every.clone3.sizes",
             .title = "clone3() takes the sizes of struct clone_args that it knows, and tails of "
                      "zeros",
             .rule = "a size below 64 fails with EINVAL, one beyond a page or with a tail that is "
                     "not zero with E2BIG, an unreadable address with EFAULT",
             .source = "clone(2)",
             .needs = {Need::admin},
             .since = "5.3"}) {
  // Room for what comes after the structure.
  struct Long {
    clone_args args;
    std::array<std::uint64_t, 8> tail;
  };
  const auto ours = sys::ns_ids();
  Actor actor = t.spawn();
  auto with = [&](std::size_t size, std::uint64_t tail) {
    return actor([size, tail] {
      const Long given{arguments(CLONE_NEWUTS), {tail}};
      return ids_in_clone3(given.args, size);
    });
  };
  auto expect_new = [&](const std::string& what, const sys::Result<sys::NsIds>& made) {
    if (t.expect_success(what, made)) expect_made(t, what, CLONE_NEWUTS, *made, ours);
  };
  for (const std::size_t size : {0U, 8U, 56U, 63U}) {
    t.expect_errno(fmt::format("size {}", size), with(size, 0), EINVAL);
  }
  for (const std::size_t size : {64U, 80U, 88U}) {
    expect_new(fmt::format("size {}", size), with(size, 0));
  }
  expect_new("a tail of zeros", with(sizeof(Long), 0));
  t.expect_errno("a tail that is not zero", with(sizeof(Long), 1), E2BIG);
  t.expect_errno("more than a page", with(65536 + 8, 0), E2BIG);
  t.expect_errno("no structure", actor([]() -> sys::Result<> {
                   if (::syscall(SYS_clone3, nullptr, sizeof(clone_args)) < 0)
                     return sys::last_error("clone3()");
                   return {};
                 }),
                 EFAULT);
}

NSVET_CHECK_EACH_TYPE(
    clone_moves, {.id = "clone.moves",
                  .title = "clone({}) makes a new namespace of this type only",
                  .rule = "a child made by clone(2) with {} is in a new namespace of this type "
                          "and in its parent's of all others; CLONE_NEWTIME is no flag of "
                          "clone(2), for it lies in the bits of the exit signal",
                  .source = "clone(2)",
                  .needs = {Need::admin}}) {
  const auto ours = sys::ns_ids();
  Actor actor = t.spawn();
  const auto cloned = actor([flag = type.clone_flag] {
    return ids_in([flag] { return ::syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0); });
  });
  if (type.type == NsType::time) {
    // It is one of clone3(2).
    t.spawn({.flags = type.clone_flag});
    // Later kernels refuse the exit signal that it would be.
    t.fact("clone_newtime", sys::outcome(cloned));
    if (!cloned) {
      t.expect_errno("clone(CLONE_NEWTIME)", cloned, EINVAL);
      return;
    }
  }
  const std::uint64_t made = type.type == NsType::time ? 0 : type.clone_flag;
  expect_made(t, "clone(), in the child", made, require(cloned), ours);
  expect_moved(t, "clone()", 0, actor([] { return sys::ns_ids(); }), ours, ours);
}

NSVET_CHECK_EACH_TYPE(clone3_leaves_others,
                      {.id = "clone3.leaves_others",
                       .title = "clone3({}) makes no other namespace",
                       .rule = "a child made with {} is in its parent's namespaces of other types",
                       .source = "clone(2)",
                       .needs = {Need::admin}}) {
  const auto ours = sys::ns_ids();
  Actor child = t.spawn({.flags = type.clone_flag});
  const auto theirs = child([] { return sys::ns_ids(); });
  t.expect_differ("namespace of the child", of(theirs, type.type), of(ours, type.type));
  expect_moved(t, "clone3()", type.clone_flag, theirs, theirs, ours);
}

NSVET_CHECK(good_combinations,
            {.id = "every.clone3.good_combinations",
             .title = "Namespaces can be made by siblings, and by threads of their own",
             .rule = "CLONE_NEWPID with CLONE_PARENT succeeds, and CLONE_NEWUTS with CLONE_FS, "
                     "CLONE_FILES and CLONE_SYSVSEM",
             .source = "clone(2), kernel/fork.c",
             .needs = {Need::admin},
             .since = "5.3"}) {
  const auto ours = sys::ns_ids();
  Actor actor = t.spawn();
  auto expect_new = [&](const std::string& call, const clone_args& args) {
    const auto made = actor([args] { return ids_in_clone3(args); });
    if (t.expect_success(call, made)) expect_made(t, call, args.flags, *made, ours);
  };
  for (const std::uint64_t flags :
       {std::uint64_t{CLONE_NEWUTS | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM},
        std::uint64_t{CLONE_NEWPID | CLONE_FS | CLONE_FILES},
        std::uint64_t{CLONE_NEWNET | CLONE_FS}, std::uint64_t{CLONE_NEWNS | CLONE_FILES}}) {
    expect_new(fmt::format("clone3({})", sys::clone_flags_text(flags)), arguments(flags));
  }
  expect_new("clone3(CLONE_NEWPID|CLONE_PARENT)", arguments(CLONE_NEWPID | CLONE_PARENT, 0));
}

NSVET_CHECK_EACH_TYPE(unshare_twice,
                      {.id = "unshare.twice",
                       .title = "A second unshare({}) gives a third namespace",
                       .rule = "unshare({}) may be repeated, each time with a new namespace; but "
                               "for CLONE_NEWPID, which fails with EINVAL",
                       .source = "unshare(2), pid_namespaces(7)",
                       .needs = {Need::admin}}) {
  Actor actor = t.spawn();
  // Without a map the caller has no id in the new user namespace, and cannot make another.
  const auto unshare = [flag = type.clone_flag] {
    return flag == CLONE_NEWUSER ? sys::enter_own_user_namespace() : sys::unshare(flag);
  };
  require(actor(unshare));
  if (type.type == NsType::pid) {
    t.expect_errno("second unshare(CLONE_NEWPID)", actor(unshare), EINVAL);
    return;
  }
  const auto first = ids_of_child(actor);
  t.expect_success("second unshare()", actor(unshare));
  const auto second = ids_of_child(actor);
  t.expect_differ("identity after the second", of(second, type.type), of(first, type.type));
  expect_moved(t, "the second", type.clone_flag, second, second, first);
}

}  // namespace
}  // namespace nsvet::probe
