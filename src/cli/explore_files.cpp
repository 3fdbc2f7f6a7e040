#include "cli/explore_files.h"

#include <fmt/format.h>

#include <filesystem>

#include "explore/reproducer.h"
#include "model/glob.h"
#include "sys/file.h"

namespace nsvet::cli {
namespace {

constexpr std::size_t kLargest = 256U << 20;

model::Result<void> write(const std::string& path, const std::string& text) {
  const auto written = sys::replace_file(path, text);
  if (!written) return model::bad_input(fmt::format("{}: {}", path, to_string(written.error())));
  return {};
}

void remove_old(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (model::glob_match("finding-*.seq", name) || model::glob_match("finding-*.c", name)) {
      std::filesystem::remove(entry.path(), error);
    }
  }
}

}  // namespace

model::Result<void> write_exploration(const explore::Explored& explored,
                                      const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return model::bad_input(fmt::format("{}: {}", folder, error.message()));
  remove_old(folder);
  const auto& [subject, exploration] = explored;
  int number = 0;
  for (const auto& finding : exploration.findings) {
    const std::string path = fmt::format("{}/finding-{:02}", folder, ++number);
    auto written = write(path + ".seq", "# " + finding.subject + "\n" + to_text(finding.sequence));
    if (!written) return written;
    const std::string head =
        fmt::format("{}\n{} -> {}\n", finding.subject, subject.base, subject.now);
    written = write(path + ".c", explore::reproducer(finding.sequence, head));
    if (!written) return written;
  }
  return write(folder + "/exploration.json", to_json(explored));
}

model::Result<explore::Explored> read_exploration(const std::string& folder) {
  const std::string path = folder + "/exploration.json";
  const auto text = sys::read_file(path, kLargest);
  if (!text) return model::bad_input(to_string(text.error()));
  return explore::explored_from_json(*text, path);
}

}  // namespace nsvet::cli
