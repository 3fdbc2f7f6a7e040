// Draws that are the same on every machine: the distributions of <random> are not.
#pragma once

#include <cstdint>
#include <vector>

namespace nsvet::explore {

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t number) : state_(seed) {
    state_ = next() ^ (number * 0x9e3779b97f4a7c15ULL);
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// @return from 0 to below `count`
  int below(std::size_t count) { return static_cast<int>(next() % count); }
  bool chance(int percent) { return below(100) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(below(list.size()))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace nsvet::explore
