// Loaded into QEMU: writes down where the kernel has been, from the first instruction of a program
// on.
//
//   -plugin FILE,cover=FD[,marks=on]
//
// FD is a memory file: QEMU may be killed at any moment, and what is in it stays; the next one goes
// on behind it. It holds 64-bit words: how many follow, and the address of each translated block
// that was executed. With marks, there is a zero where a program has executed one, and from there
// on each block counts anew.
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "explain/symbols.h"
#include "model/mark.h"
#include "plugin/interface.h"

namespace nsvet::plugin {
namespace {

struct Block {
  std::uint64_t address;
  std::uint64_t reached = 0;  ///< Behind how many marks it was reached last, plus one.
};

// They live as long as QEMU may call back for them, which is as long as QEMU.
std::unordered_map<std::uint64_t, Block> blocks;
std::uint64_t* coverage = nullptr;
std::uint64_t room = 0;
std::uint64_t now = 1;
bool with_marks = false;
bool copies = false;

void write_down(std::uint64_t word) {
  if (coverage[0] == room) return;
  coverage[1 + coverage[0]] = word;
  ++coverage[0];
}

void on_execution(unsigned, void* data) {
  auto& block = *static_cast<Block*>(data);
  if (block.reached == now) return;
  block.reached = now;
  write_down(block.address);
}

void on_mark(unsigned, void*) {
  ++now;
  write_down(0);
}

bool is_mark(const qemu_plugin_insn* insn) {
  unsigned char bytes[sizeof model::kMark];
  if (qemu_plugin_insn_size(insn) != sizeof bytes) return false;
  const void* code = qemu_plugin_insn_data(insn, bytes, sizeof bytes);
  return std::memcmp(copies ? bytes : code, model::kMark, sizeof bytes) == 0;
}

void watch_block(qemu_plugin_tb* tb) {
  const auto address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
  if (explain::is_kernel(address)) {
    auto& block = blocks.try_emplace(address, Block{address}).first->second;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_execution, QEMU_PLUGIN_CB_NO_REGS, &block);
    return;
  }
  if (!with_marks) return;
  for (std::size_t i = 0; i < qemu_plugin_tb_n_insns(tb); ++i) {
    qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
    if (!is_mark(insn)) continue;
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS, nullptr);
  }
}

bool open_coverage(int fd) {
  struct stat file {};
  if (::fstat(fd, &file) != 0 || file.st_size < 4096) return false;
  const auto size = static_cast<std::size_t>(file.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  coverage = static_cast<std::uint64_t*>(memory);
  room = size / sizeof(std::uint64_t) - 1;
  return true;
}

}  // namespace
}  // namespace nsvet::plugin

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
  using namespace nsvet::plugin;
  constexpr std::string_view kCover = "cover=";
  const std::string_view argument = argc > 0 ? argv[0] : "";
  if (!argument.starts_with(kCover) || !open_coverage(std::atoi(argv[0] + kCover.size()))) {
    qemu_plugin_outs("nsvet: the plugin needs cover=FD, a memory file\n");
    return 1;
  }
  with_marks = argc > 1 && std::string_view(argv[1]) == "marks=on";
  copies = copies_bytes(*info);
  on_translation_after_boot(id, *info, watch_block);
  return 0;
}
