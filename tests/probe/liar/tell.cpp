#include "tell.h"

#include <fmt/format.h>
#include <linux/stat.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>

#include "sys/call.h"
#include "sys/file.h"

namespace nsvet::liar {
namespace {

using Test = Condition::Test;
using Verb = Lie::Verb;

// Where a call puts the text or structure that it gives back.
struct Buffer {
  int call;
  unsigned address;
  unsigned size;
};
constexpr Buffer kTexts[] = {{SYS_read, 1, 2},       {SYS_pread64, 1, 2},  {SYS_readlink, 1, 2},
                             {SYS_readlinkat, 2, 3}, {SYS_recvfrom, 1, 2}, {SYS_getcwd, 0, 1}};

bool failed(std::uint64_t result) {
  constexpr std::int64_t kLastErrno = -4095;
  const auto value = static_cast<std::int64_t>(result);
  return value < 0 && value >= kLastErrno;
}

// The kernel calls again by itself after a signal.
bool restarts(std::uint64_t result) {
  const auto value = -static_cast<std::int64_t>(result);
  return value >= 512 && value <= 516;
}

std::string own_ns_link(const std::string& type) {
  return sys::read_link("/proc/self/ns/" + type).value_or("");
}

bool poke(const Tracee& tracee, const Lie& lie, user_regs_struct& registers) {
  auto address = argument(registers, static_cast<unsigned>(lie.place.front()));
  for (std::size_t i = 1; i < lie.place.size(); ++i) {
    if (address == 0) return false;
    address += lie.place[i];
    if (i + 1 < lie.place.size()) address = tracee.read_value<std::uint64_t>(address);
  }
  const auto honest = tracee.read_value<std::uint64_t>(address, lie.width);
  const auto all_bits = ~0ULL >> (64 - 8 * lie.width);
  if (!lie.any && honest != (static_cast<std::uint64_t>(lie.from) & all_bits)) return false;
  const auto value = changed(lie, honest);
  tracee.write(address, &value, lie.width);
  return true;
}

bool change_flags(const Tracee& tracee, const Lie& lie, Call& call) {
  const auto flags = static_cast<std::uint64_t>(lie.to);
  auto& place = argument(call.registers, call.number == SYS_setns ? 1 : 0);
  const bool pointed = call.number == SYS_clone3;
  const std::uint64_t asked = pointed ? tracee.read_value<std::uint64_t>(place) : place;
  const std::uint64_t value = lie.verb == Verb::strip ? asked & ~flags : asked | flags;
  if (pointed) {
    tracee.write(place, &value, sizeof value);
  } else {
    place = value;
  }
  return value != asked;
}

bool change_text(const Tracee& tracee, const Lie& lie, Call& call) {
  const auto* buffer = std::ranges::find(kTexts, call.number, &Buffer::call);
  if (buffer == std::end(kTexts)) return false;
  auto& length = result(call.registers);
  const auto address = argument(call.entered, buffer->address);
  const auto honest = tracee.read(address, length);
  auto text = std::regex_replace(honest, lie.pattern, lie.text);
  text.resize(std::min<std::size_t>(text.size(), argument(call.entered, buffer->size)));
  tracee.write(address, text.data(), text.size());
  length = text.size();
  return text != honest;
}

// What the call looks at is a namespace link when its path ends so, or its descriptor is one.
bool names_link(const std::string& path, const std::string& type) {
  return path.ends_with("/ns/" + type) || path.ends_with("/ns/" + type + "_for_children") ||
         path.starts_with(type + ":[");
}

bool change_link(const Tracee& tracee, const Lie& lie, Call& call) {
  constexpr std::uint64_t kInode = 4026530000;
  const int number = call.number;
  const bool at = number == SYS_newfstatat || number == SYS_statx || number == SYS_readlinkat;
  auto path = tracee.path_or_text(argument(call.entered, at ? 1 : 0));
  if (at && path.empty()) path = tracee.path_or_text(argument(call.entered, 0));
  if (!names_link(path, lie.text)) return false;
  if (number == SYS_readlink || number == SYS_readlinkat) {
    Lie text;
    text.pattern = std::regex("\\d+");
    text.text = std::to_string(kInode);
    return change_text(tracee, text, call);
  }
  const auto buffer = argument(call.entered, number == SYS_statx ? 4 : at ? 2 : 1);
  const auto offset =
      number == SYS_statx ? offsetof(struct statx, stx_ino) : offsetof(struct stat, st_ino);
  tracee.write(buffer + offset, &kInode, sizeof kInode);
  return true;
}

void change_siginfo(const Lie& lie, siginfo_t& info) {
  auto change = [&](auto& field) {
    field = static_cast<std::remove_reference_t<decltype(field)>>(
        changed(lie, static_cast<std::uint64_t>(field)));
  };
  if (lie.text == "si_pid") change(info.si_pid);
  if (lie.text == "si_uid") change(info.si_uid);
  if (lie.text == "si_code") change(info.si_code);
  if (lie.text == "si_errno") change(info.si_errno);
  if (lie.text == "si_status") change(info.si_status);
  if (lie.text == "si_value") change(info.si_int);
}

}  // namespace

bool Teller::fits(const Tracee& tracee, const Lie& lie, Call& call) {
  if (std::ranges::find(lie.calls, call.number) == lie.calls.end()) return false;
  return std::ranges::all_of(lie.conditions, [&](const Condition& condition) {
    const auto value = argument(call.entered, condition.argument);
    switch (condition.test) {
      case Test::equals:
        return value == condition.value;
      case Test::differs:
        return value != condition.value;
      case Test::bits:
        return (value & condition.value) == condition.value;
      case Test::contains:
        return tracee.path_or_text(value).find(condition.text) != std::string::npos;
      case Test::inside:
        return tracee.ns_link(condition.text) != own_ns_link(condition.text);
      case Test::outside:
        return tracee.ns_link(condition.text) == own_ns_link(condition.text);
      case Test::init:
        return tracee.is_init();
      case Test::nth:
        return ++seen_[&lie] == condition.value;
    }
    return false;
  });
}

bool Teller::hold(const Tracee& tracee, const Lie& lie) {
  auto ns = sys::open_ns(lie.text, tracee.tid());
  if (!ns) return false;
  held_.push_back(*std::move(ns));
  return true;
}

void Teller::before(const Tracee& tracee, Call& call) {
  for (const Lie& lie : lies_) {
    if (!fits(tracee, lie, call)) continue;
    bool told = true;
    switch (lie.verb) {
      case Verb::answer:
        call.registers.orig_rax = ~0ULL;
        result(call.registers) = static_cast<std::uint64_t>(lie.to);
        break;
      case Verb::argument: {
        auto& place = argument(call.registers, static_cast<unsigned>(lie.place.front()));
        place = changed(lie, place);
        break;
      }
      case Verb::before:
        told = poke(tracee, lie, call.registers);
        break;
      case Verb::strip:
      case Verb::add:
        told = change_flags(tracee, lie, call);
        break;
      case Verb::hold:
        told = hold(tracee, lie);
        break;
      default:
        call.later.push_back(&lie);
        told = false;
    }
    if (told) ++told_[&lie];
  }
  tracee.set_registers(call.registers);
}

namespace {

bool tell_after(const Tracee& tracee, const Lie& lie, Call& call) {
  auto& value = result(call.registers);
  const bool bad = failed(value);
  const auto from = static_cast<std::uint64_t>(lie.from);
  switch (lie.verb) {
    case Verb::error:
      if (!bad || (!lie.any && value != -from)) return false;
      value = -static_cast<std::uint64_t>(lie.to);
      return true;
    case Verb::result:
      if (lie.any ? bad : value != from) return false;
      value = changed(lie, value);
      return true;
    case Verb::after:
      return !bad && poke(tracee, lie, call.entered);
    case Verb::read:
      return !bad && change_text(tracee, lie, call);
    case Verb::link:
      return !bad && change_link(tracee, lie, call);
    default:
      return false;
  }
}

}  // namespace

void Teller::after(const Tracee& tracee, Call& call) {
  for (const Lie* lie : call.later) {
    if (restarts(result(call.registers))) return;
    if (tell_after(tracee, *lie, call)) ++told_[lie];
  }
  if (!call.later.empty()) tracee.set_registers(call.registers);
}

int Teller::signal(const Tracee& tracee, int signal) {
  siginfo_t info{};
  if (::ptrace(PTRACE_GETSIGINFO, tracee.tid(), nullptr, &info) != 0) return signal;
  // A traced process is sent what an untraced PID 1 would never get: SIGSTOP from inside.
  if (signal == SIGSTOP && info.si_code <= 0 && info.si_pid != 0 && tracee.is_init()) return 0;
  for (const Lie& lie : lies_) {
    if (!lie.any && lie.from != signal) continue;
    if (lie.verb == Verb::signal) {
      ++told_[&lie];
      return static_cast<int>(lie.to);
    }
    if (lie.verb == Verb::siginfo) {
      ++told_[&lie];
      change_siginfo(lie, info);
      ::ptrace(PTRACE_SETSIGINFO, tracee.tid(), nullptr, &info);
    }
  }
  return signal;
}

bool Teller::report() const {
  std::string text;
  for (const Lie& lie : lies_) {
    const auto times = told_.find(&lie);
    text += fmt::format("{} {}\n", times == told_.end() ? 0 : times->second, lie.source);
  }
  return std::ranges::all_of(lies_, [&](const Lie& lie) {
    return lie.verb != Verb::told || sys::replace_file(lie.text, text).has_value();
  });
}

}  // namespace nsvet::liar
