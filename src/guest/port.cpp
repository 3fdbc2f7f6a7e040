#include "guest/port.h"

#include <fcntl.h>
#include <sys/io.h>
#include <unistd.h>

#include "sys/file.h"

namespace nsvet::guest {

bool Port::open() {
  direct_ = ::ioperm(kEventPort, 1, 1) == 0;
  if (direct_) return true;
  device_ = sys::open("/dev/port", O_WRONLY).value_or(sys::Fd());
  return static_cast<bool>(device_);
}

void Port::write(std::string_view bytes) const {
  if (direct_) {
    // glibc's outsb() does not tell the compiler that it reads memory.
    __asm__ volatile("" ::: "memory");
    ::outsb(kEventPort, bytes.data(), bytes.size());
    return;
  }
  for (const char byte : bytes) (void)::pwrite(device_.get(), &byte, 1, kEventPort);
}

}  // namespace nsvet::guest
