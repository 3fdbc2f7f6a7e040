// Makes a report of the events of one run or of several boots.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/event.h"
#include "model/report.h"

namespace nsvet::harness {

class Collector {
 public:
  explicit Collector(model::Cell cell) { report_.cell = std::move(cell); }

  /// @param label of the round that the event belongs to
  /// @param spent time that was spent until then, from whatever beginning
  void take(const model::Event& event, const std::string& label, std::chrono::nanoseconds spent);
  model::Report& report() { return report_; }
  /// @return what runs now; empty between two
  const std::string& running() const { return running_; }
  /// @return whether the end record has come since the last call
  bool take_finished() { return std::exchange(finished_, false); }

  model::Report finish() &&;

 private:
  struct Rounds {
    std::vector<model::Samples> samples;
    std::vector<std::string> labels;
  };
  model::Report report_;
  std::map<std::string, Rounds> rounds_;
  void count_time(std::chrono::nanoseconds spent);
  std::string running_;
  std::chrono::nanoseconds started_{0};
  /// By the first word of the ids.
  std::map<std::string, std::chrono::nanoseconds> parts_;
  bool finished_ = false;
};

}  // namespace nsvet::harness
