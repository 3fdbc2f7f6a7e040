// Where control goes after an instruction: as much of x86-64 as a shadow stack needs.
#pragma once

#include "explain/wire.h"

namespace nsvet::explain {

enum class Flow {
  other,        ///< The next instruction, or a jump.
  call,         ///< CALL
  ret,          ///< RET
  system_call,  ///< SYSCALL
  trap_return,  ///< IRET, SYSRET
};

/// Intel SDM volume 2: prefixes, then one opcode.
Flow flow_of(const wire::Instruction& instruction);

/// The address of the instruction that follows it in memory.
constexpr std::uint64_t behind(const wire::Instruction& instruction) {
  return instruction.address + instruction.size;
}

}  // namespace nsvet::explain
