// Runs sequences of operations in guests of one kernel.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "explore/difference.h"
#include "model/error.h"
#include "model/event.h"
#include "vm/initramfs.h"
#include "vm/kernel_image.h"
#include "vm/qemu.h"

namespace nsvet::cli {

class ExploreGuest {
 public:
  struct Options {
    std::vector<std::string> append;  ///< Boot parameters added to ours.
    int seed = 1;
    std::string plugin{};  ///< As of vm::Machine.
    bool symbols = false;  ///< The guest tells its kernel's symbols: that takes it some seconds.
    std::function<void(const model::Event&)> on_event{};
  };
  static model::Result<ExploreGuest> create(const std::string& kernel, Options options);

  const vm::KernelImage& kernel() const { return kernel_; }

  /// Leaves out modules that the other one lacks: that packages differ says nothing of kernels.
  void share_modules(const ExploreGuest& other);

  /// Runs what it can until the time is over. A guest that dies is a result: the sequence that ran
  /// then says so, and those behind it are run in another boot.
  /// @param disturbance of the memory layout: boots that differ in it are not alike
  /// @param show live progress on stderr
  model::Result<explore::Traces> run(const std::vector<explore::Sequence>& sequences,
                                     int disturbance, std::optional<std::chrono::seconds> time,
                                     bool show) const;

 private:
  ExploreGuest(vm::KernelImage kernel, Options options)
      : kernel_(std::move(kernel)), options_(std::move(options)) {}
  vm::KernelImage kernel_;
  Options options_;
  std::vector<vm::GuestFile> files_;
};

}  // namespace nsvet::cli
