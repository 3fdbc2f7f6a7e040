#include "measure/holder.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "measure/clock.h"
#include "sys/call.h"

namespace nsvet::measure {
namespace {

constexpr std::chrono::seconds kPatience{30};  // For all members; a loaded machine takes long.

}  // namespace

sys::Result<Holder> hold(std::uint64_t flags) {
  auto pipe = sys::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  auto child = sys::Child::spawn(
      [&] {
        pipe->write.reset();
        char end = 0;
        return ::read(pipe->read.get(), &end, 1) == 0 ? 0 : 1;
      },
      {.flags = flags});
  if (!child) return tl::unexpected(child.error());
  return Holder{std::move(*pipe), std::move(*child)};
}

int Crowd::member(void* orders) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  auto& told = *static_cast<Orders*>(orders);
  char byte = 0;
  if (told.wait_on < 0 || ::read(told.wait_on, &byte, 1) == 1) {
    if (told.flags != 0 && ::syscall(SYS_unshare, told.flags) != 0) told.failed = errno;
    ++told.done;
  }
  for (;;) ::pause();
}

sys::Result<> Crowd::start(int count, std::uint64_t flags) {
  const auto first = pids_.size();
  pids_.resize(first + static_cast<std::size_t>(count));
  stacks_.resize(pids_.size());
  for (auto i = first; i < pids_.size(); ++i) {
    stacks_[i] = std::make_unique<Stack>();
    const int pid =
        ::clone(member, stacks_[i]->end(), static_cast<int>(flags) | CLONE_VM | SIGCHLD, &orders_);
    if (pid < 0) {
      pids_.resize(i);
      return sys::last_error("clone({})", sys::clone_flags_text(flags));
    }
    pids_[i] = pid;
  }
  return {};
}

sys::Result<> Crowd::all_done() {
  const auto all = static_cast<int>(pids_.size());
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (orders_.done < all && std::chrono::steady_clock::now() < end) rest();
  if (orders_.failed == 0 && orders_.done == all) return {};
  errno = orders_.failed != 0 ? orders_.failed.load() : ETIMEDOUT;
  return sys::last_error("unshare({})", sys::clone_flags_text(orders_.flags));
}

sys::Result<> Crowd::add(int count, std::uint64_t flags) {
  orders_.flags = flags & CLONE_NEWTIME;
  if (auto started = start(count, flags & ~orders_.flags); !started) return started;
  return orders_.flags != 0 ? all_done() : sys::Result<>();
}

sys::Result<> Crowd::add_waiting(int count) {
  auto pipe = sys::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  go_ = std::move(*pipe);
  orders_.wait_on = go_.read.get();
  return start(count, 0);
}

sys::Result<> Crowd::unshare(std::uint64_t flags) {
  orders_.flags = flags;
  const std::string go(pids_.size(), 'g');
  if (auto told = sys::write_all(go_.write.get(), go); !told) return told;
  return all_done();
}

void Crowd::kill_all() {
  for (const pid_t pid : pids_) ::kill(pid, SIGKILL);
  for (const pid_t pid : pids_) {
    while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  pids_.clear();
}

void Crowd::end() {
  kill_all();
  stacks_.clear();
  orders_.flags = 0;
  orders_.wait_on = -1;
  orders_.done = 0;
  orders_.failed = 0;
  go_ = {};
}

}  // namespace nsvet::measure
