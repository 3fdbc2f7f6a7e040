#include "explain/trace.h"

#include <cstring>
#include <optional>

namespace nsvet::explain {
namespace {

template <class T>
std::optional<T> take(std::string_view& bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

tl::unexpected<model::Error> broken() {
  return model::cannot_run("the trace from the emulator is cut short or garbled");
}

bool is_step(const Trace& trace, const wire::Record& record) {
  return record.tag < trace.blocks.size() && record.count > 0 &&
         record.count <= trace.blocks[record.tag].size();
}

}  // namespace

model::Result<Trace> read_trace(std::string_view bytes) {
  Trace trace;
  bool inside = false;
  while (!bytes.empty()) {
    const auto record = take<wire::Record>(bytes);
    if (!record) return broken();
    if (record->tag == wire::kBegin || record->tag == wire::kEnd) {
      if (inside == (record->tag == wire::kBegin)) return broken();
      inside = !inside;
      if (inside) trace.windows.emplace_back();
    } else if (record->tag == wire::kBlock) {
      if (record->count == 0 || record->count > bytes.size() / sizeof(wire::Instruction)) {
        return broken();
      }
      Block& block = trace.blocks.emplace_back(record->count);
      for (auto& instruction : block) instruction = *take<wire::Instruction>(bytes);
    } else if (inside && is_step(trace, *record)) {
      trace.windows.back().push_back({record->tag, record->count});
    } else {
      return broken();
    }
  }
  // The emulator is ended while it runs on: what it had begun to write is no whole window.
  if (inside) trace.windows.pop_back();
  return trace;
}

}  // namespace nsvet::explain
