// Events out of the bytes that a pipe gives.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "model/event.h"

namespace nsvet::harness {

using OnEvent = std::function<void(const model::Event&)>;

/// Splits what arrives into lines, and keeps the first one that is no event.
class Lines {
 public:
  void take(std::string_view bytes, const OnEvent& on_event);
  /// @return the first line that was no event, or one that was cut off; empty when there was none
  std::string garbage() &&;

 private:
  void line(const std::string& text, const OnEvent& on_event);
  std::string pending_;
  std::string garbage_;
};

/// Reads once.
/// @return false at the end of what can be read now
bool drain(int fd, const std::function<void(std::string_view)>& take);

}  // namespace nsvet::harness
