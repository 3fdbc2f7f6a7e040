#include "probe/program.h"

#include <fcntl.h>
#include <unistd.h>

#include "sys/file.h"

namespace nsvet::probe {

sys::Result<HeldProgram> execute(const std::string& path,
                                 const std::function<sys::Result<>()>& before,
                                 const sys::CloneOptions& options) {
  // Less than any list of checks.
  constexpr int kSmallest = 4096;
  auto pipe = sys::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  if (::fcntl(pipe->write.get(), F_SETPIPE_SZ, kSmallest) < 0) {
    return sys::last_error("fcntl(F_SETPIPE_SZ)");
  }
  auto child = sys::Child::spawn(
      [&] {
        if (!before() || ::dup2(pipe->write.get(), STDOUT_FILENO) < 0) return 1;
        ::execl(path.c_str(), "nsvet", "--list", "--events", "1", nullptr);
        return 1;
      },
      options);
  if (!child) return tl::unexpected(child.error());
  pipe->write.reset();
  char byte = 0;
  if (::read(pipe->read.get(), &byte, 1) != 1) return sys::error(ECHILD, "execve()");
  return HeldProgram{std::move(*child), std::move(pipe->read)};
}

sys::Result<HeldProgram> execute_self(const std::function<sys::Result<>()>& before,
                                      const sys::CloneOptions& options) {
  return execute("/proc/self/exe", before, options);
}

}  // namespace nsvet::probe
