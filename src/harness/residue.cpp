#include "harness/residue.h"

#include <unistd.h>

#include "sys/call.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::harness {

Surroundings surroundings() {
  Surroundings now;
  now["host name"] = sys::hostname().value_or("");
  now["domain name"] = sys::domainname().value_or("");
  for (const char* path : {"/proc/self/mountinfo", "/proc/sysvipc/msg", "/proc/sysvipc/sem",
                           "/proc/self/uid_map", "/proc/self/cgroup"}) {
    now[path] = sys::read_file(path).value_or("");
  }
  std::string links;
  for (const auto& name :
       sys::list_directory("/sys/class/net").value_or(std::vector<std::string>{})) {
    links += name + "\n";
  }
  now["network links"] = links;
  std::string children;
  for (const pid_t pid : sys::children_of(::getpid()).value_or(std::vector<pid_t>{})) {
    children += std::to_string(pid) + "\n";
  }
  now["child processes"] = children;
  return now;
}

std::vector<std::string> residue(const Surroundings& before, const Surroundings& after) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (old == before.end() || old->second == value) continue;
    lines.push_back(fmt::format("{} changed", name));
  }
  return lines;
}

}  // namespace nsvet::harness
