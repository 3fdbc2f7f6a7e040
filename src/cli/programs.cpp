#include "cli/programs.h"

#include <fmt/format.h>

#include "sys/file.h"

namespace nsvet::cli {

model::Result<std::string> libexec_folder() {
  const auto self = sys::read_link("/proc/self/exe");
  if (!self) return model::cannot_run(to_string(self.error()));
  const std::string bin = self->substr(0, self->rfind('/'));
  const std::string folder = bin.substr(0, bin.rfind('/')) + "/" NSVET_LIBEXEC;
  if (!sys::exists(folder).value_or(false)) {
    return model::cannot_run(fmt::format("{}: not there: install nsvet, or build it", folder));
  }
  return folder;
}

}  // namespace nsvet::cli
