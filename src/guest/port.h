// The way out of a guest: an I/O port at which QEMU's debug console listens. No driver, no
// interrupt, and the emulator has taken the byte when the instruction ends.
#pragma once

#include <string_view>

#include "sys/fd.h"

namespace nsvet::guest {

inline constexpr unsigned short kEventPort = 0xe9;

class Port {
 public:
  /// By ioperm(2); by /dev/port on a kernel without it (CONFIG_X86_IOPL_IOPERM).
  /// @return false when the kernel has neither
  bool open();
  void write(std::string_view bytes) const;

 private:
  bool direct_ = false;
  sys::Fd device_;
};

}  // namespace nsvet::guest
