#include "tracee.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <fstream>

#include "sys/fd.h"
#include "sys/file.h"

namespace nsvet::liar {
namespace {

sys::Result<sys::Fd> open_memory(pid_t tid, int flags) {
  return sys::open(fmt::format("/proc/{}/mem", tid), flags);
}

}  // namespace

std::string Tracee::read(std::uint64_t address, std::size_t size) const {
  const auto memory = open_memory(tid_, O_RDONLY);
  if (!memory) return {};
  std::string bytes(size, '\0');
  const auto got = ::pread(memory->get(), bytes.data(), size, static_cast<off_t>(address));
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::string Tracee::read_text(std::uint64_t address) const {
  const std::string bytes = read(address, 4095);
  return bytes.substr(0, bytes.find('\0'));
}

void Tracee::write(std::uint64_t address, const void* bytes, std::size_t size) const {
  const auto memory = open_memory(tid_, O_RDWR);
  if (!memory) return;
  // A thread that was killed meanwhile has no memory to lie to.
  (void)!::pwrite(memory->get(), bytes, size, static_cast<off_t>(address));
}

bool Tracee::registers(user_regs_struct& registers) const {
  return ::ptrace(PTRACE_GETREGS, tid_, nullptr, &registers) == 0;
}

void Tracee::set_registers(const user_regs_struct& registers) const {
  ::ptrace(PTRACE_SETREGS, tid_, nullptr, &registers);
}

std::string Tracee::path_or_text(std::uint64_t argument) const {
  constexpr std::uint64_t kNoAddress = 0x10000;
  if (argument >= kNoAddress) return read_text(argument);
  return sys::read_link(fmt::format("/proc/{}/fd/{}", tid_, argument)).value_or("");
}

std::string Tracee::ns_link(const std::string& type) const {
  return sys::read_link(fmt::format("/proc/{}/ns/{}", tid_, type)).value_or("");
}

bool Tracee::is_init() const {
  const auto status = sys::read_file(fmt::format("/proc/{}/status", tid_)).value_or("");
  const auto begin = status.find("NSpid:");
  if (begin == std::string::npos) return false;
  const auto line = std::string_view(status).substr(begin, status.find('\n', begin) - begin);
  return line.ends_with("\t1");
}

unsigned long long& argument(user_regs_struct& registers, unsigned index) {
  unsigned long long* const places[] = {&registers.rdi, &registers.rsi, &registers.rdx,
                                        &registers.r10, &registers.r8,  &registers.r9};
  return *places[index];
}

}  // namespace nsvet::liar
