#include "explain/elf_section.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <optional>

namespace nsvet::explain {
namespace {

template <class T>
std::optional<T> read_at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string_view text_at(std::string_view bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return {};
  return bytes.substr(offset, bytes.substr(offset).find('\0'));
}

}  // namespace

model::Result<AddressRange> find_section(std::string_view elf, std::string_view section) {
  const auto header = read_at<Elf64_Ehdr>(elf, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_type != ET_EXEC) {
    return model::cannot_run("not a program that is linked to fixed addresses");
  }
  const auto at = [&](std::uint64_t index) {
    return read_at<Elf64_Shdr>(elf, header->e_shoff + index * sizeof(Elf64_Shdr));
  };
  const auto names = at(header->e_shstrndx);
  for (std::uint64_t i = 0; names && i < header->e_shnum; ++i) {
    const auto row = at(i);
    if (!row) break;
    if (text_at(elf, names->sh_offset + row->sh_name) != section) continue;
    return AddressRange{row->sh_addr, row->sh_addr + row->sh_size};
  }
  return model::cannot_run(fmt::format("no section {} in it", section));
}

}  // namespace nsvet::explain
