// A stopped thread: its memory, its registers and what /proc says of it.
#pragma once

#include <sys/user.h>

#include <cstdint>
#include <string>

namespace nsvet::liar {

class Tracee {
 public:
  explicit Tracee(pid_t tid) : tid_(tid) {}

  /// @return what could be read, at most `size` bytes
  std::string read(std::uint64_t address, std::size_t size) const;
  /// The text up to its end or 4095 bytes.
  std::string read_text(std::uint64_t address) const;
  void write(std::uint64_t address, const void* bytes, std::size_t size) const;
  template <class T>
  T read_value(std::uint64_t address, std::size_t size = sizeof(T)) const {
    T value{};
    const std::string bytes = read(address, size);
    bytes.copy(reinterpret_cast<char*>(&value), bytes.size());
    return value;
  }

  /// @return false when the thread is gone
  bool registers(user_regs_struct& registers) const;
  void set_registers(const user_regs_struct& registers) const;

  /// The path of a small number, which is a descriptor, or the text that an address points to.
  std::string path_or_text(std::uint64_t argument) const;
  /// The link of its namespace, as readlink gives it.
  std::string ns_link(const std::string& type) const;
  /// Whether it is PID 1 of a PID namespace below the supervisor's.
  bool is_init() const;

  pid_t tid() const { return tid_; }

 private:
  pid_t tid_;
};

// Where x86-64 keeps a call's arguments and result.
unsigned long long& argument(user_regs_struct& registers, unsigned index);
inline unsigned long long& result(user_regs_struct& registers) { return registers.rax; }

}  // namespace nsvet::liar
