#include "harness/collect.h"

#include <algorithm>

#include "model/statistics.h"

namespace nsvet::harness {

void Collector::take(const model::Event& event, const std::string& label,
                     std::chrono::nanoseconds spent) {
  if (const auto* begin = std::get_if<model::Begin>(&event)) {
    report_.environment.kernel.insert(begin->environment.kernel.begin(),
                                      begin->environment.kernel.end());
    report_.environment.machine.insert(begin->environment.machine.begin(),
                                       begin->environment.machine.end());
    if (report_.limits.empty()) report_.limits = begin->limits;
  } else if (const auto* start = std::get_if<model::Start>(&event)) {
    running_ = start->id;
    started_ = spent;
  } else if (const auto* check = std::get_if<model::CheckResult>(&event)) {
    report_.checks.push_back(*check);
    running_.clear();
  } else if (const auto* samples = std::get_if<model::Samples>(&event)) {
    Rounds& rounds = rounds_[samples->id];
    rounds.samples.push_back(*samples);
    rounds.labels.push_back(label.empty() ? std::to_string(rounds.samples.size()) : label);
    count_time(spent);
    running_.clear();
  } else if (const auto* finish = std::get_if<model::Finish>(&event)) {
    report_.residue.insert(report_.residue.end(), finish->residue.begin(), finish->residue.end());
    finished_ = true;
  } else if (const auto* trouble = std::get_if<model::Trouble>(&event)) {
    report_.end.message = trouble->message;
  }
}

void Collector::count_time(std::chrono::nanoseconds spent) {
  // What took the kernel down is told after the end of its time.
  if (running_.empty() || spent < started_) return;
  parts_[running_.substr(0, running_.find('/'))] += spent - started_;
}

model::Report Collector::finish() && {
  for (const auto& [part, time] : parts_) {
    report_.timing["part." + part + "_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  }
  for (const auto& [id, rounds] : rounds_) {
    report_.benchmarks.push_back(model::summarise(rounds.samples, rounds.labels));
  }
  std::ranges::sort(report_.checks, {}, &model::CheckResult::id);
  return std::move(report_);
}

}  // namespace nsvet::harness
