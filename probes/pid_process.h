// What the checks of PID namespaces ask about processes.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "probe/check.h"

namespace nsvet::probe {

/// The process of a pidfd in the PID namespace of the caller's /proc: "Pid:" of its fdinfo.
/// 0: not visible there; -1: dead.
sys::Result<pid_t> pid_of_pidfd(int pidfd);

/// A line of /proc/PID/status without its name, fields parted by one space: "7 1" for NSpid.
/// @param proc where procfs is mounted
/// @param pid 0 for the caller
sys::Result<std::string> status_line(std::string_view name, pid_t pid = 0,
                                     std::string_view proc = "/proc");

/// Waits until the child has stopped, continued or ended, and reaps it in the last case.
/// @return "stopped by SIGSTOP", "continued", "killed by SIGKILL", "exit 0", or an errno
std::string wait_state(pid_t child);

/// Lets the caller live on when its parent ends.
void outlive_parent();

/// A procfs of the caller's PID namespace on /tmp, in a mount namespace of its own.
void mount_own_proc();

}  // namespace nsvet::probe
