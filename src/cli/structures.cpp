#include "cli/structures.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "inspect/structures.h"
#include "sys/file.h"
#include "vm/vmlinux.h"

namespace nsvet::cli {

model::Result<std::vector<model::Structure>> structures_of(const vm::KernelImage& kernel) {
  const auto image = sys::read_file(kernel.image, 256U << 20);
  if (!image) return model::cannot_run(to_string(image.error()));
  const auto elf = vm::vmlinux_in(*image, kernel.spec);
  if (!elf) return tl::unexpected(elf.error());
  const sys::Fd file(::memfd_create("vmlinux", MFD_CLOEXEC));
  if (!file || !sys::write_all(file.get(), *elf)) {
    return model::cannot_run("no memory for the unpacked kernel");
  }
  auto structures = inspect::structures_of(fmt::format("/proc/self/fd/{}", file.get()));
  if (!structures) {
    return model::cannot_run(fmt::format("{}: {}", kernel.spec, structures.error().message));
  }
  return structures;
}

}  // namespace nsvet::cli
