#include "explain/trace.h"

#include <cstring>
#include <optional>

namespace nsvet::explain {
namespace {

template <class T>
std::optional<T> take_one(std::string_view& bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

// QEMU translates no more than some hundred instructions at a time.
constexpr std::uint32_t kLongestBlock = 4096;

bool is_step(const Trace& trace, const wire::Record& record) {
  return record.tag < trace.blocks.size() && record.count > 0 &&
         record.count <= trace.blocks[record.tag].size();
}

}  // namespace

TraceReader::Taken TraceReader::take_record(std::string_view& bytes) {
  std::string_view rest = bytes;
  const auto record = take_one<wire::Record>(rest);
  if (!record) return Taken::more_needed;
  if (record->tag == wire::kBegin) {
    open_ = {.benchmark = record->count};
    inside_ = true;
  } else if (record->tag == wire::kEnd) {
    if (!inside_) return Taken::broken;
    trace_.windows.push_back(std::move(open_));
    inside_ = false;
  } else if (record->tag == wire::kBlock) {
    if (record->count == 0 || record->count > kLongestBlock) return Taken::broken;
    if (rest.size() / sizeof(wire::Instruction) < record->count) return Taken::more_needed;
    Block& block = trace_.blocks.emplace_back(record->count);
    for (auto& instruction : block) instruction = *take_one<wire::Instruction>(rest);
  } else if (inside_ && is_step(trace_, *record)) {
    open_.steps.push_back({record->tag, record->count});
  } else {
    return Taken::broken;
  }
  bytes = rest;
  return Taken::record;
}

model::Result<void> TraceReader::take(std::string_view bytes) {
  pending_ += bytes;
  std::string_view rest = pending_;
  Taken taken = Taken::record;
  while (taken == Taken::record) taken = take_record(rest);
  if (taken == Taken::broken) return model::cannot_run("the trace from the emulator is garbled");
  pending_.erase(0, pending_.size() - rest.size());
  return {};
}

}  // namespace nsvet::explain
