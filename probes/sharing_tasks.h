// Which struct nsproxy each task has, from a BPF task iterator.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>

namespace nsvet::probe {

/// Asks the kernel anew each time.
/// @return the address of each task's nsproxy, by its id in the initial PID namespace
/// @throws Abort (skip) with the reason where the kernel or our privilege does not allow it
std::map<pid_t, std::uint64_t> nsproxies();

}  // namespace nsvet::probe
