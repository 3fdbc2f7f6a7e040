#include "pid_signal.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

namespace nsvet::probe {
namespace {

constexpr int kSignals = 65;

std::array<Receipt, kSignals> receipts;

void note(int signal, siginfo_t* info, void* /*context*/) {
  auto& place = receipts[static_cast<std::size_t>(signal)];
  const int count = place.count + 1;
  place = receipt_of(*info);
  place.count = count;
}

std::string names_of(const std::vector<int>& signals) {
  std::string names;
  for (const int signal : signals) names += (names.empty() ? "" : " ") + sys::signal_name(signal);
  return names.empty() ? "none" : names;
}

// Groups of equals: the largest is counted, the others are named.
std::string summary(const std::vector<int>& signals,
                    const std::array<Receipt, kSignals>& received) {
  std::map<std::string, std::vector<int>> groups;
  for (const int signal : signals) {
    groups[to_string(received[static_cast<std::size_t>(signal)])].push_back(signal);
  }
  const auto largest =
      std::ranges::max_element(groups, {}, [](const auto& group) { return group.second.size(); });
  std::string line = fmt::format("{} signals: {}", largest->second.size(), largest->first);
  for (auto group = groups.begin(); group != groups.end(); ++group) {
    if (group != largest) line += fmt::format("; {}: {}", names_of(group->second), group->first);
  }
  return line;
}

}  // namespace

CheckInfo pid_rule(std::string id, std::string title, std::string rule, std::string source,
                   std::string since) {
  return {.id = std::move(id),
          .title = std::move(title),
          .rule = std::move(rule),
          .source = std::move(source),
          .types = {NsType::pid},
          .needs = {Need::admin},
          .since = std::move(since)};
}

std::string_view name_of(Way way) {
  static constexpr std::string_view kNames[] = {
      "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"};
  return kNames[static_cast<std::size_t>(way)];
}

int code_of(Way way) {
  switch (way) {
    case Way::kill:
    case Way::pidfd:
      return SI_USER;
    case Way::tkill:
    case Way::tgkill:
      return SI_TKILL;
    case Way::sigqueue:
    case Way::tgsigqueue:
      return SI_QUEUE;
  }
  return SI_USER;
}

sys::Result<> send(Way way, pid_t pid, int signal) {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_int = kSignalValue;
  long result = 0;
  switch (way) {
    case Way::kill:
      result = ::kill(pid, signal);
      break;
    case Way::tkill:
      result = ::syscall(SYS_tkill, pid, signal);
      break;
    case Way::tgkill:
      result = ::syscall(SYS_tgkill, pid, pid, signal);
      break;
    case Way::sigqueue:
      result = ::syscall(SYS_rt_sigqueueinfo, pid, signal, &info);
      break;
    case Way::tgsigqueue:
      result = ::syscall(SYS_rt_tgsigqueueinfo, pid, pid, signal, &info);
      break;
    case Way::pidfd: {
      const auto pidfd = sys::pidfd_open(pid);
      if (!pidfd) return tl::unexpected(pidfd.error());
      result = ::syscall(SYS_pidfd_send_signal, pidfd->get(), signal, nullptr, 0);
      break;
    }
  }
  if (result != 0) {
    return sys::last_error("{}({}, {})", name_of(way), pid, sys::signal_name(signal));
  }
  return {};
}

std::vector<int> signals_of(Which which) {
  if (which == Which::cont) return {SIGCONT};
  std::vector<int> signals;
  for (int signal = 1; signal < kSignals; ++signal) {
    const bool forced = signal == SIGKILL || signal == SIGSTOP;
    if (signal == 32 || signal == 33 || signal == SIGCONT) continue;
    if (!forced || which == Which::all) signals.push_back(signal);
  }
  return signals;
}

std::string send_errors(Way way, pid_t pid, Which which) {
  std::string errors;
  for (const int signal : signals_of(which)) {
    if (const auto sent = send(way, pid, signal); !sent) errors += to_string(sent.error()) + " ";
  }
  return errors.empty() ? "none" : errors;
}

Receipt receipt_of(const siginfo_t& info) {
  return {.count = 1,
          .code = info.si_code,
          .pid = info.si_pid,
          .uid = info.si_uid,
          .value = info.si_code == SI_QUEUE ? info.si_int : 0};
}

std::string to_string(const Receipt& receipt) {
  if (receipt.count == 0) return "did not arrive";
  return fmt::format("{}, si_code {}, si_pid {}, si_uid {}, si_int {}",
                     receipt.count == 1 ? "once" : fmt::format("{} times", receipt.count),
                     receipt.code, receipt.pid, receipt.uid, receipt.value);
}

std::string_view name_of(Disposition disposition) {
  static constexpr std::string_view kNames[] = {"default", "ignored", "handler", "blocked"};
  return kNames[static_cast<std::size_t>(disposition)];
}

void set_disposition(Disposition disposition) {
  receipts.fill({});
  struct sigaction action {};
  ::sigfillset(&action.sa_mask);
  action.sa_handler = disposition == Disposition::ignored ? SIG_IGN : SIG_DFL;
  if (disposition == Disposition::handler) {
    action.sa_sigaction = note;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
  }
  for (int signal = 1; signal < kSignals; ++signal) ::sigaction(signal, &action, nullptr);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(disposition == Disposition::blocked ? SIG_BLOCK : SIG_UNBLOCK, &all, nullptr);
}

Receipt caught(int signal) { return receipts[static_cast<std::size_t>(signal)]; }

std::string caught_summary(Which which) { return summary(signals_of(which), receipts); }

std::string waiting_summary(Which which) {
  std::array<Receipt, kSignals> received{};
  for (const int signal : signals_of(which)) {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, signal);
    const timespec at_once{};
    siginfo_t info{};
    auto& place = received[static_cast<std::size_t>(signal)];
    // Not sigtimedwait(3): the C library makes SI_USER of SI_TKILL.
    while (::syscall(SYS_rt_sigtimedwait, &one, &info, &at_once, _NSIG / 8) == signal) {
      const int count = place.count + 1;
      place = receipt_of(info);
      place.count = count;
    }
  }
  return summary(signals_of(which), received);
}

std::string uniform_summary(Which which, const Receipt& receipt) {
  return fmt::format("{} signals: {}", signals_of(which).size(), to_string(receipt));
}

std::string pending_names() {
  sigset_t pending;
  ::sigpending(&pending);
  std::vector<int> signals;
  for (int signal = 1; signal < kSignals; ++signal) {
    if (::sigismember(&pending, signal) == 1) signals.push_back(signal);
  }
  return names_of(signals);
}

}  // namespace nsvet::probe
