#include "sharing_tasks.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "probe/check.h"

namespace nsvet::probe {
namespace {

using Types = std::unique_ptr<btf, void (*)(btf*)>;

constexpr const char* kTypes = "/sys/kernel/btf/vmlinux";

// What the program writes for each task.
struct Row {
  std::uint64_t pid;
  std::uint64_t nsproxy;
};

struct Layout {
  std::int16_t pid = -1;       // Bytes into task_struct.
  std::int16_t nsproxy = -1;   // The same.
  std::uint32_t iterator = 0;  // The id of the function that a program is attached to.
};

std::int16_t offset_of(const btf* types, const btf_type* structure, std::string_view name) {
  for (std::uint32_t i = 0; i < btf_vlen(structure); ++i) {
    const char* member = btf__name_by_offset(types, btf_members(structure)[i].name_off);
    if (member != nullptr && name == member) {
      return static_cast<std::int16_t>(btf_member_bit_offset(structure, i) / 8);
    }
  }
  return -1;
}

Layout layout() {
  libbpf_set_print(nullptr);
  const Types types(btf__parse(kTypes, nullptr), &btf__free);
  if (!types) {
    Check::skip(
        fmt::format("{}: {}: it needs CONFIG_DEBUG_INFO_BTF", kTypes, sys::errno_name(errno)));
  }
  const int task = btf__find_by_name_kind(types.get(), "task_struct", BTF_KIND_STRUCT);
  const int iterator = btf__find_by_name_kind(types.get(), "bpf_iter_task", BTF_KIND_FUNC);
  if (task < 0 || iterator < 0) Check::skip("this kernel has no BPF task iterator (Linux 5.8)");
  const auto* structure = btf__type_by_id(types.get(), static_cast<std::uint32_t>(task));
  return {offset_of(types.get(), structure, "pid"), offset_of(types.get(), structure, "nsproxy"),
          static_cast<std::uint32_t>(iterator)};
}

using Instruction = bpf_insn;

constexpr Instruction make(int code, unsigned to, unsigned from, std::int16_t offset, int value) {
  Instruction made{};
  made.code = static_cast<std::uint8_t>(code);
  made.dst_reg = to & 0xf;
  made.src_reg = from & 0xf;
  made.off = offset;
  made.imm = value;
  return made;
}

constexpr Instruction load(int width, unsigned to, unsigned from, std::int16_t offset) {
  return make(BPF_LDX | BPF_MEM | width, to, from, offset, 0);
}
constexpr Instruction store(unsigned to, std::int16_t offset, unsigned from) {
  return make(BPF_STX | BPF_MEM | BPF_DW, to, from, offset, 0);
}
constexpr Instruction copy(unsigned to, unsigned from) {
  return make(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
constexpr Instruction set(unsigned to, int value) {
  return make(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

// For each task: seq_write(ctx->meta->seq, {task->pid, task->nsproxy}). The context is struct
// bpf_iter__task: meta, whose first member is seq, then task, which is null at the end.
sys::Fd load_program(const Layout& at) {
  const std::array program{
      copy(BPF_REG_6, BPF_REG_1),
      load(BPF_DW, BPF_REG_7, BPF_REG_6, 8),
      make(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_7, 0, 10, 0),  // To the end.
      load(BPF_W, BPF_REG_1, BPF_REG_7, at.pid),
      store(BPF_REG_10, -16, BPF_REG_1),
      load(BPF_DW, BPF_REG_1, BPF_REG_7, at.nsproxy),
      store(BPF_REG_10, -8, BPF_REG_1),
      load(BPF_DW, BPF_REG_1, BPF_REG_6, 0),
      load(BPF_DW, BPF_REG_1, BPF_REG_1, 0),
      copy(BPF_REG_2, BPF_REG_10),
      // NOLINTNEXTLINE(misc-redundant-expression): both are 0.
      make(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -16),
      set(BPF_REG_3, sizeof(Row)),
      make(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_seq_write),
      set(BPF_REG_0, 0),
      make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = BPF_TRACE_ITER;
  options.attach_btf_id = at.iterator;
  sys::Fd loaded(bpf_prog_load(BPF_PROG_TYPE_TRACING, "nsvet_tasks", "GPL", program.data(),
                               program.size(), &options));
  if (!loaded) {
    Check::skip(fmt::format("a BPF task iterator cannot be loaded: {}", sys::errno_name(errno)));
  }
  return loaded;
}

}  // namespace

std::map<pid_t, std::uint64_t> nsproxies() {
  const auto program = load_program(layout());
  const sys::Fd link(bpf_link_create(program.get(), 0, BPF_TRACE_ITER, nullptr));
  const sys::Fd rows(link ? bpf_iter_create(link.get()) : -1);
  if (!rows) {
    Check::skip(fmt::format("a BPF task iterator cannot be run: {}", sys::errno_name(errno)));
  }
  std::map<pid_t, std::uint64_t> found;
  std::array<Row, 256> buffer;
  for (;;) {
    // The iterator gives whole rows.
    const ssize_t n = ::read(rows.get(), buffer.data(), sizeof buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) setup(sys::Result<>(sys::last_error("read(BPF task iterator)")));
    if (n == 0) break;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n) / sizeof(Row); ++i) {
      found[static_cast<pid_t>(buffer[i].pid)] = buffer[i].nsproxy;
    }
  }
  if (!found.contains(::getpid())) Check::skip("needs the initial PID namespace");
  return found;
}

}  // namespace nsvet::probe
