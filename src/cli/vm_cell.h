// One cell of the matrix: the boots of one kernel as one user, and the report that they make.
#pragma once

#include <string>
#include <vector>

#include "model/error.h"
#include "model/report.h"
#include "vm/kernel_image.h"

namespace nsvet::cli {

struct VmCell {
  vm::KernelImage kernel;
  std::string user;                 ///< "root" or "nobody".
  model::Clock clock;               ///< insn: TCG with -icount; wall: KVM.
  std::vector<std::string> append;  ///< Boot parameters added to ours.
  std::vector<std::string> only;    ///< Globs of ids; none: all.
  bool full;                        ///< Also the points of the full profile.
  int samples;                      ///< Timed calls of each benchmark in each boot.
  int seed;                         ///< Of the first boot; the others follow it.
  bool explain = false;             ///< One more boot: benchmarks get profiles. Only insn.
};

/// Checks in one boot, benchmarks in three that differ in memory layout. What takes the kernel down
/// is a failed check or benchmark, and the rest goes on in another boot.
/// @param libexec as of libexec_folder()
/// @return bad_input when nothing matches; cannot_run when QEMU, or KVM for wall, does not work
model::Result<model::Report> run_vm_cell(const VmCell& cell, const std::string& libexec);

}  // namespace nsvet::cli
