#include "sys/error.h"

#include <cstring>

namespace nsvet::sys {

std::string errno_name(int number) {
  if (number == 0) return "0";
  if (const char* name = strerrorname_np(number)) return name;
  return fmt::format("errno {}", number);
}

std::string to_string(const Error& e) {
  return fmt::format("{}: {}", e.what(), errno_name(e.number));
}

}  // namespace nsvet::sys
