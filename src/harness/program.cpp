#include "harness/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "sys/credentials.h"
#include "sys/file.h"

namespace nsvet::harness {
namespace {

constexpr std::size_t kOutputKept = 4096;

[[noreturn]] void become_program(const ProgramCall& call, const sys::Fd& program,
                                 const sys::Fd& input, int events, int output, pid_t parent) {
  ::setpgid(0, 0);
  const sys::Fd nothing(::open("/dev/null", O_RDONLY));
  ::dup2(input ? input.get() : nothing.get(), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  // The program's copy of the events pipe is the only descriptor that it inherits.
  const int events_there = ::dup(events);
  const sched_param lowest{.sched_priority = 1};
  if (call.realtime) ::sched_setscheduler(0, SCHED_FIFO, &lowest);
  if (call.user == User::nobody && !sys::become_user(sys::kNobody, sys::kNobody)) ::_exit(125);
  sys::die_with_parent(parent);
  std::vector<std::string> words{call.path};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  words.insert(words.end(), {"--events", std::to_string(events_there)});
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  // A fixed environment, because its size and contents move figures; and by descriptor, because an
  // ordinary user may not be able to reach the path.
  std::array<char*, 1> environment{nullptr};
  ::execveat(program.get(), "", argv.data(), environment.data(), AT_EMPTY_PATH);
  ::_exit(127);
}

}  // namespace

sys::Result<ProgramEnd> run_program(const ProgramCall& call, const OnEvent& on_event) {
  using Clock = std::chrono::steady_clock;
  auto program = sys::open(call.path, O_PATH);
  if (!program) return tl::unexpected(program.error());
  auto events = sys::make_pipe();
  if (!events) return tl::unexpected(events.error());
  auto output = sys::make_pipe();
  if (!output) return tl::unexpected(output.error());
  sys::Fd input;
  if (!call.input.empty()) {
    input = sys::Fd(::memfd_create("input", MFD_CLOEXEC));
    if (!input) return sys::last_error("memfd_create(input)");
    if (auto w = sys::write_all(input.get(), call.input); !w) return tl::unexpected(w.error());
    ::lseek(input.get(), 0, SEEK_SET);
  }
  const pid_t self = ::getpid();
  auto cloned = sys::clone3({});
  if (!cloned) return tl::unexpected(cloned.error());
  if (cloned->pid == 0) {
    become_program(call, *program, input, events->write.get(), output->write.get(), self);
  }
  sys::Child child(cloned->pid, std::move(cloned->pidfd));
  events->write.reset();
  output->write.reset();
  ::fcntl(events->read.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(output->read.get(), F_SETFL, O_NONBLOCK);

  ProgramEnd end;
  Lines lines;
  auto deadline = Clock::now() + call.limit;
  auto take_events = [&](std::string_view bytes) {
    deadline = Clock::now() + call.limit;
    lines.take(bytes, on_event);
  };
  auto take_output = [&](std::string_view bytes) {
    end.output += bytes;
    if (end.output.size() > kOutputKept) end.output.erase(0, end.output.size() - kOutputKept);
  };
  std::array<pollfd, 3> watched{{{events->read.get(), POLLIN, 0},
                                 {output->read.get(), POLLIN, 0},
                                 {child.pidfd(), POLLIN, 0}}};
  // The process's end decides, not the pipe's: something that it left behind may hold the pipe.
  while ((watched[2].revents & POLLIN) == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0 || (call.stop && call.stop())) {
      end.timed_out = true;
      break;
    }
    if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) < 0) {
      if (errno != EINTR) return sys::last_error("poll(program)");
      continue;
    }
    if (watched[0].revents != 0 && !drain(watched[0].fd, take_events)) watched[0].fd = -1;
    if (watched[1].revents != 0 && !drain(watched[1].fd, take_output)) watched[1].fd = -1;
  }
  if (end.timed_out) {
    ::kill(-child.pid(), SIGKILL);
    (void)child.kill(SIGKILL);
  }
  const auto status = child.wait(std::chrono::milliseconds(10000));
  if (status) end.status = *status;
  ::kill(-cloned->pid, SIGKILL);
  sys::kill_all_children();
  // Bounded: a writer that escaped must not keep us reading.
  for (int i = 0; i < 4096 && drain(events->read.get(), take_events); ++i) {
  }
  for (int i = 0; i < 16 && drain(output->read.get(), take_output); ++i) {
  }
  end.garbage = std::move(lines).garbage();
  return end;
}

}  // namespace nsvet::harness
