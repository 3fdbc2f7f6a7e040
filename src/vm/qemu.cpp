#include "vm/qemu.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nsvet::vm {
namespace {

// Every flag that shapes a figure and is the same for all boots of one accelerator.
struct Platform {
  const char* machine;
  const char* cpu;
  std::vector<std::string> accelerator;
  const char* parameters;  ///< Of the kernel.
};

const Platform& platform(Accelerator accelerator) {
  // microvm boots three times faster than pc; without ACPI a guest ends by a triple fault. A named
  // CPU model, the same on every host, without ERMS and FSRM: the kernel then clears pages by
  // words; REP counts once an iteration here, and by bytes a page would weigh 4096 instructions.
  // Calibrating the APIC timer takes ten seconds under icount. RCU callbacks run in a task: what
  // they do to free a namespace is then told by /proc/schedstat, and falls into no timed call. This
  // CPU would need page tables of the kernel's own (PTI), which today's do not: each system call
  // would flush the emulator's TLB, which takes ten times as long as the call itself. RDRAND, whose
  // numbers are the seed's: they place the kernel (KASLR), and without it each random number of the
  // boot would cost a hash of all that was gathered, a quarter of the boot. The kernel's tests of
  // its ciphers and of its jitter, and the names of trace events, would be a third. Slabs that hold
  // many objects: which of a process's calls is the one that finds its slab full, or empty, depends
  // on what the boot did before, and large slabs are seldom either. Hash tables in which names
  // seldom meet.
  static const Platform kIcount{
      "microvm,acpi=off,pit=on,pic=on,rtc=on,isa-serial=on",
      "Nehalem,rdrand=on",
      {"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off,rr=record,rrfile=/dev/null",
       "-rtc", "base=2024-01-01T00:00:00,clock=vm"},
      "nolapic_timer no_timer_check rcutree.use_softirq=0 pti=off "
      "cryptomgr.notests=1 initcall_blacklist=jent_mod_init,trace_eval_init slub_min_order=2 "
      "slub_max_order=5 slub_min_objects=128 "
      "dhash_entries=1048576 ihash_entries=262144 mhash_entries=65536 mphash_entries=65536"};
  static const Platform kKvm{"pc", "host", {"-accel", "kvm"}, ""};
  // Page tables of their own for the kernel (PTI) make system calls dear to emulate.
  static const Platform kTcg{"pc", "Nehalem", {"-accel", "tcg"}, "no_timer_check mitigations=off"};
  switch (accelerator) {
    case Accelerator::kvm:
      return kKvm;
    case Accelerator::tcg:
      return kTcg;
    case Accelerator::icount:
      break;
  }
  return kIcount;
}

std::string command_line(const Machine& machine) {
  // norandmaps: address-space randomisation of the programs alone moves fork by a tenth.
  std::string line = fmt::format(
      "console=ttyS0 loglevel=4 panic=-1 reboot=t norandmaps {} random.trust_cpu=on rdinit=/init",
      platform(machine.accelerator).parameters);
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
  const Platform& on = platform(machine.accelerator);
  std::vector<std::string> words{"qemu-system-x86_64",
                                 "-nodefaults",
                                 "-no-user-config",
                                 "-no-reboot",
                                 "-display",
                                 "none",
                                 "-M",
                                 on.machine,
                                 "-cpu",
                                 on.cpu,
                                 "-smp",
                                 "1"};
  words.insert(words.end(), on.accelerator.begin(), on.accelerator.end());
  const std::vector<std::string> own{
      "-m",       fmt::format("{}M", machine.memory_mib),
      "-seed",    std::to_string(machine.perturbation.seed),
      "-kernel",  machine.kernel,
      "-initrd",  machine.initramfs,
      "-append",  command_line(machine),
      "-chardev", fmt::format("file,id=console,path=/dev/fd/{}", console_fd),
      "-serial",  "chardev:console",
      "-chardev", fmt::format("file,id=events,path=/dev/fd/{}", events_fd),
      "-device",  fmt::format("isa-debugcon,iobase={:#x},chardev=events", kEventPort)};
  words.insert(words.end(), own.begin(), own.end());
  if (!machine.plugin.empty()) words.insert(words.end(), {"-plugin", machine.plugin});
  return words;
}

std::map<std::string, std::string> identity(const Machine& machine, const std::string& version) {
  Machine plain = machine;
  plain.perturbation = {};
  const Platform& on = platform(machine.accelerator);
  return {{"version", version},
          {"machine", on.machine},
          {"cpu", on.cpu},
          {"smp", "1"},
          {"memory", fmt::format("{}M", machine.memory_mib)},
          {"accelerator", fmt::format("{}", fmt::join(on.accelerator, " "))},
          {"cmdline", command_line(plain)}};
}

}  // namespace nsvet::vm
