#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "vm/cache.h"
#include "vm/kernel_image.h"
#include "vm/suites.h"

namespace nsvet::cli {
namespace {

constexpr const char* kSpecs =
    "SPEC is debian:6.12 (newest of that series on offer), debian:6.12.117 (exact),\n"
    "a path to a bzImage or vmlinuz, or a .deb.\n";

int fetch(const std::vector<std::string>& specs) {
  for (const auto& spec : specs) {
    const auto image = vm::find_kernel(spec, true);
    if (!image) return report_error(image.error());
    fmt::print("{}: {} ({})\n", spec, image->release, image->source);
  }
  return kAllGood;
}

int list(bool available, bool json) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (available) {
    const auto offers = vm::kernels_on_offer();
    if (!offers) return report_error(offers.error());
    for (const auto& offer : *offers) {
      rows.push_back({{"spec", "debian:" + offer.version},
                      {"release", offer.release},
                      {"source", offer.source()}});
    }
  } else {
    const auto images = vm::cached_kernels();
    if (!images) return report_error(images.error());
    for (const auto& image : *images) {
      rows.push_back({{"spec", image.spec}, {"release", image.release}, {"source", image.source}});
    }
  }
  if (json) {
    fmt::print("{}\n", rows.dump(2));
    return kAllGood;
  }
  for (const auto& row : rows) {
    fmt::print("{:<18} {:<32} {}\n", row["spec"].get<std::string>(),
               row["release"].get<std::string>(), row["source"].get<std::string>());
  }
  if (rows.empty()) fmt::print("no kernel yet (try: nsvet kernels fetch debian:6.12)\n");
  return kAllGood;
}

int path(const std::string& spec) {
  const auto image = vm::find_kernel(spec);
  if (!image) return report_error(image.error());
  fmt::print("{}\n", image->image);
  return kAllGood;
}

}  // namespace

void add_kernels(CLI::App& app, Action& chosen) {
  auto* kernels = app.add_subcommand("kernels", "Fetch and list kernel images");
  kernels->require_subcommand(1);
  kernels->footer("Example: nsvet kernels fetch debian:6.1 debian:6.12 debian:7.3");
  const auto specs = std::make_shared<std::vector<std::string>>();
  auto* get = kernels->add_subcommand("fetch", "Put kernels into the cache");
  get->footer(std::string(kSpecs) + "Example: nsvet kernels fetch debian:6.1 debian:7.3");
  get->add_option("SPEC", *specs, "The kernels")->required();
  get->callback([&chosen, specs] { chosen = [specs] { return fetch(*specs); }; });

  const auto available = std::make_shared<bool>(false);
  const auto json = std::make_shared<bool>(false);
  auto* show = kernels->add_subcommand("list", "The cached kernels");
  show->footer("Example: nsvet kernels list --available");
  show->add_flag("--available", *available, "What the distribution's suites offer instead");
  show->add_flag("--json", *json, "As JSON");
  show->callback([&chosen, available, json] {
    chosen = [available, json] { return list(*available, *json); };
  });

  const auto spec = std::make_shared<std::string>();
  auto* where = kernels->add_subcommand("path", "The path of a kernel's image, for scripts");
  where->footer(std::string(kSpecs) + "Example: nsvet kernels path debian:6.12");
  where->add_option("SPEC", *spec, "The kernel")->required();
  where->callback([&chosen, spec] { chosen = [spec] { return path(*spec); }; });
}

}  // namespace nsvet::cli
