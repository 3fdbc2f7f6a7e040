// What the plugin in the emulator writes and `trace.h` reads: 8-byte records, in the byte order of
// the host that both run on.
#pragma once

#include <array>
#include <cstdint>

namespace nsvet::explain::wire {

struct Record {
  std::uint32_t tag = 0;    ///< A block that was entered, or one of the tags below.
  std::uint32_t count = 0;  ///< How many of the block's instructions were begun.
};

/// The first clock reading has been executed: a window begins. `count` is the place of the
/// benchmark that was marked last (measure::mark()). A window that is begun before the last one has
/// ended replaces it: that benchmark's process was ended.
inline constexpr std::uint32_t kBegin = 0xFFFFFFFF;
/// The second has been executed, and is the last instruction of the window.
inline constexpr std::uint32_t kEnd = 0xFFFFFFFE;
/// The next block's definition: `count` instructions follow. Blocks are numbered from 0 on.
inline constexpr std::uint32_t kBlock = 0xFFFFFFFD;

struct Instruction {
  std::uint64_t address = 0;
  std::uint8_t size = 0;
  std::array<std::uint8_t, 15> bytes{};
};
static_assert(sizeof(Record) == 8 && sizeof(Instruction) == 24);

}  // namespace nsvet::explain::wire
