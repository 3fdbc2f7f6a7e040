// The kernel's functions by address, from /proc/kallsyms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.h"

namespace nsvet::explain {

struct Function {
  std::uint64_t address = 0;
  std::string name;    ///< As in the source: without .isra.0, .cold and the like.
  std::string module;  ///< Empty for the kernel's own.
  std::string full_name() const;
};

/// Addresses of the kernel, see Documentation/arch/x86/x86_64/mm.rst.
constexpr bool is_kernel(std::uint64_t address) { return (address >> 63U) != 0; }

class Symbols {
 public:
  /// @param kallsyms its text; symbols that are not code are left out
  /// @return cannot_run when it names no code, or hides the addresses (kptr_restrict)
  static model::Result<Symbols> parse(std::string_view kallsyms);

  /// @return the function that holds the address; null when it lies below all of them
  const Function* find(std::uint64_t address) const;

  const std::vector<Function>& functions() const { return functions_; }

 private:
  std::vector<Function> functions_;  ///< By address, one each.
};

}  // namespace nsvet::explain
