#include "vm/vmlinux.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <memory>

namespace nsvet::vm {
namespace {

// Offsets in the setup header.
constexpr std::size_t kSetupSectors = 0x1f1;
constexpr std::size_t kMagic = 0x202;
constexpr std::size_t kPayloadOffset = 0x248;
constexpr std::size_t kPayloadLength = 0x24c;
constexpr std::size_t kLargest = 512U << 20;

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);  // This is x86 on x86.
  return value;
}

std::string_view payload_of(std::string_view image) {
  if (image.size() < 0x1000 || image.substr(kMagic, 4) != "HdrS") return {};
  const std::size_t sectors = static_cast<unsigned char>(image[kSetupSectors]);
  const std::size_t begin = (sectors + 1) * 512 + little_endian(image, kPayloadOffset);
  const std::size_t length = little_endian(image, kPayloadLength);
  if (begin > image.size() || length > image.size() - begin || length < 4) return {};
  return image.substr(begin, length);
}

std::string unpacked(std::string_view payload) {
  const Reader reader(archive_read_new(), &archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  // The unpacked size is gzip's own end; after other formats, the kernel's build appends it.
  const std::size_t size = little_endian(payload, payload.size() - 4);
  if (!payload.starts_with("\x1f\x8b")) payload.remove_suffix(4);
  if (size > kLargest ||
      archive_read_open_memory(reader.get(), payload.data(), payload.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return {};
  }
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto n = archive_read_data(reader.get(), bytes.data() + filled, size - filled);
    if (n <= 0) return {};
    filled += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace

model::Result<std::string> vmlinux_in(std::string_view image, std::string_view name) {
  const auto payload = payload_of(image);
  auto bytes = payload.empty() ? std::string() : unpacked(payload);
  if (!bytes.starts_with("\177ELF")) {
    return model::bad_input(fmt::format("{}: no kernel could be unpacked from it", name));
  }
  return bytes;
}

}  // namespace nsvet::vm
