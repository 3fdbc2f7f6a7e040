#include "tell.h"

#include <linux/stat.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>

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

void poke(const Tracee& tracee, const Lie& lie, user_regs_struct& registers) {
  auto address = argument(registers, static_cast<unsigned>(lie.place.front()));
  for (std::size_t i = 1; i < lie.place.size(); ++i) {
    if (address == 0) return;
    address += lie.place[i];
    if (i + 1 < lie.place.size()) address = tracee.read_value<std::uint64_t>(address);
  }
  const auto value = changed(lie, tracee.read_value<std::uint64_t>(address, lie.width));
  tracee.write(address, &value, lie.width);
}

void change_flags(const Tracee& tracee, const Lie& lie, Call& call) {
  const auto flags = static_cast<std::uint64_t>(lie.to);
  auto change = [&](std::uint64_t value) {
    return lie.verb == Verb::strip ? value & ~flags : value | flags;
  };
  auto& first = argument(call.registers, 0);
  if (call.number == SYS_clone3) {
    const auto value = change(tracee.read_value<std::uint64_t>(first));
    tracee.write(first, &value, sizeof value);
  } else if (call.number == SYS_setns) {
    argument(call.registers, 1) = change(argument(call.registers, 1));
  } else {
    first = change(first);
  }
}

void change_text(const Tracee& tracee, const Lie& lie, Call& call) {
  const auto* buffer = std::ranges::find(kTexts, call.number, &Buffer::call);
  if (buffer == std::end(kTexts)) return;
  auto& length = result(call.registers);
  const auto address = argument(call.entered, buffer->address);
  auto text = std::regex_replace(tracee.read(address, length), lie.pattern, lie.text);
  text.resize(std::min<std::size_t>(text.size(), argument(call.entered, buffer->size)));
  tracee.write(address, text.data(), text.size());
  length = text.size();
}

// What the call looks at is a namespace link when its path ends so, or its descriptor is one.
bool names_link(const std::string& path, const std::string& type) {
  return path.ends_with("/ns/" + type) || path.ends_with("/ns/" + type + "_for_children") ||
         path.starts_with(type + ":[");
}

void change_link(const Tracee& tracee, const Lie& lie, Call& call) {
  constexpr std::uint64_t kInode = 4026530000;
  const int number = call.number;
  const bool at = number == SYS_newfstatat || number == SYS_statx || number == SYS_readlinkat;
  auto path = tracee.path_or_text(argument(call.entered, at ? 1 : 0));
  if (at && path.empty()) path = tracee.path_or_text(argument(call.entered, 0));
  if (!names_link(path, lie.text)) return;
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

void Teller::before(const Tracee& tracee, Call& call) {
  for (const Lie& lie : lies_) {
    if (!fits(tracee, lie, call)) continue;
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
        poke(tracee, lie, call.registers);
        break;
      case Verb::strip:
      case Verb::add:
        change_flags(tracee, lie, call);
        break;
      default:
        call.later.push_back(&lie);
    }
  }
  tracee.set_registers(call.registers);
}

void Teller::after(const Tracee& tracee, Call& call) const {
  auto& value = result(call.registers);
  for (const Lie* lie : call.later) {
    if (restarts(value)) return;
    const auto from = static_cast<std::uint64_t>(lie->from);
    switch (lie->verb) {
      case Verb::error:
        if (failed(value) && (lie->any || value == -from)) {
          value = -static_cast<std::uint64_t>(lie->to);
        }
        break;
      case Verb::result:
        if (lie->any ? !failed(value) : value == from) value = changed(*lie, value);
        break;
      case Verb::after:
        if (!failed(value)) poke(tracee, *lie, call.entered);
        break;
      case Verb::read:
        if (!failed(value)) change_text(tracee, *lie, call);
        break;
      case Verb::link:
        if (!failed(value)) change_link(tracee, *lie, call);
        break;
      default:
        break;
    }
  }
  if (!call.later.empty()) tracee.set_registers(call.registers);
}

int Teller::signal(const Tracee& tracee, int signal) const {
  siginfo_t info{};
  if (::ptrace(PTRACE_GETSIGINFO, tracee.tid(), nullptr, &info) != 0) return signal;
  // A traced process is sent what an untraced PID 1 would never get: SIGSTOP from inside.
  if (signal == SIGSTOP && info.si_code <= 0 && info.si_pid != 0 && tracee.is_init()) return 0;
  for (const Lie& lie : lies_) {
    if (!lie.any && lie.from != signal) continue;
    if (lie.verb == Verb::signal) return static_cast<int>(lie.to);
    if (lie.verb == Verb::siginfo) {
      change_siginfo(lie, info);
      ::ptrace(PTRACE_SETSIGINFO, tracee.tid(), nullptr, &info);
    }
  }
  return signal;
}

}  // namespace nsvet::liar
