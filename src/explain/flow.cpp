#include "explain/flow.h"

#include <algorithm>
#include <string_view>

namespace nsvet::explain {
namespace {

bool is_prefix(std::uint8_t byte) {
  constexpr std::string_view kLegacy = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
  return (byte & 0xf0U) == 0x40 || kLegacy.find(static_cast<char>(byte)) != std::string_view::npos;
}

Flow two_byte_flow(std::uint8_t opcode) {
  switch (opcode) {
    case 0x05:
      return Flow::system_call;
    case 0x07:
      return Flow::trap_return;
    default:
      return Flow::other;
  }
}

}  // namespace

Flow flow_of(const wire::Instruction& instruction) {
  const auto opcode = std::ranges::find_if_not(instruction.bytes, is_prefix);
  if (instruction.bytes.end() - opcode < 2) return Flow::other;
  switch (opcode[0]) {
    case 0x0f:
      return two_byte_flow(opcode[1]);
    case 0xc2:
    case 0xc3:
      return Flow::ret;
    case 0xcf:
      return Flow::trap_return;
    case 0xe8:
      return Flow::call;
    case 0xff:
      // The middle three bits of ModRM choose the operation: 2 is CALL through a register or
      // memory.
      return ((opcode[1] >> 3U) & 7U) == 2 ? Flow::call : Flow::other;
    default:
      return Flow::other;
  }
}

}  // namespace nsvet::explain
