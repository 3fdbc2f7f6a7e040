// How the program that runs sequences tells the emulator's plugin where one begins.
#pragma once

namespace nsvet::model {

/// An instruction of these bytes: NOPL of an address that nothing reads. It has no effect anywhere.
inline constexpr unsigned char kMark[] = {0x0f, 0x1f, 0x80, 'n', 's', 'v', 'e'};

inline void mark_sequence() { __asm__ volatile("nopl 0x6576736e(%%rax)" ::: "memory"); }

}  // namespace nsvet::model
