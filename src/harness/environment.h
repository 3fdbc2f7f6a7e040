// What the kernel under test says of itself and of its machine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "model/report.h"

namespace nsvet::harness {

/// Kernel and machine; emulator and programs are for the caller to fill in.
model::Environment local_environment();

/// @param version the text of /proc/version
/// @return the compiler that built the kernel and its version; empty where none is named
std::string compiler_of(std::string_view version);

/// user.max_*_namespaces, kernel.pid_max and others that decide what can be made.
std::map<std::string, std::int64_t> limits();

}  // namespace nsvet::harness
