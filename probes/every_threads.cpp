// Namespaces belong to threads: what a thread of a process with others may do, and what it leaves.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "every.h"

namespace nsvet::probe {
namespace {

struct Threads {
  sys::NsIds caller;  ///< Of the thread that called.
  sys::NsIds child;   ///< Of a child of that thread.
  sys::NsIds other;   ///< Of the thread that did nothing, afterwards.
};

pid_t own_tid() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

// What the calling thread sees after its call.
sys::Result<Threads> look(pid_t other) {
  const auto child = ids_in([] { return ::fork(); });
  if (!child) return tl::unexpected(child.error());
  return Threads{sys::ns_ids(own_tid()), *child, sys::ns_ids(other)};
}

// Runs the call while a second thread lives.
template <class Call>
sys::Result<Threads> beside_a_thread(Call call) {
  std::promise<pid_t> started;
  std::promise<void> done;
  std::thread second([&] {
    started.set_value(own_tid());
    done.get_future().wait();
  });
  const pid_t tid = started.get_future().get();
  const auto seen = call().and_then([tid] { return look(tid); });
  done.set_value();
  second.join();
  return seen;
}

// Whether the link of the caller itself changes, and not that of its later children.
bool moves_the_caller(const NsTypeInfo& type) {
  return type.type != NsType::pid && type.type != NsType::time;
}

void expect_only_the_caller(Check& t, const NsTypeInfo& type, const Threads& seen,
                            const sys::NsIds& before) {
  const bool moves = moves_the_caller(type);
  expect_made(t, "it, for the caller", moves ? type.clone_flag : 0, seen.caller, before);
  expect_made(t, "it, for a child of the caller", type.clone_flag, seen.child, before);
  expect_made(t, "it, for the other thread", 0, seen.other, before);
}

NSVET_CHECK_EACH_TYPE(
    thread_unshares, {.id = "threads.unshare",
                      .title = "unshare({}) in a process with several threads",
                      .rule = "unshare({}) moves the calling thread only; CLONE_NEWUSER fails with "
                              "EINVAL in a multithreaded process",
                      .source = "unshare(2), user_namespaces(7)",
                      .needs = {Need::admin}}) {
  const auto before = sys::ns_ids();
  Actor actor = t.spawn();
  const auto seen = actor(
      [flag = type.clone_flag] { return beside_a_thread([flag] { return sys::unshare(flag); }); });
  if (type.type == NsType::user) {
    t.expect_errno("unshare(CLONE_NEWUSER) beside a thread", seen, EINVAL);
    t.expect("user namespace after it", of(ids_of_child(actor), NsType::user),
             of(before, NsType::user));
    Actor alone = t.spawn();
    t.expect_success("unshare(CLONE_NEWUSER) alone",
                     alone([] { return sys::unshare(CLONE_NEWUSER); }));
    return;
  }
  if (t.expect_success(fmt::format("unshare({}) beside a thread", type.flag_name), seen)) {
    expect_only_the_caller(t, type, *seen, before);
  }
}

NSVET_CHECK_EACH_TYPE(
    thread_joins, {.id = "threads.setns",
                   .title = "setns() in a process with several threads ({})",
                   .rule = "a multithreaded process cannot join a user (EINVAL), mount (EINVAL, "
                           "as its threads share root and working directory) or time "
                           "namespace (EUSERS); into others the calling thread moves",
                   .source = "setns(2)",
                   .needs = {Need::admin}}) {
  const auto before = sys::ns_ids();
  Actor holder = t.spawn({.flags = type.clone_flag});
  Actor actor = t.spawn();
  const int there = actor.give(setup(sys::open_ns(type.type, holder.pid())).get());
  const auto seen = actor([there, flag = type.clone_flag] {
    return beside_a_thread([there, flag] { return sys::setns(there, flag); });
  });
  const auto text = fmt::format("setns({}) beside a thread", type.flag_name);
  switch (type.type) {
    case NsType::user:
    case NsType::mnt:
      t.expect_errno(text, seen, EINVAL);
      break;
    case NsType::time:
      t.expect_errno(text, seen, EUSERS);
      break;
    default:
      if (t.expect_success(text, seen)) expect_only_the_caller(t, type, *seen, before);
      return;
  }
  expect_moved(t, "the refusal", 0, ids_of_child(actor), before, before);
  Actor alone = t.spawn();
  const int here = alone.give(setup(sys::open_ns(type.type, holder.pid())).get());
  t.expect_success("setns() alone",
                   alone([here, flag = type.clone_flag] { return sys::setns(here, flag); }));
}

NSVET_CHECK(thread_flags,
            {.id = "every.threads.unshare_flags",
             .title = "unshare() cannot unshare what makes threads",
             .rule = "CLONE_THREAD, CLONE_SIGHAND and CLONE_VM fail with EINVAL in a multithreaded "
                     "process, and do nothing in another",
             .source = "unshare(2)"}) {
  for (const std::uint64_t flag :
       {std::uint64_t{CLONE_THREAD}, std::uint64_t{CLONE_SIGHAND}, std::uint64_t{CLONE_VM}}) {
    Actor actor = t.spawn();
    const auto text = fmt::format("unshare({})", sys::clone_flags_text(flag));
    t.expect_success(text + " alone", actor([flag] { return sys::unshare(flag); }));
    t.expect_errno(text + " beside a thread",
                   actor([flag] { return beside_a_thread([flag] { return sys::unshare(flag); }); }),
                   EINVAL);
  }
}

NSVET_CHECK_EACH_TYPE(leader_moves,
                      {.id = "threads.links",
                       .title = "/proc/PID/ns shows the main thread, /proc/PID/task/TID/ns each "
                                "({})",
                       .rule = "threads of one process may be in different namespaces of the types "
                               "that a thread can change: /proc/PID/task/TID/ns shows each one's",
                       .source = "namespaces(7), proc(5)",
                       .needs = {Need::admin}}) {
  const auto before = sys::ns_ids();
  Actor actor = t.spawn();
  const auto seen = actor([flag = type.clone_flag] {
    sys::Result<Threads> ids;
    std::thread([&] { ids = sys::unshare(flag).and_then([] { return look(::getpid()); }); }).join();
    return ids;
  });
  if (type.type == NsType::user) {
    t.expect_errno("unshare(CLONE_NEWUSER) by the second thread", seen, EINVAL);
    return;
  }
  expect_only_the_caller(t, type, require(seen), before);
  expect_moved(t, "it, for a child of the main thread", 0, ids_of_child(actor), before, before);
}

}  // namespace
}  // namespace nsvet::probe
