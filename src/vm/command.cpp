#include "vm/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::vm {

model::Result<std::string> run_command(const std::vector<std::string>& words) {
  auto output = sys::make_pipe();
  auto complaints = sys::make_pipe();
  if (!output || !complaints) return model::cannot_run("no more pipes: raise ulimit -n");
  const pid_t self = ::getpid();
  auto child = sys::Child::spawn([&] {
    ::dup2(output->write.get(), STDOUT_FILENO);
    ::dup2(complaints->write.get(), STDERR_FILENO);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::setenv("LC_ALL", "C", 1);
    sys::die_with_parent(self);
    std::vector<std::string> copies = words;
    std::vector<char*> argv;
    for (auto& word : copies) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    return 127;
  });
  if (!child) return model::cannot_run(to_string(child.error()));
  output->write.reset();
  complaints->write.reset();
  std::string text;
  std::string error;
  std::array<pollfd, 2> watched{
      {{output->read.get(), POLLIN, 0}, {complaints->read.get(), POLLIN, 0}}};
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      std::array<char, 65536> buffer;
      const ssize_t n = ::read(watched[i].fd, buffer.data(), buffer.size());
      if (n <= 0) {
        watched[i].fd = -1;
      } else {
        (i == 0 ? text : error).append(buffer.data(), static_cast<std::size_t>(n));
      }
    }
  }
  const auto status = child->wait(std::chrono::milliseconds(60000));
  if (status && status->success()) return text;
  if (status && status->exited(127)) {
    return model::cannot_run(fmt::format("{} cannot be run: install it", words.front()));
  }
  while (!error.empty() && error.back() == '\n') error.pop_back();
  return model::cannot_run(
      fmt::format("{} failed: {:.300}", words.front(), error.substr(error.rfind('\n') + 1)));
}

model::Result<std::string> sha256_of(const std::string& path) {
  auto line = run_command({"sha256sum", "--", path});
  if (!line) return line;
  // A name with a backslash or newline is escaped, and marked by a backslash in front.
  return line->substr(line->starts_with('\\') ? 1 : 0, 64);
}

}  // namespace nsvet::vm
