#include "vm/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>
#include <set>

namespace nsvet::vm {
namespace {

using Writer = std::unique_ptr<archive, int (*)(archive*)>;
using Entry = std::unique_ptr<archive_entry, void (*)(archive_entry*)>;

Entry new_entry(const std::string& path, unsigned type, unsigned mode) {
  Entry entry(archive_entry_new(), &archive_entry_free);
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_filetype(entry.get(), type);
  archive_entry_set_perm(entry.get(), mode);
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_size(entry.get(), 0);
  return entry;
}

// Every directory once, parents first.
std::set<std::string> directories(const std::vector<GuestFile>& files) {
  std::set<std::string> all{"dev", "proc", "sys", "tmp"};
  for (const auto& file : files) {
    for (auto slash = file.path.find('/'); slash != std::string::npos;
         slash = file.path.find('/', slash + 1)) {
      all.insert(file.path.substr(0, slash));
    }
  }
  return all;
}

extern "C" la_ssize_t append_bytes(archive*, void* text, const void* bytes, std::size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

model::Result<std::string> make_initramfs(const std::vector<GuestFile>& files) {
  std::string bytes;
  Writer writer(archive_write_new(), &archive_write_free);
  auto failed = [&] {
    return model::cannot_run(
        fmt::format("cannot make the initramfs: {}", archive_error_string(writer.get())));
  };
  if (archive_write_set_format_cpio_newc(writer.get()) != ARCHIVE_OK ||
      archive_write_open(writer.get(), &bytes, nullptr, &append_bytes, nullptr) != ARCHIVE_OK) {
    return failed();
  }
  for (const auto& path : directories(files)) {
    const auto entry = new_entry(path, AE_IFDIR, path == "tmp" ? 01777 : 0755);
    if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK) return failed();
  }
  // The kernel opens /dev/console for init before any devtmpfs is mounted.
  const auto console = new_entry("dev/console", AE_IFCHR, 0600);
  archive_entry_set_rdevmajor(console.get(), 5);
  archive_entry_set_rdevminor(console.get(), 1);
  if (archive_write_header(writer.get(), console.get()) != ARCHIVE_OK) return failed();
  for (const auto& file : files) {
    const auto entry = new_entry(file.path, AE_IFREG, file.mode);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK) return failed();
    const auto written = archive_write_data(writer.get(), file.content.data(), file.content.size());
    if (written != static_cast<la_ssize_t>(file.content.size())) return failed();
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return failed();
  return bytes;
}

}  // namespace nsvet::vm
