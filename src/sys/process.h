// Child processes: started, waited for with a deadline, and never left behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sys/error.h"
#include "sys/fd.h"

namespace nsvet::sys {

/// How a process ended: a wait status, see wait(2).
struct ExitStatus {
  int raw = 0;

  bool exited(int code) const;
  bool killed(int signal) const;
  bool success() const { return exited(0); }
};

/// @return "exit 0" or "killed by SIGKILL"
std::string to_string(ExitStatus status);

/// @return "SIGTERM", "SIGRTMIN+2"
std::string signal_name(int signal);

/// Kills the caller when its parent dies; exits at once when the parent is dead already.
/// PR_SET_PDEATHSIG(2const): fork(2) and changes of credentials clear it, so call it after them.
/// @param parent the parent's PID as the caller sees it; 0 when it is in an outer PID namespace
void die_with_parent(pid_t parent);

/// Arguments of clone3(2), as far as we use them.
struct CloneOptions {
  std::uint64_t flags = 0;  ///< CLONE_*; CLONE_PIDFD is added.
  int exit_signal = SIGCHLD;
  int cgroup = -1;  ///< A cgroup2 directory for CLONE_INTO_CGROUP.
};

struct Cloned {
  pid_t pid = 0;  ///< 0 in the child.
  Fd pidfd;
};

/// clone3(2), returning twice like fork(2). The caller must be single-threaded.
Result<Cloned> clone3(const CloneOptions& options);

/// A child of this process. On destruction it is killed and reaped.
class Child {
 public:
  /// Runs `body` in a clone3(2) child that dies with its parent.
  /// @return the child; in the child `body`'s result is its exit code
  static Result<Child> spawn(const std::function<int()>& body, const CloneOptions& options = {});
  /// Takes over a child that was started otherwise.
  Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child() = default;
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  /// Leaves killing and reaping to the caller.
  pid_t release() { return std::exchange(pid_, 0); }
  int pidfd() const { return pidfd_.get(); }

  /// @return its status, after which it is gone; ETIMEDOUT when it still runs after `limit`
  Result<ExitStatus> wait(std::chrono::milliseconds limit);
  Result<> kill(int signal) const;

 private:
  pid_t pid_ = 0;
  Fd pidfd_;
};

/// Keeps the caller, and the children that it makes from now on, on the CPU that it is on.
Result<> stay_on_one_cpu();

/// Makes orphaned descendants our children, see PR_SET_CHILD_SUBREAPER(2const).
Result<> become_subreaper();

/// Kills and reaps all children, and the children that they leave to us, until none is left.
/// Works for a subreaper and for PID 1.
void kill_all_children();

/// PIDs of our children now, from /proc.
Result<std::vector<pid_t>> children_of(pid_t pid);

}  // namespace nsvet::sys
