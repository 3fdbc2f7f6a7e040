// Where a section of a program lies when it runs.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/error.h"

namespace nsvet::explain {

struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  ///< One past the last byte.
};

/// @param elf the bytes of a 64-bit program that is linked to fixed addresses, see elf(5)
/// @return cannot_run when it is none, or has no such section
model::Result<AddressRange> find_section(std::string_view elf, std::string_view section);

}  // namespace nsvet::explain
