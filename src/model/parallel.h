// Independent work, on all processors.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace nsvet::model {

/// Calls work(i) once for each i below count, from several threads; returns when all are done.
/// @param work must not throw
template <class Work>
void in_parallel(std::size_t count, const Work& work) {
  std::atomic<std::size_t> next = 0;
  const auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  const auto most = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  std::vector<std::jthread> others(std::max<std::size_t>(1, std::min(count, most)) - 1);
  for (auto& other : others) other = std::jthread(take);
  take();
}

}  // namespace nsvet::model
