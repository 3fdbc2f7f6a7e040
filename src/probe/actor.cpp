#include "probe/actor.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "model/ns_type.h"
#include "sys/call.h"
#include "sys/message.h"

namespace nsvet::probe {
namespace {

enum class Verb : char { run, start, give, take };

// The socket of the actor that this process is; -1 in the check itself.
int own_socket = -1;

struct Started {
  pid_t pid;
};

std::string abort_bytes(const Abort& abort) {
  return std::string{'a', static_cast<char>(abort.outcome)} + abort.reason;
}

std::string answer(std::string_view request, std::vector<sys::Fd>& fds,
                   std::vector<sys::Fd>& back) {
  std::string_view body = request.substr(1);
  switch (static_cast<Verb>(request.front())) {
    case Verb::run: {
      using Runner = std::string (*)(const void*);
      const auto runner = Wire<Runner>::unpack(body.substr(0, sizeof(Runner)));
      return runner(body.data() + sizeof(Runner));
    }
    case Verb::give:
      return Wire<int>::pack(fds.front().release());
    case Verb::take:
      back.emplace_back(::fcntl(Wire<int>::unpack(body), F_DUPFD_CLOEXEC, 0));
      return {};
    case Verb::start:
      break;
  }
  throw Abort{model::Outcome::error, "an actor was sent an unknown verb"};
}

struct Family {
  pid_t pid;
  sys::Fd pidfd;
  sys::Fd socket;
};

void verify_apart(std::uint64_t flags, const sys::NsIds& parent, const sys::NsIds& child) {
  for (const auto& type : model::kNsTypes) {
    const auto index = static_cast<std::size_t>(type.type);
    if ((flags & type.clone_flag) == 0 || parent[index] != child[index]) continue;
    throw Abort{model::Outcome::fail,
                fmt::format("clone3({}) succeeded, but the child is in its parent's {} namespace",
                            type.flag_name, type.name)};
  }
}

[[noreturn]] void serve(sys::Fd socket);

sys::Result<Family> make_actor(const sys::CloneOptions& options) {
  auto sockets = sys::make_socket_pair();
  if (!sockets) return tl::unexpected(sockets.error());
  const pid_t parent = (options.flags & CLONE_NEWPID) != 0 ? 0 : ::getpid();
  auto cloned = sys::clone3(options);
  if (!cloned) return tl::unexpected(cloned.error());
  if (cloned->pid == 0) {
    if (own_socket >= 0) ::close(own_socket);
    sockets->first.reset();
    own_socket = sockets->second.get();
    // After unshare or setns of a PID namespace the parent is in an outer one as well.
    if (::getppid() == 0 || parent == 0) {
      sys::die_with_parent(0);
    } else {
      sys::die_with_parent(parent);
    }
    serve(std::move(sockets->second));
  }
  return Family{cloned->pid, std::move(cloned->pidfd), std::move(sockets->first)};
}

[[noreturn]] void serve(sys::Fd socket) {
  for (;;) {
    auto request = sys::receive_message(socket.get(), std::chrono::milliseconds(-1));
    if (!request) ::_exit(0);
    std::string reply;
    std::vector<sys::Fd> back;
    try {
      if (static_cast<Verb>(request->bytes.front()) == Verb::start) {
        const auto options =
            Wire<sys::CloneOptions>::unpack(std::string_view(request->bytes).substr(1));
        sys::Result<Started> started;
        if (auto family = make_actor(options)) {
          started = Started{family->pid};
          back.push_back(std::move(family->socket));
          back.push_back(std::move(family->pidfd));
        } else {
          started = tl::unexpected(family.error());
        }
        reply = 'r' + Wire<sys::Result<Started>>::pack(started);
      } else {
        reply = 'r' + answer(request->bytes, request->fds, back);
      }
    } catch (const Abort& abort) {
      reply = abort_bytes(abort);
    }
    std::vector<int> numbers;
    for (const auto& fd : back) numbers.push_back(fd.get());
    if (!sys::send_message(socket.get(), reply, numbers)) ::_exit(0);
  }
}

std::chrono::milliseconds patience() {
  constexpr std::chrono::milliseconds kAnyMachine{20000};
  const char* asked = std::getenv("NSVET_PATIENCE_MS");
  const int milliseconds = asked == nullptr ? 0 : std::atoi(asked);
  return milliseconds > 0 ? std::chrono::milliseconds(milliseconds) : kAnyMachine;
}

}  // namespace

const std::chrono::milliseconds kPatience = patience();

sys::Result<Actor> Actor::start(const sys::CloneOptions& options) {
  auto family = make_actor(options);
  if (!family) return tl::unexpected(family.error());
  Actor actor(family->pid, std::move(family->pidfd), std::move(family->socket));
  verify_apart(options.flags, sys::ns_ids(), actor([] { return sys::ns_ids(); }));
  return actor;
}

sys::Result<Actor> Actor::try_spawn(const sys::CloneOptions& options) {
  std::string request{static_cast<char>(Verb::start)};
  request += Wire<sys::CloneOptions>::pack(options);
  std::vector<sys::Fd> fds;
  auto started = Wire<sys::Result<Started>>::unpack(exchange(request, {}, &fds));
  if (!started) return tl::unexpected(started.error());
  if (fds.size() != 2) throw Abort{model::Outcome::error, "an actor's descriptors were lost"};
  Actor actor(started->pid, std::move(fds[1]), std::move(fds[0]));
  verify_apart(options.flags, (*this)([] { return sys::ns_ids(); }),
               actor([] { return sys::ns_ids(); }));
  return actor;
}

std::string Actor::call(Runner runner, const void* step, std::size_t size) {
  std::string request{static_cast<char>(Verb::run)};
  request += Wire<Runner>::pack(runner);
  request.append(static_cast<const char*>(step), size);
  return exchange(request, {}, nullptr);
}

std::string Actor::exchange(std::string_view request, const std::vector<int>& fds,
                            std::vector<sys::Fd>* fds_back) {
  auto sent = sys::send_message(socket_.get(), request, fds);
  auto reply = sent ? sys::receive_message(socket_.get(), kPatience)
                    : sys::Result<sys::Message>(tl::unexpected(sent.error()));
  if (!reply) {
    const bool late = reply.error().number == ETIMEDOUT;
    throw Abort{model::Outcome::fail, late ? fmt::format("process {} did not come back", pid_)
                                           : fmt::format("process {} died unexpectedly", pid_)};
  }
  if (reply->bytes.front() == 'a') {
    throw Abort{static_cast<model::Outcome>(reply->bytes[1]), reply->bytes.substr(2)};
  }
  if (fds_back != nullptr) *fds_back = std::move(reply->fds);
  return reply->bytes.substr(1);
}

int Actor::give(int fd) {
  const std::string request{static_cast<char>(Verb::give)};
  return Wire<int>::unpack(exchange(request, {fd}, nullptr));
}

sys::Fd Actor::take(int fd_there) {
  std::string request{static_cast<char>(Verb::take)};
  request += Wire<int>::pack(fd_there);
  std::vector<sys::Fd> fds;
  exchange(request, {}, &fds);
  if (fds.size() != 1)
    throw Abort{model::Outcome::error, "a descriptor was lost between processes"};
  return std::move(fds.front());
}

bool Actor::dies_within(std::chrono::milliseconds limit) const {
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, static_cast<int>(limit.count())) > 0;
}

void Actor::finish() {
  // Actors that were started later have copies of this descriptor.
  ::shutdown(socket_.get(), SHUT_RDWR);
  socket_.reset();
  if (!dies_within(kPatience)) {
    throw Abort{model::Outcome::fail, fmt::format("process {} does not exit", pid_)};
  }
}

void pause_briefly() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

}  // namespace nsvet::probe
