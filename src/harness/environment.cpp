#include "harness/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>

#include "model/ns_type.h"
#include "sys/file.h"

namespace nsvet::harness {
namespace {

std::string first_line(const std::string& path) {
  const auto text = sys::read_file(path);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

void note(std::map<std::string, std::string>& map, const std::string& key, std::string value) {
  if (!value.empty()) map[key] = std::move(value);
}

std::string cpu_model() {
  const auto info = sys::read_file("/proc/cpuinfo");
  if (!info) return {};
  const auto key = info->find("model name");
  const auto colon = info->find(": ", key);
  if (key == std::string::npos || colon == std::string::npos) return {};
  return info->substr(colon + 2, info->find('\n', colon) - colon - 2);
}

std::string enabled_thp() {
  const std::string line = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const auto begin = line.find('[');
  const auto end = line.find(']');
  return begin < end && end != std::string::npos ? line.substr(begin + 1, end - begin - 1) : "";
}

}  // namespace

// "Linux version 7.3.4 (who@where) (gcc-14 (Debian 14.2.0-19) 14.2.0, GNU ld ...) #1 SMP ..."
std::string compiler_of(std::string_view version) {
  constexpr std::string_view kBefore = ") (";
  const auto begin = version.find(kBefore);
  if (begin == std::string_view::npos) return {};
  version.remove_prefix(begin + kBefore.size());
  version = version.substr(0, version.find(") #"));
  return std::string(version.substr(0, version.find(", ")));
}

model::Environment local_environment() {
  model::Environment environment;
  utsname names{};
  ::uname(&names);
  environment.kernel["release"] = names.release;
  environment.kernel["version"] = names.version;
  note(environment.kernel, "compiler", compiler_of(first_line("/proc/version")));
  note(environment.kernel, "cmdline", first_line("/proc/cmdline"));
  auto& machine = environment.machine;
  machine["architecture"] = names.machine;
  note(machine, "cpu", cpu_model());
  machine["cpus"] = std::to_string(::sysconf(_SC_NPROCESSORS_ONLN));
  note(machine, "clocksource",
       first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
  note(machine, "governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
  note(machine, "lsm", first_line("/sys/kernel/security/lsm"));
  note(machine, "thp", enabled_thp());
  const std::string vulnerabilities = "/sys/devices/system/cpu/vulnerabilities";
  for (const auto& name :
       sys::list_directory(vulnerabilities).value_or(std::vector<std::string>{})) {
    note(machine, "mitigation." + name, first_line(vulnerabilities + "/" + name));
  }
  for (const char* name : {"kernel/unprivileged_userns_clone", "kernel/randomize_va_space",
                           "kernel/apparmor_restrict_unprivileged_userns"}) {
    note(machine, std::string("sysctl.") + name, first_line(std::string("/proc/sys/") + name));
  }
  return environment;
}

std::map<std::string, std::int64_t> limits() {
  std::map<std::string, std::int64_t> values;
  auto read = [&](const std::string& name) {
    const std::string line = first_line("/proc/sys/" + name);
    std::int64_t value = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), value).ec == std::errc()) {
      values[name] = value;
    }
  };
  for (const auto& type : model::kNsTypes) read("user/" + std::string(type.max_file));
  for (const char* name : {"kernel/pid_max", "kernel/threads-max", "fs/mount-max"}) read(name);
  return values;
}

}  // namespace nsvet::harness
