// Loaded into QEMU: writes down which translated blocks are executed between the two clock readings
// of a benchmark, and how far into each. All that it means is made out later (src/explain).
//
//   -plugin FILE,trace=FD,begin=ADDRESS,end=ADDRESS,mark=ADDRESS,mark_end=ADDRESS
//
// FD takes the trace; the first two addresses enclose the code whose RDTSC instructions are the
// readings, the others the function that says which benchmark begins, by how many LFENCE it
// executes.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "explain/wire.h"
#include "plugin/interface.h"

namespace nsvet::plugin {
namespace {

using explain::wire::Instruction;
using explain::wire::Record;

struct Block {
  std::vector<Instruction> instructions;
  std::optional<std::uint32_t> number;  ///< Once it is in the trace.
};

enum class Meaning {
  none,
  reading,  ///< Of the clock.
  mark,     ///< A benchmark begins: what was begun before it has ended.
  step,     ///< One more of the number that says which.
};

struct Place {
  Block* block;
  std::uint32_t index;
  Meaning meaning;
};

struct Settings {
  bool copies_bytes = false;
  int trace = -1;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t mark = 0;
  std::uint64_t mark_end = 0;
};
Settings settings;

// They live as long as QEMU may call back for them, which is as long as QEMU.
std::deque<Block> blocks;
std::deque<Place> places;

class Trace {
 public:
  void put(std::uint32_t tag, std::uint32_t count) { append(Record{tag, count}); }
  void define(Block& block) {
    block.number = defined_++;
    put(explain::wire::kBlock, static_cast<std::uint32_t>(block.instructions.size()));
    for (const auto& instruction : block.instructions) append(instruction);
  }
  void flush() {
    const char* from = buffer_.data();
    const char* const end = from + buffer_.size();
    while (from < end) {
      const ssize_t n = ::write(settings.trace, from, static_cast<std::size_t>(end - from));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;  // The reader finds a trace without an end.
      from += n;
    }
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kEnough = 1U << 20;
  template <class T>
  void append(const T& value) {
    const char* bytes = reinterpret_cast<const char*>(&value);
    buffer_.insert(buffer_.end(), bytes, bytes + sizeof value);
    if (buffer_.size() >= kEnough) flush();
  }
  std::vector<char> buffer_;
  std::uint32_t defined_ = 0;
};
Trace trace;

bool recording = false;
Block* current = nullptr;
std::uint32_t begun = 0;
std::uint32_t benchmark = 0;

void leave_block() {
  if (current == nullptr) return;
  if (!current->number) trace.define(*current);
  trace.put(*current->number, begun);
  current = nullptr;
}

// Called before each instruction. A block that is left early, by a fault, is seen by the next one's
// first instruction.
void on_instruction(unsigned, void* data) {
  const auto& place = *static_cast<const Place*>(data);
  if (place.meaning == Meaning::mark) {
    recording = false;
    current = nullptr;
    benchmark = 0;
  }
  if (!recording) {
    if (place.meaning == Meaning::step) ++benchmark;
    if (place.meaning == Meaning::reading) {
      recording = true;
      trace.put(explain::wire::kBegin, benchmark);
    }
    return;
  }
  if (place.index == 0 || place.block != current) {
    leave_block();
    current = place.block;
    begun = 0;
  }
  ++begun;
  if (place.meaning == Meaning::reading) {
    leave_block();
    trace.put(explain::wire::kEnd, 0);
    trace.flush();
    recording = false;
  }
}

Instruction describe(const qemu_plugin_insn* insn) {
  Instruction result;
  result.address = qemu_plugin_insn_vaddr(insn);
  const std::size_t size = std::min(qemu_plugin_insn_size(insn), result.bytes.size());
  result.size = static_cast<std::uint8_t>(size);
  const void* bytes = qemu_plugin_insn_data(insn, result.bytes.data(), size);
  if (!settings.copies_bytes) std::memcpy(result.bytes.data(), bytes, size);
  return result;
}

Meaning meaning_of(const Instruction& at) {
  const auto& code = at.bytes;
  if (at.address >= settings.begin && at.address < settings.end) {
    return code[0] == 0x0f && code[1] == 0x31 ? Meaning::reading : Meaning::none;
  }
  if (at.address == settings.mark) return Meaning::mark;
  const bool within = at.address > settings.mark && at.address < settings.mark_end;
  const bool lfence = code[0] == 0x0f && code[1] == 0xae && code[2] == 0xe8;
  return within && lfence ? Meaning::step : Meaning::none;
}

void describe_block(qemu_plugin_tb* tb) {
  Block& block = blocks.emplace_back();
  const std::size_t count = qemu_plugin_tb_n_insns(tb);
  block.instructions.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
    const auto& described = block.instructions.emplace_back(describe(insn));
    Place& place =
        places.emplace_back(Place{&block, static_cast<std::uint32_t>(i), meaning_of(described)});
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, QEMU_PLUGIN_CB_NO_REGS, &place);
  }
}

std::uint64_t number_of(std::string_view argument, std::string_view name) {
  if (argument.substr(0, name.size()) != name) return 0;
  return std::strtoull(argument.data() + name.size(), nullptr, 0);
}

}  // namespace
}  // namespace nsvet::plugin

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
  using namespace nsvet::plugin;
  settings.copies_bytes = copies_bytes(*info);
  for (int i = 0; i < argc; ++i) {
    if (const auto fd = number_of(argv[i], "trace=")) settings.trace = static_cast<int>(fd);
    if (const auto address = number_of(argv[i], "begin=")) settings.begin = address;
    if (const auto address = number_of(argv[i], "end=")) settings.end = address;
    if (const auto address = number_of(argv[i], "mark=")) settings.mark = address;
    if (const auto address = number_of(argv[i], "mark_end=")) settings.mark_end = address;
  }
  if (settings.trace < 0 || settings.begin >= settings.end || settings.mark >= settings.mark_end) {
    qemu_plugin_outs("nsvet: the plugin needs trace=FD and begin, end, mark, mark_end=ADDRESS\n");
    return 1;
  }
  on_translation_after_boot(id, *info, describe_block);
  return 0;
}
