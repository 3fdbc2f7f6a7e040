#include "harness/lines.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace nsvet::harness {
namespace {

constexpr std::size_t kLongestLine = 16U << 20;

}  // namespace

void Lines::take(std::string_view bytes, const OnEvent& on_event) {
  pending_ += bytes;
  std::size_t end = 0;
  while ((end = pending_.find('\n')) != std::string::npos) {
    line(pending_.substr(0, end), on_event);
    pending_.erase(0, end + 1);
  }
  if (pending_.size() > kLongestLine) {
    line(pending_.substr(0, 80), on_event);
    pending_.clear();
  }
}

std::string Lines::garbage() && {
  if (garbage_.empty()) return std::move(pending_);  // A line that was cut off.
  return std::move(garbage_);
}

void Lines::line(const std::string& text, const OnEvent& on_event) {
  auto event = model::decode(text);
  if (event) {
    on_event(*event);
  } else if (garbage_.empty()) {
    garbage_ = text.empty() ? "an empty line" : text.substr(0, 200);
  }
}

bool drain(int fd, const std::function<void(std::string_view)>& take) {
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  if (n <= 0) return n < 0 && errno == EINTR;
  take({buffer.data(), static_cast<std::size_t>(n)});
  return true;
}

}  // namespace nsvet::harness
