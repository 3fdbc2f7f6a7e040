// Processes that do, one step at a time, what a check tells them.
//
// A check that needs several processes in several namespaces reads from top to bottom:
//
//   Actor inside = t.spawn({.flags = CLONE_NEWUTS});
//   require(inside([] { return sys::set_hostname("inside"); }));
//   t.expect("host name outside", setup(sys::hostname()), before);
//
// A step is a closure that runs in the actor; the caller waits for what it returns. Actors are made
// by clone without exec, so code has the same address in all of them and a step is sent as a
// function pointer and the closure's bytes. Captures must therefore be plain values: no references,
// no std::string. Answers: see wire.h.
#pragma once

#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <type_traits>

#include "probe/abort.h"
#include "probe/wire.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace nsvet::probe {

/// Text that a step can capture.
class Text {
 public:
  Text(const std::string& text) {  // NOLINT(google-explicit-constructor): stands for the text
    text.copy(bytes_.data(), bytes_.size() - 1);
  }
  operator std::string() const { return bytes_.data(); }  // NOLINT(google-explicit-constructor)
  std::string str() const { return bytes_.data(); }

 private:
  std::array<char, 512> bytes_{};
};

class Actor {
 public:
  /// Starts an actor as a child of the calling process.
  /// @throws Abort (fail) when flags ask for namespaces and the actor is not in new ones, so that
  /// no later step can touch those of the host
  static sys::Result<Actor> start(const sys::CloneOptions& options);

  Actor(Actor&& other) noexcept = default;
  Actor& operator=(Actor&& other) noexcept = default;
  /// The actor exits when its socket is closed; its parent reaps it, at the latest when the check
  /// ends.
  ~Actor() = default;

  /// Runs the step in the actor.
  /// @throws Abort: what the step threw, or a fail when the actor died or did not answer
  template <class Step>
  auto operator()(Step step) -> std::invoke_result_t<Step> {
    using Answer = std::invoke_result_t<Step>;
    static_assert(std::is_trivially_copyable_v<Step>, "a step captures plain values only");
    static_assert(sizeof(Step) <= 4096);
    Runner runner = [](const void* bytes) -> std::string {
      alignas(Step) std::array<std::byte, sizeof(Step)> storage;
      std::memcpy(storage.data(), bytes, sizeof(Step));
      auto& here = *reinterpret_cast<Step*>(storage.data());
      if constexpr (std::is_void_v<Answer>) {
        here();
        return {};
      } else {
        return Wire<Answer>::pack(here());
      }
    };
    const std::string bytes = call(runner, &step, sizeof(Step));
    if constexpr (!std::is_void_v<Answer>) return Wire<Answer>::unpack(bytes);
  }

  /// Lets the actor start an actor of its own, which the check commands directly.
  sys::Result<Actor> try_spawn(const sys::CloneOptions& options = {});
  Actor spawn(const sys::CloneOptions& options = {}) { return require(try_spawn(options)); }

  /// The actor's PID as its parent sees it.
  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }

  /// Copies a descriptor of the check into the actor.
  /// @return its number there
  int give(int fd);
  /// Copies a descriptor of the actor into the check.
  sys::Fd take(int fd_there);

  /// Waits until the actor has died.
  /// @return false when it still lives after `limit`
  bool dies_within(std::chrono::milliseconds limit) const;
  /// @return whether it still lives now
  bool alive() const { return !dies_within(std::chrono::milliseconds(0)); }
  /// Lets it exit as soon as it is idle, and waits for that (not for its being reaped).
  void finish();

 private:
  using Runner = std::string (*)(const void*);
  Actor(pid_t pid, sys::Fd pidfd, sys::Fd socket)
      : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}
  std::string call(Runner runner, const void* step, std::size_t size);
  std::string exchange(std::string_view request, const std::vector<int>& fds,
                       std::vector<sys::Fd>* fds_back);

  pid_t pid_ = 0;
  sys::Fd pidfd_;
  sys::Fd socket_;
};

/// How long a check waits for something that must happen: long enough for any loaded machine.
/// NSVET_PATIENCE_MS in the environment says otherwise, for kernels that are known to lie.
extern const std::chrono::milliseconds kPatience;

/// Polls until `condition` holds or kPatience is over, for what the kernel does in its own time.
/// @return whether it held
template <class Condition>
bool eventually(Condition condition);

void pause_briefly();

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    pause_briefly();
  }
  return true;
}

}  // namespace nsvet::probe
