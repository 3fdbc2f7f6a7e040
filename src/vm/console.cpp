#include "vm/console.h"

#include <array>

namespace nsvet::vm {
namespace {

struct Pattern {
  std::string_view start;  ///< Of the message, behind time stamp and caller.
  std::string_view severity;
};

// What the kernel prints at the start of a complaint (kernel/panic.c, kernel/watchdog.c,
// kernel/rcu/tree_stall.h, kernel/hung_task.c, kernel/locking/lockdep.c, mm/oom_kill.c,
// lib/ubsan.c).
constexpr std::array<Pattern, 17> kPatterns{{
    {"Kernel panic", "panic"},
    {"BUG: ", "bug"},
    {"kernel BUG at", "bug"},
    {"Oops", "oops"},
    {"general protection fault", "oops"},
    {"stack segment", "oops"},
    {"WARNING: possible", "lockdep"},
    {"WARNING: suspicious RCU", "lockdep"},
    {"WARNING: ", "warning"},
    {"UBSAN: ", "warning"},
    {"refcount_t: ", "warning"},
    {"unregister_netdevice: waiting", "warning"},
    {"watchdog: BUG: soft lockup", "stall"},
    {"rcu: INFO: ", "stall"},
    {"INFO: rcu", "stall"},
    {"INFO: task ", "hung_task"},
    {"Out of memory", "oom"},
}};

constexpr std::size_t kLinesKept = 40;
constexpr std::size_t kLongestLine = 512;
constexpr std::size_t kMostMessages = 100;

// "[    1.234567][  T12] text" becomes "text".
std::string_view without_prefix(std::string_view line) {
  while (line.starts_with('[') || line.starts_with(' ')) {
    if (line.front() == ' ') {
      line.remove_prefix(1);
      continue;
    }
    const auto end = line.find(']');
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return line;
}

}  // namespace

std::optional<std::string> severity_of(std::string_view line) {
  const auto text = without_prefix(line);
  for (const auto& pattern : kPatterns) {
    if (text.starts_with(pattern.start)) return std::string(pattern.severity);
  }
  return std::nullopt;
}

void ConsoleWatch::take(std::string_view bytes, const std::string& running) {
  for (const char c : bytes) {
    if (c == '\n' || pending_.size() >= kLongestLine) line(running);
    // Boot loaders and terminals send escapes: only text is kept.
    if (c == '\t' || static_cast<unsigned char>(c) >= ' ') pending_ += c;
  }
}

void ConsoleWatch::line(const std::string& running) {
  if (pending_.empty()) return;
  if (auto severity = severity_of(pending_); severity && messages_.size() < kMostMessages) {
    panicked_ = panicked_ || *severity == "panic";
    oopsed_ = oopsed_ || *severity == "oops";
    messages_.push_back({*severity, std::string(without_prefix(pending_)), running});
  }
  lines_.push_back(std::move(pending_));
  pending_.clear();
  if (lines_.size() > kLinesKept) lines_.pop_front();
}

}  // namespace nsvet::vm
