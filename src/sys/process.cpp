#include "sys/process.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "sys/call.h"
#include "sys/file.h"

namespace nsvet::sys {

bool ExitStatus::exited(int code) const { return WIFEXITED(raw) && WEXITSTATUS(raw) == code; }
bool ExitStatus::killed(int signal) const { return WIFSIGNALED(raw) && WTERMSIG(raw) == signal; }

std::string signal_name(int signal) {
  if (const char* name = sigabbrev_np(signal)) return fmt::format("SIG{}", name);
  if (signal >= SIGRTMIN && signal <= SIGRTMAX)
    return fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  return fmt::format("signal {}", signal);
}

std::string to_string(ExitStatus status) {
  if (WIFEXITED(status.raw)) return fmt::format("exit {}", WEXITSTATUS(status.raw));
  if (WIFSIGNALED(status.raw)) return "killed by " + signal_name(WTERMSIG(status.raw));
  return fmt::format("status {:#x}", status.raw);
}

void die_with_parent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(126);
}

Result<Cloned> clone3(const CloneOptions& options) {
  int pidfd = -1;
  clone_args args{};
  args.flags = options.flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = static_cast<std::uint64_t>(options.exit_signal);
  if (options.cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(options.cgroup);
  }
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid < 0) return last_error("clone3({})", clone_flags_text(options.flags));
  return Cloned{static_cast<pid_t>(pid), Fd(pid > 0 ? pidfd : -1)};
}

Result<Child> Child::spawn(const std::function<int()>& body, const CloneOptions& options) {
  const pid_t self = ::getpid();
  auto cloned = clone3(options);
  if (!cloned) return tl::unexpected(cloned.error());
  if (cloned->pid == 0) {
    die_with_parent((options.flags & CLONE_NEWPID) != 0 ? 0 : self);
    ::_exit(body());
  }
  return Child(cloned->pid, std::move(cloned->pidfd));
}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  return *this;
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

Result<ExitStatus> Child::wait(std::chrono::milliseconds limit) {
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&ended, 1, static_cast<int>(limit.count()));
  if (ready < 0) return last_error("poll(pidfd of {})", pid_);
  if (ready == 0) return error(ETIMEDOUT, "wait for process {}", pid_);
  ExitStatus status;
  if (::waitpid(pid_, &status.raw, __WALL) < 0) return last_error("waitpid({})", pid_);
  pid_ = 0;
  return status;
}

Result<> Child::kill(int signal) const {
  if (::kill(pid_, signal) != 0) return last_error("kill({}, {})", pid_, signal_name(signal));
  return {};
}

Result<> stay_on_one_cpu() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &here);
  if (::sched_setaffinity(0, sizeof here, &here) != 0) return last_error("sched_setaffinity()");
  return {};
}

Result<> become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return last_error("PR_SET_CHILD_SUBREAPER");
  return {};
}

Result<std::vector<pid_t>> children_of(pid_t pid) {
  // /proc/PID/task/PID/children needs CONFIG_PROC_CHILDREN and misses some; the PPid lines do not.
  auto names = list_directory("/proc");
  if (!names) return tl::unexpected(names.error());
  std::vector<pid_t> children;
  for (const auto& name : *names) {
    pid_t candidate = 0;
    const auto* end = name.data() + name.size();
    if (std::from_chars(name.data(), end, candidate).ptr != end) continue;
    const auto status = read_file("/proc/" + name + "/stat");
    if (!status) continue;
    // The command name may hold anything, so look behind its last parenthesis: ") S PPID ...".
    const auto comm_end = status->rfind(')');
    if (comm_end == std::string::npos || comm_end + 4 >= status->size()) continue;
    pid_t parent = 0;
    std::from_chars(status->data() + comm_end + 4, status->data() + status->size(), parent);
    if (parent == pid) children.push_back(candidate);
  }
  return children;
}

void kill_all_children() {
  for (;;) {
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-1, nullptr, __WALL | WNOHANG)) > 0) {
    }
    // Most callers have none left, and need not look through all processes.
    if (reaped < 0 && errno == ECHILD) return;
    const auto children = children_of(::getpid());
    if (!children) return;
    for (const pid_t child : *children) ::kill(child, SIGKILL);
    ::waitpid(-1, nullptr, __WALL);
  }
}

}  // namespace nsvet::sys
