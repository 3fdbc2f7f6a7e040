#include "inspect/gather.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "inspect/ns_link.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/mount_api.h"
#include "sys/mountinfo.h"
#include "sys/nsfs.h"

namespace nsvet::inspect {
namespace {

using model::NsGraph;
using model::NsNode;
using model::NsPin;
using model::NsType;

// By kTaskLinks; an inode of 0 is a link that the kernel lacks or does not show.
using Links = std::array<NsName, kTaskLinks.size()>;

constexpr std::size_t kListed = 8192;  // Ids in one listns(2) call.

std::optional<int> to_pid(std::string_view name) {
  int pid = 0;
  const auto* end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, pid);
  if (read.ec != std::errc() || read.ptr != end || pid <= 0) return std::nullopt;
  return pid;
}

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

// mountinfo writes space, tab, newline and backslash as three octal digits.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 4], code, 8).ptr == &text[i + 4]) {
      plain += static_cast<char>(code);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// The lines of mountinfo that show an nsfs mount: one file has thousands of others.
std::string nsfs_lines(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    if (line.find(" - nsfs ") != line.npos) kept += line;
    text.remove_prefix(line.size());
  }
  return kept;
}

class Gatherer {
 public:
  explicit Gatherer(const Source& source) : source_(source) {}

  sys::Result<NsGraph> run() && {
    const auto names = sys::list_directory(source_.proc);
    if (!names) return tl::unexpected(names.error());
    std::set<int> pids;  // In numeric order.
    for (const auto& name : *names) {
      if (const auto pid = to_pid(name)) pids.insert(*pid);
    }
    for (const int pid : pids) process(pid);
    for (const auto& [ns, task] : mount_ns_tasks_) mounts(ns, task);
    if (source_.kernel && !listed()) walk_mount_namespaces();
    own();
    limits();
    comms();
    notes();
    return std::move(graph_);
  }

 private:
  struct Task {
    int pid = 0;
    std::string folder;
  };

  void process(int pid) {
    const std::string folder = fmt::format("{}/{}", source_.proc, pid);
    const auto dir = sys::open(folder, O_PATH | O_DIRECTORY);
    if (!dir) return;  // It has ended.
    const Links links = read_links(dir->get());
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (links[i].inode == 0) continue;
      auto& node = meet(links[i], [&] { return folder + "/" + kTaskLinks[i].path; });
      if (!kTaskLinks[i].children) {
        node.processes.push_back(pid);
      } else if (!is_own_link(links, links[i])) {
        node.pins.push_back({.kind = NsPin::Kind::children, .pid = pid, .number = pid});
      }
    }
    note_mount_ns(links, {pid, folder});
    threads(pid, folder, links);
    descriptors(pid, folder, dir->get(), links);
  }

  // A denied link denies them all.
  Links read_links(int dir) {
    Links links;
    for (std::size_t i = 0; i < links.size(); ++i) {
      const auto text = sys::read_link_at(dir, kTaskLinks[i].path);
      if (text) {
        links[i] = parse_ns_link(*text).value_or(NsName{});
      } else if (text.error().number == EACCES || text.error().number == EPERM) {
        ++hidden_tasks_;
        break;
      }
    }
    return links;
  }

  static bool is_own_link(const Links& links, const NsName& name) {
    for (std::size_t i = 0; i < links.size(); ++i) {
      if (!kTaskLinks[i].children && links[i] == name) return true;
    }
    return false;
  }

  void note_mount_ns(const Links& links, const Task& task) {
    for (const auto& link : links) {
      if (link.type == NsType::mnt && link.inode != 0)
        mount_ns_tasks_.try_emplace(link.inode, task);
    }
  }

  void threads(int pid, const std::string& folder, const Links& leader) {
    const auto names = sys::list_directory(folder + "/task");
    if (!names || names->size() < 2) return;
    for (const auto& name : *names) {
      const auto tid = to_pid(name);
      if (!tid || *tid == pid) continue;
      const std::string thread = folder + "/task/" + name;
      const auto dir = sys::open(thread, O_PATH | O_DIRECTORY);
      if (!dir) continue;
      const Links links = read_links(dir->get());
      for (std::size_t i = 0; i < links.size(); ++i) {
        if (links[i].inode == 0 || links[i] == leader[i]) continue;
        if (kTaskLinks[i].children && is_own_link(links, links[i])) continue;
        auto& node = meet(links[i], [&] { return thread + "/" + kTaskLinks[i].path; });
        const auto kind = kTaskLinks[i].children ? NsPin::Kind::children : NsPin::Kind::thread;
        node.pins.push_back({.kind = kind, .pid = pid, .number = *tid});
      }
      note_mount_ns(links, {pid, thread});
    }
  }

  void descriptors(int pid, const std::string& folder, int dir, const Links& links) {
    const auto names = sys::list_directory(folder + "/fd");
    if (!names) {
      if (names.error().number == EACCES || names.error().number == EPERM) ++hidden_tables_;
      return;
    }
    sys::Fd pidfd;
    for (const auto& name : *names) {
      const auto text = sys::read_link_at(dir, "fd/" + name);
      int fd = 0;
      std::from_chars(name.data(), name.data() + name.size(), fd);
      if (!text) continue;
      if (const auto link = parse_ns_link(*text)) {
        auto& node = meet(*link, [&] { return folder + "/fd/" + name; });
        node.pins.push_back({.kind = NsPin::Kind::fd, .pid = pid, .number = fd});
      } else if (source_.kernel && text->starts_with("socket:")) {
        if (!pidfd) pidfd = sys::pidfd_open(pid).value_or(sys::Fd());
        socket(pid, pidfd.get(), fd, links);
      }
    }
  }

  // A socket holds the network namespace that it was made in, wherever its process has gone.
  void socket(int pid, int pidfd, int fd, const Links& links) {
    const auto copy = sys::pidfd_getfd(pidfd, fd);
    if (!copy) return;
    auto ns = sys::net_ns_of_socket(copy->get());
    if (!ns) return;
    auto* node = meet(NsType::net, *ns);
    if (node == nullptr || is_own_link(links, {NsType::net, node->inode})) return;
    node->pins.push_back({.kind = NsPin::Kind::socket, .pid = pid, .number = fd});
  }

  void mounts(std::uint64_t mount_ns, const Task& task) {
    const auto text = sys::read_file(task.folder + "/mountinfo");
    if (!text) return;
    const auto mounts = sys::parse_mountinfo(nsfs_lines(*text));
    if (!mounts) return;
    for (const auto& mount : *mounts) {
      const auto link = parse_ns_link(mount.root);
      if (!link) continue;
      auto& node = meet(*link, [&] { return task.folder + "/root" + unescaped(mount.point); });
      node.pins.push_back({.kind = NsPin::Kind::mount,
                           .pid = task.pid,
                           .where = mount.point,
                           .mount_ns = mount_ns});
    }
  }

  // The node of a name that was read; when it is new, it is opened by `path` to ask about it.
  NsNode& meet(const NsName& name, const std::function<std::string()>& path) {
    const auto found = graph_.nodes.find(name.inode);
    if (found != graph_.nodes.end()) return found->second;
    auto& node = graph_.nodes[name.inode];
    node.type = name.type;
    node.inode = name.inode;
    const auto ns = sys::open(path(), O_RDONLY | O_NONBLOCK);
    // What a path leads to may be another file by now, or lie below another mount.
    if (ns && sys::type_of_ns(ns->get()).value_or(0) == model::info(name.type).clone_flag &&
        sys::ns_id_of_fd(ns->get()).value_or(sys::NsId{}).inode == name.inode) {
      ask(node, ns->get());
    }
    return node;
  }

  NsNode* meet(NsType type, const sys::Fd& ns) {
    const auto name = sys::ns_id_of_fd(ns.get());
    if (!name) return nullptr;
    const auto [found, made] = graph_.nodes.try_emplace(name->inode);
    auto& node = found->second;
    if (made) {
      node.type = type;
      node.inode = name->inode;
      ask(node, ns.get());
    }
    return &node;
  }

  void ask(NsNode& node, int ns) {
    node.id = sys::unique_id_of_ns(ns).value_or(0);
    if (node.id != 0) ids_.insert(node.id);
    if (node.inode != sys::kInitialUserInode) {
      node.owner = relative(NsType::user, sys::owner_of_ns(ns));
    }
    if (node.type == NsType::user) {
      node.parent = node.owner;
      if (const auto uid = sys::owner_uid_of_ns(ns)) node.creator = *uid;
    }
    if (node.type == NsType::pid && node.inode != sys::kInitialPidInode) {
      node.parent = relative(NsType::pid, sys::parent_of_ns(ns));
    }
  }

  std::optional<std::uint64_t> relative(NsType type, const sys::Result<sys::Fd>& ns) {
    if (!ns) {
      ++hidden_relatives_;
      return std::nullopt;
    }
    const auto* node = meet(type, *ns);
    return node == nullptr ? std::nullopt : std::optional(node->inode);
  }

  // Those that nothing in this /proc shows: of processes elsewhere, or held in other ways.
  bool listed() {
    sys::ListNsRequest request;
    for (;;) {
      const auto ids = sys::list_ns(request, kListed);
      if (!ids && ids.error().number == ENOSYS) return false;
      if (!ids || ids->empty()) return true;
      for (const auto id : *ids) {
        if (!ids_.contains(id)) open_listed(id);
      }
      request.after = ids->back();
    }
  }

  void open_listed(std::uint64_t id) {
    const auto ns = sys::open_ns_handle({.id = id}, O_RDONLY);
    if (!ns) {
      ++unopened_;
      return;
    }
    const auto flag = sys::type_of_ns(ns->get()).value_or(0);
    for (const auto& type : model::kNsTypes) {
      if (type.clone_flag == flag) meet(type.type, *ns);
    }
  }

  void walk_mount_namespaces() {
    graph_.notes.push_back(
        "this kernel has no listns(2) (Linux 6.19): what nothing in /proc shows is not found, but "
        "for mount namespaces with privilege since Linux 6.12");
    for (const bool backwards : {true, false}) {
      auto ns = sys::open_ns(NsType::mnt);
      while (ns && (ns = sys::next_mount_ns(ns->get(), backwards))) meet(NsType::mnt, *ns);
    }
  }

  void own() {
    for (const auto& link : kTaskLinks) {
      const auto text = sys::read_link(fmt::format("{}/self/{}", source_.proc, link.path));
      const auto name = text ? parse_ns_link(*text) : std::nullopt;
      if (!name || link.children) continue;
      const auto node = graph_.nodes.find(name->inode);
      if (node != graph_.nodes.end()) node->second.own = true;
      if (name->type == NsType::pid && name->inode != sys::kInitialPidInode) {
        graph_.notes.push_back(
            "this is not the initial PID namespace: processes outside it are "
            "not in sight");
      }
    }
  }

  void limits() {
    for (const auto& type : model::kNsTypes) {
      const auto text = sys::read_file(fmt::format("{}/sys/user/{}", source_.proc, type.max_file));
      std::int64_t value = 0;
      if (text &&
          std::from_chars(text->data(), text->data() + text->size(), value).ec == std::errc()) {
        graph_.limits["user." + std::string(type.max_file)] = value;
      }
    }
  }

  void comms() {
    for (const auto& [inode, node] : graph_.nodes) {
      if (!node.processes.empty()) comm(node.processes.front());
      for (const auto& pin : node.pins) comm(pin.pid);
    }
  }

  void comm(int pid) {
    const auto [name, made] = graph_.names.try_emplace(pid);
    if (!made) return;
    const auto text = sys::read_file(fmt::format("{}/{}/comm", source_.proc, pid));
    if (text) name->second = text->substr(0, text->find('\n'));
  }

  void notes() {
    const auto note = [&](std::size_t n, std::string_view one, std::string_view many,
                          std::string_view rest) {
      if (n > 0) graph_.notes.push_back(counted(n, one, many) + std::string(rest));
    };
    note(hidden_tasks_, "task", "tasks",
         " of others: their namespaces need ptrace access (CAP_SYS_PTRACE), see namespaces(7)");
    note(hidden_tables_, "process", "processes",
         " of others: whether their descriptors hold namespaces is not in sight");
    note(hidden_relatives_, "owner or parent", "owners and parents",
         " above the caller's own namespaces: not in sight");
    note(unopened_, "namespace", "namespaces",
         " that listns(2) named had gone, or may not be opened");
  }

  Source source_;
  NsGraph graph_;
  std::map<std::uint64_t, Task> mount_ns_tasks_;  // A task in each mount namespace.
  std::set<std::uint64_t> ids_;
  std::size_t hidden_tasks_ = 0;
  std::size_t hidden_tables_ = 0;
  std::size_t hidden_relatives_ = 0;
  std::size_t unopened_ = 0;
};

}  // namespace

sys::Result<NsGraph> gather(const Source& source) { return Gatherer(source).run(); }

}  // namespace nsvet::inspect
