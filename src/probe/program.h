// A program that a check starts with execve(2), to see what that call makes of a process.
#pragma once

#include <functional>
#include <string>

#include "sys/fd.h"
#include "sys/process.h"

namespace nsvet::probe {

/// Runs, but does not get far: it lists its checks into a pipe that nobody empties.
struct HeldProgram {
  sys::Child process;
  sys::Fd output;
};

/// Starts this program anew in a child.
/// @param path of a copy of it
/// @param before what the child does before execve(2)
/// @return when the new program runs
sys::Result<HeldProgram> execute(const std::string& path,
                                 const std::function<sys::Result<>()>& before,
                                 const sys::CloneOptions& options = {});
/// The same with /proc/self/exe.
sys::Result<HeldProgram> execute_self(const std::function<sys::Result<>()>& before,
                                      const sys::CloneOptions& options = {});

}  // namespace nsvet::probe
