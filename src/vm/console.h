// Reads the guest's console for what a kernel says when something is wrong with it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/report.h"

namespace nsvet::vm {

/// @return what the line announces, or nothing; the severity as in model::KernelMessage
std::optional<std::string> severity_of(std::string_view line);

class ConsoleWatch {
 public:
  /// @param running what ran when the bytes came
  void take(std::string_view bytes, const std::string& running);
  const std::vector<model::KernelMessage>& messages() const { return messages_; }
  bool panicked() const { return panicked_; }
  bool oopsed() const { return oopsed_; }
  /// The last lines, at most 40.
  std::vector<std::string> tail() const { return {lines_.begin(), lines_.end()}; }

 private:
  void line(const std::string& running);
  std::string pending_;
  std::deque<std::string> lines_;
  std::vector<model::KernelMessage> messages_;
  bool panicked_ = false;
  bool oopsed_ = false;
};

}  // namespace nsvet::vm
