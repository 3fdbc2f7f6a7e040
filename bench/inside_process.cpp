// Processes, signals, clocks and names, from inside.
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <memory>

#include "inside.h"
#include "sys/file.h"

namespace nsvet::bench {
namespace {

using enum model::NsType;

Prepared plain(Call call) { return {std::move(call)}; }
Prepared making_processes(Call call) { return {std::move(call), {}, true}; }

sys::Result<Prepared> fork_call() {
  return Prepared{[] {
                    const long pid = ::syscall(SYS_fork);
                    if (pid == 0) ::_exit(0);
                    return pid;
                  },
                  [] { ::waitpid(-1, nullptr, __WALL); }};
}

sys::Result<Prepared> fork_wait() {
  return making_processes([]() -> long {
    const long pid = ::syscall(SYS_fork);
    if (pid == 0) ::_exit(0);
    return ::waitpid(static_cast<pid_t>(pid), nullptr, __WALL);
  });
}

// The smallest program that there can be: it calls exit(0).
struct TinyProgram {
  Elf64_Ehdr header{};
  Elf64_Phdr segment{};
  std::array<unsigned char, 8> code{0x6a, 0x3c, 0x58, 0x31, 0xff, 0x0f, 0x05, 0x90};
};

TinyProgram tiny_program() {
  constexpr Elf64_Addr kBase = 0x400000;
  TinyProgram p;
  std::memcpy(p.header.e_ident, ELFMAG, SELFMAG);
  p.header.e_ident[EI_CLASS] = ELFCLASS64;
  p.header.e_ident[EI_DATA] = ELFDATA2LSB;
  p.header.e_ident[EI_VERSION] = EV_CURRENT;
  p.header.e_type = ET_EXEC;
  p.header.e_machine = EM_X86_64;
  p.header.e_version = EV_CURRENT;
  p.header.e_entry = kBase + offsetof(TinyProgram, code);
  p.header.e_phoff = offsetof(TinyProgram, segment);
  p.header.e_ehsize = sizeof p.header;
  p.header.e_phentsize = sizeof p.segment;
  p.header.e_phnum = 1;
  p.segment = {PT_LOAD, PF_R | PF_X, 0, kBase, kBase, sizeof p, sizeof p, 0x1000};
  return p;
}

sys::Result<std::shared_ptr<sys::Fd>> open_tiny_program() {
  const int fd = ::memfd_create("tiny", 0);
  if (fd < 0) return sys::last_error("memfd_create(tiny)");
  const TinyProgram tiny = tiny_program();
  const std::string_view bytes(reinterpret_cast<const char*>(&tiny), sizeof tiny);
  if (auto written = sys::write_all(fd, bytes); !written) return tl::unexpected(written.error());
  // Opened again for reading: a file that is open for writing cannot be executed.
  auto program = sys::open(fmt::format("/proc/self/fd/{}", fd), O_RDONLY);
  ::close(fd);
  if (!program) return tl::unexpected(program.error());
  return std::make_shared<sys::Fd>(std::move(*program));
}

int become(void* program) {
  static std::array<char*, 1> none{nullptr};
  ::syscall(SYS_execveat, *static_cast<int*>(program), "", none.data(), none.data(), AT_EMPTY_PATH);
  return 127;
}

// The thread takes the PID of its leader, which it ends.
int become_in_thread(void* program) {
  static std::array<char, 16384> stack;
  constexpr int kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
  if (::clone(become, stack.data() + stack.size(), kThread, program) < 0) return 127;
  for (;;) ::pause();
}

template <int (*kBecome)(void*)>
sys::Result<Prepared> exec_call() {
  auto program = open_tiny_program();
  if (!program) return tl::unexpected(program.error());
  return making_processes([program = std::move(*program)]() -> long {
    const long pid = ::syscall(SYS_fork);
    if (pid == 0) {
      int fd = program->get();
      ::_exit(kBecome(&fd));
    }
    int status = 0;
    ::waitpid(static_cast<pid_t>(pid), &status, __WALL);
    if (status == 0) return 0;
    errno = ENOEXEC;
    return -1;
  });
}

sys::Result<Prepared> kill_call() {
  ::signal(SIGURG, SIG_IGN);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (;;) ::pause();
  }
  return plain([child]() -> long { return ::kill(child, 0); });
}

sys::Result<Prepared> signal_call() {
  ::signal(SIGUSR1, [](int) {});
  return plain([self = ::getpid()]() -> long { return ::kill(self, SIGUSR1); });
}

sys::Result<Prepared> killed_wait() {
  static pid_t child = 0;
  static auto renew = [] {
    child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      for (;;) ::pause();
    }
  };
  renew();
  return Prepared{[]() -> long {
                    ::kill(child, SIGKILL);
                    siginfo_t info{};
                    return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED);
                  },
                  renew};
}

template <long kNumber>
sys::Result<Prepared> bare_call() {
  return plain([]() -> long { return ::syscall(kNumber, 0); });
}

sys::Result<Prepared> uname_call() {
  return plain([]() -> long {
    static utsname names;
    return ::syscall(SYS_uname, &names);
  });
}

template <clockid_t kClock>
sys::Result<Prepared> clock_vdso() {
  return plain([]() -> long {
    static timespec t;
    return ::clock_gettime(kClock, &t);
  });
}

// The sum of a clock and its offset carries into the seconds, or not: not late in a second.
template <clockid_t kClock>
sys::Result<Prepared> clock_call() {
  const auto call = []() -> long {
    static timespec t;
    return ::syscall(SYS_clock_gettime, kClock, &t);
  };
  return Prepared{.call = call, .undo = measure::rest_until_late};
}

sys::Result<Prepared> timer_call() {
  return plain([]() -> long {
    static const itimerspec later{{0, 0}, {1'000'000, 0}};
    static timer_t timer = [] {
      timer_t made{};
      sigevent none{};
      none.sigev_notify = SIGEV_NONE;
      ::timer_create(CLOCK_MONOTONIC, &none, &made);
      return made;
    }();
    return ::timer_settime(timer, TIMER_ABSTIME, &later, nullptr);
  });
}

sys::Result<Prepared> hostname_call() {
  // Only ever in an own UTS namespace.
  if (::syscall(SYS_unshare, CLONE_NEWUTS) != 0) return sys::last_error("unshare(CLONE_NEWUTS)");
  return plain([]() -> long { return ::sethostname("nsvet", 5); });
}

sys::Result<Prepared> pidfd_call() {
  static long fd = -1;
  return Prepared{[] { return fd = ::syscall(SYS_pidfd_open, ::getpid(), 0); },
                  [] { ::close(static_cast<int>(fd)); }};
}

sys::Result<Prepared> pidfd_signal() {
  const long self = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  if (self < 0) return sys::last_error("pidfd_open(self)");
  return plain([self]() -> long { return ::syscall(SYS_pidfd_send_signal, self, 0, nullptr, 0); });
}

sys::Result<Prepared> pidfd_getfd_call() {
  static long fd = -1;
  const long self = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  if (self < 0) return sys::last_error("pidfd_open(self)");
  return Prepared{[self] { return fd = ::syscall(SYS_pidfd_getfd, self, self, 0); },
                  [] { ::close(static_cast<int>(fd)); }};
}

sys::Result<Prepared> thread_call() {
  return making_processes([]() -> long {
    static std::array<char, 16384> stack;
    const long pid = ::clone([](void*) { return 0; }, stack.data() + stack.size(),
                             CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);
    return ::waitpid(static_cast<pid_t>(pid), nullptr, __WALL);
  });
}

sys::Result<Prepared> setuid_call() {
  return plain([id = ::getuid()]() -> long { return ::syscall(SYS_setresuid, id, id, id); });
}

const bool registered = register_operations({
    {"getpid", "one getpid(2)", "getpid(2)", {pid}, bare_call<SYS_getpid>, true},
    {"getppid", "one getppid(2)", "getpid(2)", {pid}, bare_call<SYS_getppid>, true},
    {"getuid", "one getuid(2)", "getuid(2)", {user}, bare_call<SYS_getuid>, true},
    {"getsid", "one getsid(2)", "getsid(2)", {pid}, bare_call<SYS_getsid>},
    {"fork",
     "one fork(2) until it has returned in the parent",
     "fork(2)",
     {cgroup, ipc, mnt, net, pid, time, user, uts},
     fork_call,
     true},
    {"fork_exit",
     "fork(2), the child's end, waitpid(2)",
     "fork(2)",
     {cgroup, ipc, mnt, net, pid, time, user, uts},
     fork_wait,
     true},
    {"thread",
     "clone(CLONE_VM|CLONE_VFORK), its end, waitpid(2)",
     "clone(2)",
     {pid, time},
     thread_call},
    {"exec",
     "fork(2), execveat(2) of a program that ends at once, waitpid(2)",
     "execveat(2)",
     {mnt, pid, time, user},
     exec_call<become>,
     true},
    {"exec_thread",
     "fork(2), execveat(2) in a second thread of the child, waitpid(2)",
     "execve(2), pthreads(7)",
     {pid},
     exec_call<become_in_thread>},
    {"kill_probe", "one kill(child, 0)", "kill(2)", {pid, user}, kill_call, true},
    {"signal",
     "kill(self, SIGUSR1), its handler included",
     "kill(2)",
     {pid, user},
     signal_call,
     true},
    {"kill_wait",
     "kill(child, SIGKILL) and waitid(2)",
     "waitid(2)",
     {pid, user},
     killed_wait,
     true},
    {"pidfd_open", "one pidfd_open(self)", "pidfd_open(2)", {pid}, pidfd_call, true},
    {"pidfd_signal",
     "one pidfd_send_signal(self, 0)",
     "pidfd_send_signal(2)",
     {pid, user},
     pidfd_signal},
    {"pidfd_getfd", "one pidfd_getfd(self)", "pidfd_getfd(2)", {user}, pidfd_getfd_call},
    {"uname", "one uname(2)", "uname(2)", {uts}, uname_call},
    {"sethostname", "one sethostname(2)", "sethostname(2)", {user}, hostname_call},
    {"clock_vdso",
     "one clock_gettime(CLOCK_MONOTONIC) through the vDSO",
     "time_namespaces(7)",
     {time},
     clock_vdso<CLOCK_MONOTONIC>},
    {"clock_syscall",
     "the system call clock_gettime(CLOCK_MONOTONIC)",
     "time_namespaces(7)",
     {time},
     clock_call<CLOCK_MONOTONIC>},
    {"boottime_syscall",
     "the system call clock_gettime(CLOCK_BOOTTIME)",
     "time_namespaces(7)",
     {time},
     clock_call<CLOCK_BOOTTIME>},
    {"timer_settime", "one timer_settime(TIMER_ABSTIME)", "time_namespaces(7)", {time}, timer_call},
    {"setresuid", "one setresuid(2) to the same ids", "setresuid(2)", {user}, setuid_call, true},
});

}  // namespace
}  // namespace nsvet::bench
