#include "vm/boot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "sys/file.h"
#include "sys/process.h"
#include "vm/command.h"
#include "vm/console.h"

namespace nsvet::vm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kTick{200};
constexpr std::size_t kLongestLine = 64U << 20;

int run_qemu(const Machine& machine, int events, int console, int complaints, pid_t parent) {
  // QEMU opens /dev/fd/N itself, so these must survive exec.
  const int events_there = ::dup(events);
  const int console_there = ::dup(console);
  ::dup2(complaints, STDOUT_FILENO);
  ::dup2(complaints, STDERR_FILENO);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::setpgid(0, 0);  // ^C is for us: we end it in our own time.
  sys::die_with_parent(parent);
  auto words = qemu_arguments(machine, events_there, console_there);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  return 127;
}

struct Scheduled {
  std::chrono::nanoseconds ran{0};     ///< All threads together.
  std::chrono::nanoseconds waited{0};  ///< For a processor, the thread that waited longest.
};

// proc_pid_schedstat(5): time on a CPU, time waiting for one, both in nanoseconds.
Scheduled scheduled(pid_t pid) {
  Scheduled sum;
  const auto folder = fmt::format("/proc/{}/task/", pid);
  for (const auto& thread : sys::list_directory(folder).value_or(std::vector<std::string>{})) {
    std::istringstream text(sys::read_file(folder + thread + "/schedstat").value_or(""));
    std::int64_t running = 0;
    std::int64_t waiting = 0;
    if (!(text >> running >> waiting)) continue;
    sum.ran += std::chrono::nanoseconds(running);
    sum.waited = std::max(sum.waited, std::chrono::nanoseconds(waiting));
  }
  return sum;
}

// What one stream of the guest holds, non-blocking.
class Stream {
 public:
  explicit Stream(sys::Fd fd) : fd_(std::move(fd)) { ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK); }
  int fd() const { return fd_.get(); }
  /// @return whether there was anything
  bool drain(const std::function<void(std::string_view)>& take) {
    std::array<char, 65536> buffer;
    bool any = false;
    for (;;) {
      const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return any;
      any = true;
      take({buffer.data(), static_cast<std::size_t>(n)});
    }
  }

 private:
  sys::Fd fd_;
};

// Cuts the event stream into lines.
class EventLines {
 public:
  EventLines(const BootHooks& hooks, pid_t qemu) : hooks_(hooks), qemu_(qemu) {}
  void take(std::string_view bytes) {
    pending_ += bytes;
    std::size_t begin = 0;
    for (auto end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n', begin)) {
      line(std::string_view(pending_).substr(begin, end - begin));
      begin = end + 1;
    }
    pending_.erase(0, begin);
    if (pending_.size() > kLongestLine) pending_.clear();
  }
  bool any() const { return any_; }
  bool finished() const { return finished_; }
  const std::string& running() const { return running_; }
  const std::string& trouble() const { return trouble_; }

 private:
  void line(std::string_view text) {
    const auto event = model::decode(text);
    if (!event) return;
    any_ = true;
    if (const auto* start = std::get_if<model::Start>(&*event)) running_ = start->id;
    if (const auto* trouble = std::get_if<model::Trouble>(&*event)) trouble_ = trouble->message;
    const bool result = std::holds_alternative<model::CheckResult>(*event) ||
                        std::holds_alternative<model::Samples>(*event);
    if (result) running_.clear();
    if (std::holds_alternative<model::Finish>(*event)) finished_ = true;
    hooks_.on_event(*event, scheduled(qemu_).ran);
  }
  const BootHooks& hooks_;
  const pid_t qemu_;
  std::string pending_;
  std::string running_;
  std::string trouble_;
  bool any_ = false;
  bool finished_ = false;
};

}  // namespace

model::Result<std::string> qemu_version() {
  const auto output = run_command({"qemu-system-x86_64", "--version"});
  if (!output) {
    return model::cannot_run("qemu-system-x86_64 cannot be run: install it (scripts/install)");
  }
  return output->substr(0, output->find('\n'));
}

model::Result<BootResult> boot(const Machine& machine, const BootHooks& hooks,
                               const BootLimits& limits) {
  auto events_pipe = sys::make_pipe();
  auto console_pipe = sys::make_pipe();
  auto complaints_pipe = sys::make_pipe();
  if (!events_pipe || !console_pipe || !complaints_pipe) {
    return model::cannot_run("no more pipes: raise the limit of open files (ulimit -n)");
  }
  const auto begin = Clock::now();
  const pid_t self = ::getpid();
  auto qemu = sys::Child::spawn([&] {
    return run_qemu(machine, events_pipe->write.get(), console_pipe->write.get(),
                    complaints_pipe->write.get(), self);
  });
  if (!qemu) return model::cannot_run(to_string(qemu.error()));
  // Our own write ends stay open until QEMU has opened its own: a FIFO's reader would see the end.
  Stream events(std::move(events_pipe->read));
  Stream console(std::move(console_pipe->read));
  Stream complaints(std::move(complaints_pipe->read));

  BootResult result;
  EventLines lines(hooks, qemu->pid());
  ConsoleWatch watch;
  std::string complaint;
  auto drain_all = [&] {
    bool any = events.drain([&](std::string_view bytes) { lines.take(bytes); });
    any |= console.drain([&](std::string_view bytes) { watch.take(bytes, lines.running()); });
    complaints.drain([&](std::string_view bytes) { complaint += bytes; });
    return any;
  };
  const auto silence = [&] { return watch.oopsed() ? limits.silence_after_oops : limits.silence; };
  auto last_sign = begin;
  milliseconds forgiven{0};
  bool ended = false;
  bool late = false;
  bool stopped = false;
  std::array<pollfd, 3> watched{
      {{events.fd(), POLLIN, 0}, {console.fd(), POLLIN, 0}, {qemu->pidfd(), POLLIN, 0}}};
  while (!ended && !late && !stopped && !lines.finished()) {
    (void)::poll(watched.data(), watched.size(), static_cast<int>(kTick.count()));
    const auto now = Clock::now();
    ended = (watched[2].revents & POLLIN) != 0;
    if (drain_all()) last_sign = now;
    if (lines.any() && result.to_first_event.count() == 0) {
      result.to_first_event = std::chrono::duration_cast<milliseconds>(now - begin);
    }
    const auto limit = lines.any() ? silence() : limits.first_event;
    late = now - (lines.any() ? last_sign : begin) > limit + forgiven;
    if (late && !ended) {
      // What it could not use is added to its time.
      // A busy host is no fault of the guest.
      forgiven = std::chrono::duration_cast<milliseconds>(scheduled(qemu->pid()).waited);
      late = now - (lines.any() ? last_sign : begin) > limit + forgiven;
    }
    stopped = hooks.stop && hooks.stop();
  }
  result.cpu = std::chrono::duration_cast<milliseconds>(scheduled(qemu->pid()).ran);
  if (!ended) (void)qemu->kill(SIGKILL);
  const auto status = qemu->wait(milliseconds(30000));
  drain_all();
  result.total = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
  result.kernel_log = watch.messages();

  auto& end = result.end;
  end.running = lines.running();
  using model::EndState;
  if (lines.finished()) {
    end = {};
    return result;
  }
  end.console = watch.tail();
  if (stopped) {
    end.state = EndState::interrupted;
    end.message = "stopped before its end";
  } else if (watch.panicked()) {
    end.state = EndState::panic;
    end.message = "the kernel panicked";
  } else if (late && lines.any()) {
    end.state = EndState::hang;
    end.message = fmt::format("no sign of life for {} s{}", silence().count(),
                              watch.oopsed() ? " after an oops" : "");
  } else if (late) {
    end.state = EndState::boot_failed;
    end.message = fmt::format("no sign of our init after {} s", limits.first_event.count());
  } else if (!lines.trouble().empty()) {
    end.state = EndState::lost;
    end.message = lines.trouble();
  } else if (status && status->exited(0)) {
    end.state = lines.any() ? EndState::reboot : EndState::boot_failed;
    end.message = lines.any() ? "the guest ended before its end record"
                              : "the guest ended before our init had started";
  } else {
    end.state = EndState::lost;
    end.message =
        fmt::format("QEMU ended: {} {:.200}", status ? to_string(*status) : std::string("unknown"),
                    complaint.substr(0, complaint.find('\n')));
  }
  return result;
}

}  // namespace nsvet::vm
