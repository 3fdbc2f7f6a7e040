#include "harness/pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::harness {
namespace {

using Index = std::uint32_t;

struct Worker {
  sys::Child process;
  sys::Fd events;
  Lines lines{};
  std::string running{};
};

// A file with the indices in their order. Its offset is shared by all who inherit it, and each
// read(2) moves it on: whoever reads takes the next.
sys::Result<sys::Fd> make_queue(std::size_t count) {
  sys::Fd queue(::memfd_create("queue", MFD_CLOEXEC));
  if (!queue) return sys::last_error("memfd_create(queue)");
  std::vector<Index> indices(count);
  std::ranges::generate(indices, [next = Index{0}]() mutable { return next++; });
  const std::string_view bytes(reinterpret_cast<const char*>(indices.data()),
                               count * sizeof(Index));
  if (auto written = sys::write_all(queue.get(), bytes); !written) {
    return tl::unexpected(written.error());
  }
  ::lseek(queue.get(), 0, SEEK_SET);
  return queue;
}

int work(std::span<const std::string> ids, int queue, int events, const RunOne& run_one) {
  const auto tell = [events](const model::Event& event) {
    return sys::write_all(events, model::encode(event) + "\n").has_value();
  };
  if (!sys::become_subreaper()) return 1;
  Index index = 0;
  while (::read(queue, &index, sizeof index) == sizeof index) {
    if (!tell(model::Start{ids[index]}) || !tell(run_one(ids[index]))) return 1;
  }
  return 0;
}

sys::Result<Worker> start(std::span<const std::string> ids, int queue, const RunOne& run_one) {
  auto pipe = sys::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  auto child = sys::Child::spawn([&] { return work(ids, queue, pipe->write.get(), run_one); });
  if (!child) return tl::unexpected(child.error());
  ::fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK);
  return Worker{std::move(*child), std::move(pipe->read)};
}

model::CheckResult lost(const std::string& id) {
  model::CheckResult result;
  result.id = id;
  result.reason = "the process that ran it has died";
  return result;
}

}  // namespace

sys::Result<> run_pool(std::span<const std::string> ids, int workers, const RunOne& run_one,
                       const OnEvent& on_event, const std::function<bool()>& go_on) {
  const auto queue = make_queue(ids.size());
  if (!queue) return tl::unexpected(queue.error());
  std::vector<Worker> pool;
  for (int i = 0; i < workers; ++i) {
    auto worker = start(ids, queue->get(), run_one);
    if (!worker) return tl::unexpected(worker.error());
    pool.push_back(std::move(*worker));
  }
  std::set<std::string_view> open(ids.begin(), ids.end());
  const auto take = [&](Worker& worker) {
    return drain(worker.events.get(), [&](std::string_view bytes) {
      worker.lines.take(bytes, [&](const model::Event& event) {
        if (const auto* begun = std::get_if<model::Start>(&event)) worker.running = begun->id;
        if (const auto* result = std::get_if<model::CheckResult>(&event)) {
          worker.running.clear();
          open.erase(result->id);
        }
        on_event(event);
      });
    });
  };
  bool stopped = false;
  while (!pool.empty()) {
    if (!stopped && !go_on()) {
      stopped = true;
      ::lseek(queue->get(), 0, SEEK_END);
    }
    std::vector<pollfd> watched;
    for (const Worker& worker : pool) watched.push_back({worker.events.get(), POLLIN, 0});
    constexpr int kLookUp = 200;  // ms: a signal may come just before the call.
    if (::poll(watched.data(), watched.size(), kLookUp) < 0) {
      if (errno == EINTR) continue;
      return sys::last_error("poll(workers)");
    }
    for (std::size_t i = pool.size(); i-- > 0;) {
      if (watched[i].revents == 0 || take(pool[i])) continue;
      if (!pool[i].running.empty() && open.erase(pool[i].running) > 0) {
        on_event(lost(pool[i].running));
      }
      pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  // What workers that died have left to us.
  sys::kill_all_children();
  if (!stopped) {
    for (const auto id : open) on_event(lost(std::string(id)));
  }
  return {};
}

}  // namespace nsvet::harness
