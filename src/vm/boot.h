// One boot of one guest, from QEMU's start to its end.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "model/event.h"
#include "model/report.h"
#include "vm/qemu.h"

namespace nsvet::vm {

/// Time in which QEMU waits for a processor of a busy host does not count.
struct BootLimits {
  std::chrono::seconds first_event{120};  ///< From QEMU's start to the guest's first line.
  std::chrono::seconds silence{150};      ///< Between two lines of the guest.
  /// The same after an oops: who waits for what the dead task held waits for ever.
  std::chrono::seconds silence_after_oops{30};
};

struct BootResult {
  model::End end;
  std::vector<model::KernelMessage> kernel_log;
  std::chrono::milliseconds to_first_event{0};
  std::chrono::milliseconds total{0};
  std::chrono::milliseconds cpu{0};  ///< Processor time that the emulator took.
};

struct BootHooks {
  /// @param spent processor time of the emulator until then: on a busy host the clock says little
  std::function<void(const model::Event&, std::chrono::nanoseconds spent)> on_event;
  std::function<bool()> stop;  ///< Asked a few times a second; true ends the guest.
};

/// Boots the machine and listens until its end record, its death or a deadline. QEMU is dead and
/// reaped when this returns, and dies with this process whatever kills it.
/// @return cannot_run only when QEMU could not be started; all else is a result
model::Result<BootResult> boot(const Machine& machine, const BootHooks& hooks,
                               const BootLimits& limits = {});

/// @return the first line of `qemu-system-x86_64 --version`
model::Result<std::string> qemu_version();

}  // namespace nsvet::vm
