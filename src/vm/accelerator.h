// Whether guests can run on the processor itself.
#pragma once

#include <chrono>

#include "model/error.h"
#include "vm/qemu.h"

namespace nsvet::vm {

/// Boots the machine under KVM until its init shows a sign of life. /dev/kvm may open, and create a
/// virtual processor, and still never boot an ordinary kernel: only a booted guest proves it.
/// @param machine its initramfs must hold our init
/// @return cannot_run with the reason when KVM does not boot it within `limit`
model::Result<void> kvm_boots(const Machine& machine,
                              std::chrono::seconds limit = std::chrono::seconds(30));

}  // namespace nsvet::vm
