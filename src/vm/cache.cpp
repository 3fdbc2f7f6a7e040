#include "vm/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/version.h"
#include "sys/file.h"
#include "vm/command.h"

namespace nsvet::vm {
namespace {

namespace fs = std::filesystem;

std::string cache_path() {
  const auto from = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  if (auto own = from("NSVET_CACHE"); !own.empty()) return own;
  if (auto xdg = from("XDG_CACHE_HOME"); !xdg.empty()) return xdg + "/nsvet";
  return from("HOME") + "/.cache/nsvet";
}

model::Result<KernelImage> load(const std::string& folder) {
  const auto text = sys::read_file(folder + "/kernel.json");
  if (!text) return model::cannot_run(to_string(text.error()));
  try {
    const auto value = nlohmann::json::parse(*text);
    KernelImage image{"debian:" + value.at("version").get<std::string>(),
                      value.at("source"),
                      value.at("version"),
                      value.at("release"),
                      folder + "/vmlinuz",
                      value.at("sha256"),
                      {}};
    for (const std::string name : value.at("modules")) {
      image.modules.push_back(folder + "/" + name);
    }
    return image;
  } catch (const std::exception& wrong) {
    return model::cannot_run(
        fmt::format("{}/kernel.json: {}: remove this folder", folder, wrong.what()));
  }
}

}  // namespace

model::Result<std::string> cache_folder() {
  const std::string folder = cache_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return model::cannot_run(
        fmt::format("{}: cannot be made ({}): set NSVET_CACHE", folder, error.message()));
  }
  return folder;
}

model::Result<KernelImage> store(const KernelFiles& files, const std::string& release,
                                 const std::string& source, const std::string& version) {
  const auto cache = cache_folder();
  if (!cache) return tl::unexpected(cache.error());
  const std::string kernels = *cache + "/kernels";
  // The hash keeps apart two builds that call themselves the same.
  std::string temporary = kernels + "/.new.XXXXXX";
  std::error_code error;
  fs::create_directories(kernels, error);
  if (::mkdtemp(temporary.data()) == nullptr) {
    return model::cannot_run(fmt::format("{}: cannot be written: set NSVET_CACHE", kernels));
  }
  auto written = sys::replace_file(temporary + "/vmlinuz", files.image);
  nlohmann::json names = nlohmann::json::array();
  for (const auto& [name, bytes] : files.modules) {
    if (written) written = sys::replace_file(temporary + "/" + name, bytes);
    names.push_back(name);
  }
  const auto sha256 = sha256_of(temporary + "/vmlinuz");
  const nlohmann::json about{{"source", source},
                             {"version", version.empty() ? release : version},
                             {"release", release},
                             {"sha256", sha256.value_or("")},
                             {"modules", names}};
  if (written) written = sys::replace_file(temporary + "/kernel.json", about.dump(2) + "\n");
  const std::string folder =
      fmt::format("{}/{}-{:.8}", kernels, release, sha256.value_or("unknown"));
  if (written) {
    fs::rename(temporary, folder, error);
    if (error && fs::exists(folder + "/kernel.json")) error.clear();  // Someone was faster.
  }
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  if (!written) return model::cannot_run(to_string(written.error()));
  if (error) return model::cannot_run(fmt::format("{}: {}", folder, error.message()));
  return load(folder);
}

model::Result<std::vector<KernelImage>> cached_kernels() {
  const auto cache = cache_folder();
  if (!cache) return tl::unexpected(cache.error());
  std::vector<KernelImage> images;
  const std::string kernels = *cache + "/kernels";
  for (const auto& name : sys::list_directory(kernels).value_or(std::vector<std::string>{})) {
    if (name.starts_with('.')) continue;
    auto image = load(kernels + "/" + name);
    if (!image) return tl::unexpected(image.error());
    images.push_back(std::move(*image));
  }
  std::ranges::stable_sort(images, [](const KernelImage& a, const KernelImage& b) {
    return model::compare_versions(a.version, b.version) < 0;
  });
  return images;
}

}  // namespace nsvet::vm
