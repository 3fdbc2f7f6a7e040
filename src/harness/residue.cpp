#include "harness/residue.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

#include "model/ns_type.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::harness {
namespace {

std::string joined(const sys::Result<std::vector<std::string>>& names) {
  std::string text;
  for (const auto& name : names.value_or(std::vector<std::string>{})) text += name + "\n";
  return text;
}

// The columns that say which objects there are; the others are use, and change by themselves.
std::string identities(const std::string& path) {
  std::istringstream lines(sys::read_file(path).value_or(""));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string id;
    words >> key >> id;
    text += fmt::format("{} {}\n", key, id);
  }
  return text;
}

std::multiset<std::string> lines_of(const std::string& text) {
  std::multiset<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

}  // namespace

Surroundings surroundings() {
  Surroundings now;
  now["host name"] = sys::hostname().value_or("");
  now["domain name"] = sys::domainname().value_or("");
  for (const char* path : {"/proc/self/mountinfo", "/proc/self/uid_map", "/proc/self/cgroup"}) {
    now[path] = sys::read_file(path).value_or("");
  }
  for (const char* path : {"/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm"}) {
    now[path] = identities(path);
  }
  for (const char* name :
       {"kernel/hostname", "kernel/domainname", "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni",
        "kernel/pid_max", "kernel/sem", "kernel/shm_rmid_forced", "kernel/shmall", "kernel/shmmax",
        "kernel/shmmni", "fs/mqueue/msg_max", "fs/mqueue/queues_max", "fs/mount-max",
        "net/ipv4/ip_forward", "net/ipv4/ip_unprivileged_port_start"}) {
    now[fmt::format("sysctl {}", name)] =
        sys::read_file(fmt::format("/proc/sys/{}", name)).value_or("");
  }
  for (const auto& type : model::kNsTypes) {
    now[fmt::format("sysctl user/{}", type.max_file)] =
        sys::read_file(fmt::format("/proc/sys/user/{}", type.max_file)).value_or("");
  }
  now["network link"] = joined(sys::list_directory("/sys/class/net"));
  now["POSIX queue"] = joined(sys::list_directory("/dev/mqueue"));
  std::string children;
  for (const pid_t pid : sys::children_of(::getpid()).value_or(std::vector<pid_t>{})) {
    children += std::to_string(pid) + "\n";
  }
  now["child process"] = children;
  return now;
}

std::vector<std::string> residue(const Surroundings& before, const Surroundings& after) {
  std::vector<std::string> findings;
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (old == before.end() || old->second == value) continue;
    const auto was = lines_of(old->second);
    const auto is = lines_of(value);
    auto tell = [&](const std::string& what, const auto& a, const auto& b) {
      std::vector<std::string> only;
      std::ranges::set_difference(a, b, std::back_inserter(only));
      for (const auto& line : only) findings.push_back(fmt::format("{}: {}", what, line));
    };
    tell(name + " came", is, was);
    tell(name + " went", was, is);
  }
  return findings;
}

}  // namespace nsvet::harness
