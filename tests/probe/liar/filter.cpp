#include "filter.h"

#include <linux/seccomp.h>

#include <cstddef>

namespace nsvet::liar {
namespace {

using Test = Condition::Test;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

// A jump is counted in instructions: 0 goes on, 1 skips one.
sock_filter jump(unsigned short how, std::uint32_t value, unsigned char if_so,
                 unsigned char if_not) {
  return BPF_JUMP(static_cast<unsigned short>(BPF_JMP | how | BPF_K), value, if_so, if_not);
}

// Appends a test that falls through when it holds; jumps to be patched go past the lie when not.
void append(std::vector<sock_filter>& code, const Condition& condition,
            std::vector<std::size_t>& failures) {
  const std::size_t low = offsetof(seccomp_data, args) + std::size_t{8} * condition.argument;
  const auto value_low = static_cast<std::uint32_t>(condition.value);
  const auto value_high = static_cast<std::uint32_t>(condition.value >> 32);
  auto fail_unless = [&](sock_filter instruction) {
    failures.push_back(code.size());
    code.push_back(instruction);
  };
  switch (condition.test) {
    case Test::equals:
      code.push_back(load(low));
      fail_unless(jump(BPF_JEQ, value_low, 0, 0));
      code.push_back(load(low + 4));
      fail_unless(jump(BPF_JEQ, value_high, 0, 0));
      break;
    case Test::differs:
      code.push_back(load(low));
      code.push_back(jump(BPF_JEQ, value_low, 0, 3));
      code.push_back(load(low + 4));
      code.push_back(jump(BPF_JEQ, value_high, 0, 1));
      // Both halves are the same.
      fail_unless(jump(BPF_JA, 0, 0, 0));
      break;
    case Test::bits:
      for (const auto& [place, bits] :
           {std::pair{low, value_low}, std::pair{low + 4, value_high}}) {
        if (bits == 0) continue;
        code.push_back(load(place));
        code.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits));
        fail_unless(jump(BPF_JEQ, bits, 0, 0));
      }
      break;
    default:
      break;  // Left to the supervisor.
  }
}

void append(std::vector<sock_filter>& code, int call, const std::vector<Condition>& conditions,
            std::uint32_t action) {
  std::vector<std::size_t> failures;
  code.push_back(load(offsetof(seccomp_data, nr)));
  failures.push_back(code.size());
  code.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 0));
  for (const Condition& condition : conditions) append(code, condition, failures);
  code.push_back(BPF_STMT(BPF_RET | BPF_K, action));
  for (const std::size_t at : failures) {
    const auto distance = code.size() - at - 1;
    if (code[at].code == (BPF_JMP | BPF_JA)) {
      code[at].k = static_cast<std::uint32_t>(distance);
    } else {
      code[at].jf = static_cast<unsigned char>(distance);
    }
  }
}

}  // namespace

std::vector<sock_filter> make_filter(const std::vector<Lie>& lies) {
  std::vector<sock_filter> code;
  std::uint32_t otherwise = SECCOMP_RET_ALLOW;
  for (const bool traced : {false, true}) {
    for (const Lie& lie : lies) {
      if (lie.traced() != traced) continue;
      if (lie.verb == Lie::Verb::record) otherwise = SECCOMP_RET_TRACE;
      const std::uint32_t action =
          traced ? SECCOMP_RET_TRACE
                 : SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(-lie.to) & SECCOMP_RET_DATA);
      for (const int call : lie.calls) append(code, call, lie.conditions, action);
    }
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, otherwise));
  return code;
}

}  // namespace nsvet::liar
