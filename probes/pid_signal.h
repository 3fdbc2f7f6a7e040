// Sending signals in every way there is, and noting how they arrive.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "probe/check.h"

namespace nsvet::probe {

/// What is common to the checks of PID namespaces.
CheckInfo pid_rule(std::string id, std::string title, std::string rule, std::string source,
                   std::string since = {});

/// The system calls that send a signal to one process.
enum class Way { kill, tkill, tgkill, sigqueue, tgsigqueue, pidfd };
inline constexpr Way kWays[] = {Way::kill,     Way::tkill,      Way::tgkill,
                                Way::sigqueue, Way::tgsigqueue, Way::pidfd};
std::string_view name_of(Way way);
/// The si_code that a signal sent so has, see sigaction(2).
int code_of(Way way);

/// What sigqueue(3) sends along here.
inline constexpr int kSignalValue = 4711;

sys::Result<> send(Way way, pid_t pid, int signal);
inline sys::Result<> send(pid_t pid, int signal) { return send(Way::kill, pid, signal); }

/// Which signals are sent together. SIGCONT and the stop signals discard each other while they
/// wait, so SIGCONT goes alone.
enum class Which {
  all,        ///< But SIGCONT.
  catchable,  ///< Neither SIGKILL nor SIGSTOP, nor SIGCONT.
  cont,       ///< SIGCONT.
};
/// 32 and 33 are never among them: the C library keeps them for itself.
std::vector<int> signals_of(Which which);

/// Sends them one after the other.
/// @return "none", or which signals could not be sent and why
std::string send_errors(Way way, pid_t pid, Which which);

/// How a signal arrived; count 0: not at all.
struct Receipt {
  int count = 0;
  int code = 0;
  pid_t pid = 0;
  uid_t uid = 0;
  int value = 0;
};
Receipt receipt_of(const siginfo_t& info);
std::string to_string(const Receipt& receipt);

enum class Disposition { standard, ignored, handler, blocked };
std::string_view name_of(Disposition disposition);
/// Sets the caller's disposition of all signals that can be caught, and forgets earlier receipts.
void set_disposition(Disposition disposition);

/// How a signal was caught by the handler since set_disposition().
Receipt caught(int signal);
/// The same of many, as one line: "59 signals: once, si_code 0, si_pid 2, si_uid 0".
std::string caught_summary(Which which);
/// Takes what waits with sigtimedwait(2), as one such line.
std::string waiting_summary(Which which);
/// The line when all arrived so.
std::string uniform_summary(Which which, const Receipt& receipt);
/// Names of the caller's pending signals, or "none".
std::string pending_names();

}  // namespace nsvet::probe
