#include "measure/holder.h"

#include <linux/sched.h>
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

sys::Result<> Crowd::add(int count, std::uint64_t flags) {
  pids_.reserve(pids_.size() + static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    clone_args args{};
    args.flags = flags;
    args.exit_signal = SIGCHLD;
    const long pid = ::syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) return sys::last_error("clone3({})", sys::clone_flags_text(flags));
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      for (;;) ::pause();
    }
    pids_.push_back(static_cast<pid_t>(pid));
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
}

}  // namespace nsvet::measure
