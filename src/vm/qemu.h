// The emulator's command line. Every flag that shapes a figure is in it, and goes into the report.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/benchmark.h"

namespace nsvet::vm {

/// What differs between the boots of one cell: memory layout moves figures, so a figure is made
/// from several.
struct Perturbation {
  int seed = 1;
  bool kaslr = false;
  std::string padding;  ///< A meaningless word on the command line.
  std::string label() const;
};

enum class Accelerator {
  icount,  ///< TCG with -icount: exact, on any machine.
  kvm,     ///< The processor itself: for wall-clock figures.
  tcg,     ///< Plain emulation: faster than icount, and no figure means anything.
};

struct Machine {
  std::string kernel;  ///< Path of the bzImage.
  std::string initramfs;
  std::vector<std::string> append;  ///< Boot parameters added to ours.
  Perturbation perturbation;
  Accelerator accelerator = Accelerator::icount;
  int memory_mib = 512;
  std::string plugin{};  ///< A TCG plugin and its arguments, as -plugin takes them; empty for none.
};

/// The I/O port that the guest writes events to: no driver, no interrupt, no module.
inline constexpr unsigned kEventPort = 0xe9;

/// @param events_fd, console_fd descriptors that QEMU inherits
std::vector<std::string> qemu_arguments(const Machine& machine, int events_fd, int console_fd);

/// What a figure's identity is made of, by name; the same for all boots that may be compared.
std::map<std::string, std::string> identity(const Machine& machine, const std::string& version);

}  // namespace nsvet::vm
