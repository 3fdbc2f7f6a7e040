#include "vm/kernel_image.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/version.h"
#include "sys/file.h"
#include "vm/cache.h"
#include "vm/command.h"
#include "vm/deb.h"
#include "vm/suites.h"

namespace nsvet::vm {
namespace {

constexpr std::string_view kDebian = "debian:";
constexpr std::size_t kHeaderMagic = 0x202;
constexpr std::size_t kVersionPointer = 0x20e;

bool of_series(const std::string& version, const std::string& wanted) {
  return version == wanted || version.starts_with(wanted + ".");
}

model::Result<KernelImage> from_image(const std::string& spec) {
  const auto bytes = sys::read_file(spec, 256U << 20);
  if (!bytes) {
    return model::bad_input(
        fmt::format("{}: cannot be read ({}): name a kernel image, a .deb, or "
                    "debian:VERSION",
                    spec, sys::errno_name(bytes.error().number)));
  }
  auto release = image_release(*bytes, spec);
  if (!release) return tl::unexpected(release.error());
  auto sha256 = sha256_of(spec);
  if (!sha256) return tl::unexpected(sha256.error());
  return KernelImage{spec, spec, "", *release, spec, *sha256, {}};
}

model::Result<KernelImage> from_packages(const std::vector<std::string>& debs,
                                         const std::string& source, const std::string& version) {
  auto files = kernel_files(debs);
  if (!files) return tl::unexpected(files.error());
  auto release = image_release(files->image, debs.front());
  if (!release) return tl::unexpected(release.error());
  return store(*files, *release, source, version);
}

model::Result<KernelImage> from_suites(const std::string& wanted) {
  auto offered = kernels_on_offer();
  if (!offered) return tl::unexpected(offered.error());
  const Offer* best = nullptr;
  std::string others;
  for (const Offer& offer : *offered) {
    if (!of_series(offer.version, wanted)) continue;
    const bool newer = best == nullptr || model::compare_versions(offer.version, best->version) > 0;
    if (newer) best = &offer;
  }
  if (best == nullptr) {
    for (const Offer& offer : *offered) others += " debian:" + offer.version;
    return model::bad_input(
        fmt::format("debian:{}: no suite offers it; on offer:{}", wanted, others));
  }
  for (auto& cached : cached_kernels().value_or(std::vector<KernelImage>{})) {
    if (cached.source == best->source()) return cached;
  }
  auto debs = download(*best);
  if (!debs) return tl::unexpected(debs.error());
  return from_packages(debs->files, best->source(), best->version);
}

}  // namespace

model::Result<std::string> image_release(std::string_view bytes, std::string_view name) {
  auto no_kernel = [&] {
    return model::bad_input(
        fmt::format("{}: not a Linux kernel image for x86 (no bzImage header)", name));
  };
  if (bytes.size() < 0x1000 || bytes.substr(kHeaderMagic, 4) != "HdrS") return no_kernel();
  const auto low = static_cast<unsigned char>(bytes[kVersionPointer]);
  const auto high = static_cast<unsigned char>(bytes[kVersionPointer + 1]);
  const std::size_t text = 0x200U + low + 256U * high;
  if (text >= bytes.size()) return no_kernel();
  const auto rest = bytes.substr(text, 256);
  const auto end = rest.find_first_of(std::string_view(" \0", 2));
  if (end == 0 || end == std::string_view::npos) return no_kernel();
  return std::string(rest.substr(0, end));
}

model::Result<KernelImage> find_kernel(const std::string& spec, bool refresh) {
  auto named = [&](model::Result<KernelImage> image) {
    if (image) image->spec = spec;
    return image;
  };
  if (!spec.starts_with(kDebian)) {
    if (!spec.ends_with(".deb")) return from_image(spec);
    return named(from_packages({spec}, spec, ""));
  }
  const std::string wanted = spec.substr(kDebian.size());
  if (wanted.empty() || wanted.find_first_not_of("0123456789.") != std::string::npos) {
    return model::bad_input(
        fmt::format("{}: expected debian:SERIES or debian:VERSION, as "
                    "debian:6.12 or debian:6.12.117",
                    spec));
  }
  if (!refresh) {
    auto cached = cached_kernels();
    if (!cached) return tl::unexpected(cached.error());
    const auto newest = std::ranges::find_if(
        cached->rbegin(), cached->rend(),
        [&](const KernelImage& image) { return of_series(image.version, wanted); });
    if (newest != cached->rend()) return named(*newest);
  }
  return named(from_suites(wanted));
}

}  // namespace nsvet::vm
