#include "cli/guest_files.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "guest/plan.h"
#include "sys/file.h"

namespace nsvet::cli {

model::Result<std::vector<vm::GuestFile>> guest_files(const std::string& libexec,
                                                      const vm::KernelImage& kernel) {
  std::vector<vm::GuestFile> files;
  auto add = [&](const std::string& from, const std::string& to,
                 unsigned mode) -> model::Result<void> {
    auto bytes = sys::read_file(from);
    if (!bytes) return model::cannot_run(to_string(bytes.error()));
    files.push_back({to, std::move(*bytes), mode});
    return {};
  };
  for (const std::string kind : {"probes", "bench"}) {
    for (const auto& name :
         sys::list_directory(libexec + "/" + kind).value_or(std::vector<std::string>{})) {
      auto added = add(libexec + "/" + kind + "/" + name, "nsvet/" + kind + "/" + name, 0755);
      if (!added) return tl::unexpected(added.error());
    }
  }
  if (auto added = add(libexec + "/guest/nsvet-init", "init", 0755); !added) {
    return tl::unexpected(added.error());
  }
  for (const auto& module : kernel.modules) {
    auto added = add(module, "modules" + module.substr(module.rfind('/')), 0644);
    if (!added) return tl::unexpected(added.error());
  }
  return files;
}

model::Result<Initramfs> nameless_initramfs(const std::vector<vm::GuestFile>& files) {
  const auto archive = vm::make_initramfs(files);
  if (!archive) return tl::unexpected(archive.error());
  sys::Fd fd(::memfd_create("initramfs", 0));
  if (!fd) return model::cannot_run("memfd_create failed: no memory for the initramfs");
  if (auto written = sys::write_all(fd.get(), *archive); !written) {
    return model::cannot_run(to_string(written.error()));
  }
  auto path = fmt::format("/proc/self/fd/{}", fd.get());
  return Initramfs{std::move(fd), std::move(path)};
}

model::Result<Initramfs> initramfs_for(std::vector<vm::GuestFile> files,
                                       const harness::RunPlan& plan) {
  // What is not run would only be unpacked.
  std::erase_if(files, [&](const vm::GuestFile& file) {
    return (!plan.checks && file.path.starts_with("nsvet/probes/")) ||
           (!plan.benchmarks && file.path.starts_with("nsvet/bench/"));
  });
  files.push_back({"plan.json", guest::plan_to_json(plan)});
  return nameless_initramfs(files);
}

}  // namespace nsvet::cli
