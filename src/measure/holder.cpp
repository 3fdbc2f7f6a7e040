#include "measure/holder.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "sys/call.h"

namespace nsvet::measure {

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

namespace {

int hold_still(void*) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  for (;;) ::pause();
}

}  // namespace

sys::Result<> Crowd::add(int count, std::uint64_t flags) {
  const auto first = pids_.size();
  pids_.resize(first + static_cast<std::size_t>(count));
  stacks_.resize(pids_.size());
  for (auto i = first; i < pids_.size(); ++i) {
    long pid = -1;
    if (share_memory_) {
      stacks_[i] = std::make_unique<Stack>();
      pid = ::clone(hold_still, stacks_[i]->end(), static_cast<int>(flags) | CLONE_VM | SIGCHLD,
                    nullptr);
    } else {
      clone_args args{};
      args.flags = flags;
      args.exit_signal = SIGCHLD;
      pid = ::syscall(SYS_clone3, &args, sizeof args);
      if (pid == 0) ::_exit(hold_still(nullptr));
    }
    if (pid < 0) {
      pids_.resize(i);
      return sys::last_error("clone({})", sys::clone_flags_text(flags));
    }
    pids_[i] = static_cast<pid_t>(pid);
  }
  return {};
}

void Crowd::end() {
  for (const pid_t pid : pids_) ::kill(pid, SIGKILL);
  for (const pid_t pid : pids_) {
    while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  pids_.clear();
  stacks_.clear();
}

}  // namespace nsvet::measure
