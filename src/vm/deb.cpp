#include "vm/deb.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>

#include "sys/file.h"

namespace nsvet::vm {
namespace {

using Reader = std::unique_ptr<archive, int (*)(archive*)>;
constexpr std::array<std::string_view, 3> kModules{"dummy.ko", "overlay.ko", "veth.ko"};
constexpr std::size_t kLargestMember = 512U << 20;

std::optional<std::string> read_member(archive* reader) {
  std::string bytes;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = archive_read_data(reader, buffer.data(), buffer.size());
    if (n < 0 || bytes.size() > kLargestMember) return std::nullopt;
    if (n == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

/// @param take decides by the name whether it wants the member's bytes
/// @return false when the archive is damaged
bool each_member(const std::string& bytes, bool raw,
                 const std::function<bool(const std::string&)>& wants,
                 const std::function<void(const std::string&, std::string)>& take) {
  Reader reader(archive_read_new(), &archive_read_free);
  archive_read_support_filter_all(reader.get());
  if (raw) {
    archive_read_support_format_raw(reader.get());
  } else {
    archive_read_support_format_ar(reader.get());
    archive_read_support_format_tar(reader.get());
  }
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return false;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    const char* name = archive_entry_pathname(entry);
    const std::string path = name != nullptr ? name : "";
    if (!wants(path)) continue;
    auto member = read_member(reader.get());
    if (!member) return false;
    take(path, std::move(*member));
  }
  return status == ARCHIVE_EOF;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "veth.ko.xz" gives "veth.ko" when checks need it.
std::optional<std::string> wanted_module(std::string_view path) {
  const auto name = last_part(path);
  for (const auto module : kModules) {
    if (name == module || name == fmt::format("{}.xz", module) ||
        name == fmt::format("{}.zst", module)) {
      return std::string(module);
    }
  }
  return std::nullopt;
}

bool is_image(std::string_view path) {
  const auto name = last_part(path);
  return name == "vmlinuz" || name.starts_with("vmlinuz-");
}

bool take_data(const std::string& data, KernelFiles& files) {
  bool sound = true;
  sound &= each_member(
      data, false,
      [](const std::string& path) { return is_image(path) || wanted_module(path).has_value(); },
      [&](const std::string& path, std::string bytes) {
        if (is_image(path)) {
          if (!bytes.empty()) files.image = std::move(bytes);
          return;
        }
        // Old guests cannot decompress modules: hand them plain ones.
        sound &= each_member(
            bytes, true, [](const std::string&) { return true; },
            [&](const std::string&, std::string plain) {
              files.modules[*wanted_module(path)] = std::move(plain);
            });
      });
  return sound;
}

}  // namespace

model::Result<KernelFiles> kernel_files(const std::vector<std::string>& debs) {
  KernelFiles files;
  for (const auto& deb : debs) {
    const auto bytes = sys::read_file(deb, kLargestMember);
    if (!bytes) {
      return model::bad_input(
          fmt::format("{}: cannot be read ({})", deb, sys::errno_name(bytes.error().number)));
    }
    bool any = false;
    bool sound = true;
    sound &= each_member(
        *bytes, false, [](const std::string& name) { return name.starts_with("data.tar"); },
        [&](const std::string&, const std::string& data) {
          any = true;
          sound &= take_data(data, files);
        });
    if (!any || !sound) return model::bad_input(fmt::format("{}: not a sound Debian package", deb));
  }
  if (files.image.empty()) {
    return model::bad_input(
        fmt::format("{}: holds no kernel image; give the package that does "
                    "(linux-image-... or linux-binary-...)",
                    debs.front()));
  }
  return files;
}

}  // namespace nsvet::vm
