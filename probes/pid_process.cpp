#include "pid_process.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>

#include "sys/file.h"

namespace nsvet::probe {
namespace {

// The rest of the line that begins with "NAME:", with single spaces.
sys::Result<std::string> line_of(const std::string& path, std::string_view name) {
  const auto text = sys::read_file(path);
  if (!text) return tl::unexpected(text.error());
  const std::string begin = fmt::format("\n{}:", name);
  const auto at = ("\n" + *text).find(begin);
  if (at == std::string::npos) return sys::error(ENOENT, "{} in {}", name, path);
  const auto from = at + begin.size() - 1;
  std::string line = text->substr(from, text->find('\n', from) - from);
  std::ranges::replace(line, '\t', ' ');
  line.erase(0, line.find_first_not_of(' '));
  return line;
}

}  // namespace

sys::Result<pid_t> pid_of_pidfd(int pidfd) {
  const auto line = line_of(fmt::format("/proc/self/fdinfo/{}", pidfd), "Pid");
  if (!line) return tl::unexpected(line.error());
  pid_t pid = 0;
  std::from_chars(line->data(), line->data() + line->size(), pid);
  return pid;
}

sys::Result<std::string> status_line(std::string_view name, pid_t pid, std::string_view proc) {
  return line_of(
      pid == 0 ? fmt::format("{}/self/status", proc) : fmt::format("{}/{}/status", proc, pid),
      name);
}

std::string wait_state(pid_t child) {
  int status = 0;
  pid_t changed = 0;
  const bool seen = eventually([&] {
    changed = ::waitpid(child, &status, WUNTRACED | WCONTINUED | WNOHANG | __WALL);
    return changed != 0;
  });
  if (!seen) return "nothing";
  if (changed < 0) return sys::errno_name(errno);
  if (WIFSTOPPED(status)) return "stopped by " + sys::signal_name(WSTOPSIG(status));
  if (WIFCONTINUED(status)) return "continued";
  return to_string(sys::ExitStatus{status});
}

void outlive_parent() { ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0); }

void mount_own_proc() {
  enter_private_mounts();
  setup(sys::mount("proc", "/tmp", "proc", 0));
}

}  // namespace nsvet::probe
