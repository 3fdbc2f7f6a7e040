// A boot under the plugin that writes down what is executed, and what comes of it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/cell.h"
#include "explain/print.h"
#include "harness/runner.h"
#include "model/error.h"
#include "vm/boot.h"
#include "vm/kernel_image.h"

namespace nsvet::cli {

struct ExplainBoot {
  vm::KernelImage kernel;
  std::vector<std::string> append{};  ///< Boot parameters added to ours.
  harness::RunPlan plan{};            ///< Checks are not run.
  int seed = 1;
  std::function<bool()> stop{};  ///< As of vm::BootHooks.
};

struct ExplainedBoot {
  std::vector<explain::Explained> explained;         ///< In the order in which they were run.
  std::map<std::string, std::string> not_explained;  ///< Benchmarks, and why.
  vm::BootResult result;
};

/// Explains of each benchmark that the plan selects the call whose cost is the median.
/// @param libexec as of libexec_folder()
/// @return cannot_run when QEMU or the plugin does not work; how the guest ended is in the result
model::Result<ExplainedBoot> explain_boot(const ExplainBoot& wanted, const std::string& libexec);

}  // namespace nsvet::cli
