// PIDFD_GET_INFO of linux/pidfd.h, Linux 6.13: newer than the headers that we are built with.
#pragma once

#include <sys/ioctl.h>

#include <cstdint>

namespace nsvet::sys {

/// struct pidfd_info, first version.
struct PidfdInfo {
  std::uint64_t mask = 1 | 2;  ///< PIDFD_INFO_PID, PIDFD_INFO_CREDS
  std::uint64_t cgroupid = 0;
  std::uint32_t pid = 0;
  std::uint32_t tgid = 0;
  std::uint32_t ppid = 0;
  std::uint32_t ids[8] = {};
  std::int32_t exit_code = 0;
};
static_assert(sizeof(PidfdInfo) == 64);

inline constexpr unsigned long kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);

}  // namespace nsvet::sys
