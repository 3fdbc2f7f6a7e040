#include "vm/accelerator.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "sys/file.h"
#include "vm/boot.h"

namespace nsvet::vm {

model::Result<void> kvm_boots(const Machine& machine, std::chrono::seconds limit) {
  if (const auto device = sys::open("/dev/kvm", O_RDWR); !device) {
    return model::cannot_run(
        fmt::format("no KVM here: /dev/kvm: {}", sys::errno_name(device.error().number)));
  }
  Machine tried = machine;
  tried.accelerator = Accelerator::kvm;
  bool alive = false;
  const auto result =
      boot(tried,
           {.on_event = [&](const model::Event&, std::chrono::nanoseconds) { alive = true; },
            .stop = [&] { return alive; }},
           {.first_event = limit, .silence = limit});
  if (!result) return tl::unexpected(result.error());
  if (alive) return {};
  return model::cannot_run(
      fmt::format("KVM does not boot {}: {}", machine.kernel, result->end.message));
}

}  // namespace nsvet::vm
