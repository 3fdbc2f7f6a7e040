#include "vm/qemu.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nsvet::vm {
namespace {

// microvm boots three times faster than pc. Without ACPI a guest ends by a triple fault.
constexpr const char* kMachine = "microvm,acpi=off,pit=on,pic=on,rtc=on,isa-serial=on";
// A named model, the same on every host. Without ERMS and FSRM the kernel clears pages by words:
// REP counts once an iteration here, and by bytes a page would weigh 4096 instructions.
constexpr const char* kCpu = "Nehalem";
constexpr const char* kIcount = "shift=0,sleep=off";
constexpr const char* kRtc = "base=2024-01-01T00:00:00,clock=vm";

std::string command_line(const Machine& machine) {
  // norandmaps: address-space randomisation of the programs alone moves fork by a tenth.
  std::string line =
      "console=ttyS0 loglevel=4 panic=-1 reboot=t norandmaps nolapic_timer no_timer_check "
      "random.trust_cpu=on rdinit=/init";
  if (!machine.perturbation.kaslr) line += " nokaslr";
  if (!machine.perturbation.padding.empty()) line += " " + machine.perturbation.padding;
  for (const auto& word : machine.append) line += " " + word;
  return line;
}

}  // namespace

std::string Perturbation::label() const {
  return fmt::format("seed={},kaslr={}{}", seed, kaslr ? "on" : "off",
                     padding.empty() ? "" : ",padding=" + std::to_string(padding.size()));
}

std::vector<std::string> qemu_arguments(const Machine& machine, int events_fd, int console_fd) {
  return {"qemu-system-x86_64",
          "-nodefaults",
          "-no-user-config",
          "-no-reboot",
          "-display",
          "none",
          "-accel",
          "tcg,thread=single",
          "-M",
          kMachine,
          "-cpu",
          kCpu,
          "-smp",
          "1",
          "-m",
          fmt::format("{}M", machine.memory_mib),
          "-icount",
          kIcount,
          "-rtc",
          kRtc,
          "-seed",
          std::to_string(machine.perturbation.seed),
          "-kernel",
          machine.kernel,
          "-initrd",
          machine.initramfs,
          "-append",
          command_line(machine),
          "-chardev",
          fmt::format("file,id=console,path=/dev/fd/{}", console_fd),
          "-serial",
          "chardev:console",
          "-chardev",
          fmt::format("file,id=events,path=/dev/fd/{}", events_fd),
          "-device",
          fmt::format("isa-debugcon,iobase={:#x},chardev=events", kEventPort)};
}

std::map<std::string, std::string> identity(const Machine& machine, const std::string& version) {
  Machine plain = machine;
  plain.perturbation = {};
  return {{"version", version},
          {"accel", "tcg,thread=single"},
          {"machine", kMachine},
          {"cpu", kCpu},
          {"smp", "1"},
          {"memory", fmt::format("{}M", machine.memory_mib)},
          {"icount", kIcount},
          {"rtc", kRtc},
          {"cmdline", command_line(plain)}};
}

}  // namespace nsvet::vm
