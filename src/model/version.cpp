#include "model/version.h"

#include <charconv>

namespace nsvet::model {

std::vector<long> version_numbers(std::string_view text) {
  std::vector<long> numbers;
  while (!text.empty()) {
    long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return numbers;
}

int compare_versions(std::string_view a, std::string_view b) {
  const auto x = version_numbers(a);
  const auto y = version_numbers(b);
  return x < y ? -1 : (y < x ? 1 : 0);
}

}  // namespace nsvet::model
