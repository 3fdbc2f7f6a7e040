#include "harness/pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <atomic>
#include <set>
#include <utility>
#include <vector>

#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::harness {
namespace {

struct Worker {
  sys::Child process;
  sys::Fd events;
  Lines lines{};
  std::string running{};
};

// The number of the next check, in memory that all workers share.
class Queue {
 public:
  static sys::Result<Queue> create() {
    void* at =
        ::mmap(nullptr, sizeof(Counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return sys::last_error("mmap(queue)");
    return Queue(new (at) Counter(0));
  }
  Queue(Queue&& other) noexcept : next_(std::exchange(other.next_, nullptr)) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() {
    if (next_ != nullptr) ::munmap(next_, sizeof(Counter));
  }

  /// @return a number that nobody else gets
  std::uint32_t take() const { return next_->fetch_add(1); }
  /// From now on there is none below `count`.
  void close(std::size_t count) const { next_->store(static_cast<std::uint32_t>(count)); }

 private:
  using Counter = std::atomic<std::uint32_t>;
  static_assert(Counter::is_always_lock_free, "it is shared between processes");
  explicit Queue(Counter* next) : next_(next) {}
  Counter* next_;
};

int work(std::span<const std::string> ids, const Queue& queue, int events, const RunOne& run_one) {
  const auto tell = [events](const model::Event& event) {
    return sys::write_all(events, model::encode(event) + "\n").has_value();
  };
  if (!sys::become_subreaper()) return 1;
  for (auto next = queue.take(); next < ids.size(); next = queue.take()) {
    if (!tell(model::Start{ids[next]}) || !tell(run_one(ids[next]))) return 1;
  }
  return 0;
}

sys::Result<Worker> start(std::span<const std::string> ids, const Queue& queue,
                          const RunOne& run_one) {
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
  const auto queue = Queue::create();
  if (!queue) return tl::unexpected(queue.error());
  std::vector<Worker> pool;
  for (int i = 0; i < workers; ++i) {
    auto worker = start(ids, *queue, run_one);
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
      queue->close(ids.size());
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
