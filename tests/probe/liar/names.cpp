#include "names.h"

#include <fmt/format.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mount.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "model/ns_type.h"
#include "sys/process.h"

namespace nsvet::liar {
namespace {

struct Named {
  std::string_view name;
  std::int64_t value;
};

// Newer than Debian 12's libseccomp; arch/x86/entry/syscalls/syscall_64.tbl.
constexpr Named kNewCalls[] = {
    {"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
    {"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
    {"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
    {"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
    {"file_setattr", 469},      {"listns", 470},           {"fchroot", 472}};

constexpr Named kMountFlags[] = {{"MS_RDONLY", MS_RDONLY},   {"MS_NOSUID", MS_NOSUID},
                                 {"MS_NODEV", MS_NODEV},     {"MS_NOEXEC", MS_NOEXEC},
                                 {"MS_REMOUNT", MS_REMOUNT}, {"MS_BIND", MS_BIND},
                                 {"MS_MOVE", MS_MOVE},       {"MS_REC", MS_REC},
                                 {"MS_PRIVATE", MS_PRIVATE}, {"MS_UNBINDABLE", MS_UNBINDABLE},
                                 {"MS_SLAVE", MS_SLAVE},     {"MS_SHARED", MS_SHARED}};

std::optional<std::int64_t> number(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x");
  if (hexadecimal) text.remove_prefix(2);
  const char* end = text.data() + text.size();
  if (hexadecimal) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), end, value, 16);
    if (read.ptr != end || read.ec != std::errc{}) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ptr != end || read.ec != std::errc{}) return std::nullopt;
  return value;
}

std::optional<std::int64_t> one_constant(std::string_view text) {
  if (text.starts_with('~')) {
    const auto positive = one_constant(text.substr(1));
    if (!positive) return std::nullopt;
    return ~*positive;
  }
  if (const auto plain = number(text)) return plain;
  if (text.starts_with('-')) {
    const auto positive = one_constant(text.substr(1));
    if (!positive) return std::nullopt;
    return -*positive;
  }
  for (const auto& type : model::kNsTypes) {
    if (text == type.flag_name || text == type.flag_name.substr(std::strlen("CLONE_"))) {
      return type.clone_flag;
    }
  }
  for (const auto& flag : kMountFlags) {
    if (text == flag.name) return flag.value;
  }
  for (int candidate = 1; candidate < 256; ++candidate) {
    const char* name = ::strerrorname_np(candidate);
    if (name != nullptr && text == name) return candidate;
    if (candidate < NSIG && text == sys::signal_name(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace

std::optional<int> call_number(std::string_view name) {
  if (name.starts_with('#')) {
    const auto value = number(name.substr(1));
    if (!value || *value < 0 || *value > 1 << 20) return std::nullopt;
    return static_cast<int>(*value);
  }
  for (const auto& call : kNewCalls) {
    if (name == call.name) return static_cast<int>(call.value);
  }
  const int found = ::seccomp_syscall_resolve_name(std::string(name).c_str());
  if (found < 0) return std::nullopt;
  return found;
}

std::string call_name(int number) {
  for (const auto& call : kNewCalls) {
    if (number == call.value) return std::string(call.name);
  }
  char* found = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
  if (found == nullptr) return fmt::format("#{}", number);
  std::string name(found);
  std::free(found);
  return name;
}

std::optional<std::int64_t> constant(std::string_view text) {
  std::int64_t all = 0;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const auto end = std::min(text.find('|', begin), text.size());
    const auto part = one_constant(text.substr(begin, end - begin));
    if (!part) return std::nullopt;
    all |= *part;
    begin = end + 1;
  }
  return all;
}

}  // namespace nsvet::liar
