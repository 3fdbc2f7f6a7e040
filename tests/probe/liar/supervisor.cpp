#include "supervisor.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <map>
#include <optional>

#include "record.h"
#include "tell.h"
#include "tracee.h"

namespace nsvet::liar {
namespace {

class Supervisor {
 public:
  explicit Supervisor(const std::vector<Lie>& lies) : teller_(lies), record_(lies) {}

  /// @return how the program ended
  int run(pid_t program) {
    for (;;) {
      int status = 0;
      const pid_t tid = ::waitpid(-1, &status, __WALL);
      if (tid < 0) {
        if (errno == EINTR) continue;
        return -1;
      }
      if (WIFSTOPPED(status)) {
        stopped(Tracee(tid), status);
        continue;
      }
      calls_.erase(tid);
      if (tid == program) {
        if (!teller_.report()) fmt::print(stderr, "liar: cannot say what was told\n");
        return status;
      }
    }
  }

 private:
  void stopped(const Tracee& tracee, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) {
      enter(tracee);
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
      ::ptrace(PTRACE_LISTEN, tracee.tid(), nullptr, nullptr);  // Stopped as a group: stays so.
    } else if (event != 0) {
      go_on(tracee, 0);
    } else if (signal == (SIGTRAP | 0x80)) {
      leave(tracee);
    } else {
      go_on(tracee, teller_.signal(tracee, signal));
    }
  }

  void enter(const Tracee& tracee) {
    Call call;
    if (!tracee.registers(call.registers)) return;
    call.number = static_cast<int>(call.registers.orig_rax);
    call.entered = call.registers;
    teller_.before(tracee, call);
    const bool follow = !call.later.empty() || record_.wants();
    if (follow) calls_.insert_or_assign(tracee.tid(), std::move(call));
    go_on(tracee, 0);
  }

  void leave(const Tracee& tracee) {
    const auto found = calls_.find(tracee.tid());
    if (found == calls_.end()) return go_on(tracee, 0);
    Call call = std::move(found->second);
    calls_.erase(found);
    if (!tracee.registers(call.registers)) return;
    teller_.after(tracee, call);
    record_.write(tracee, call);
    go_on(tracee, 0);
  }

  // Until the end of the call that it is in, when one of the lies is told there.
  void go_on(const Tracee& tracee, int signal) {
    const auto how = calls_.contains(tracee.tid()) ? PTRACE_SYSCALL : PTRACE_CONT;
    ::ptrace(how, tracee.tid(), nullptr, signal);
  }

  Teller teller_;
  Record record_;
  std::map<pid_t, Call> calls_;
};

}  // namespace

bool seize(pid_t program) {
  constexpr long kOptions = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
                            PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                            PTRACE_O_EXITKILL;
  return ::ptrace(PTRACE_SEIZE, program, nullptr, kOptions) == 0;
}

int supervise(pid_t program, const std::vector<Lie>& lies) {
  const int status = Supervisor(lies).run(program);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace nsvet::liar
