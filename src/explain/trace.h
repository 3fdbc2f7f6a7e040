// What the plugin wrote, as data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "explain/wire.h"
#include "model/error.h"

namespace nsvet::explain {

using Block = std::vector<wire::Instruction>;  ///< Never empty.

/// A block that was entered.
struct Step {
  std::uint32_t block = 0;
  std::uint32_t begun = 0;  ///< Instructions; the last of them may have faulted.
};

/// From behind the first clock reading up to and with the second: one timed call.
struct Window {
  std::uint32_t benchmark = 0;  ///< Its place in the order of ids, from 1 on; 0 when unknown.
  std::vector<Step> steps{};
};

struct Trace {
  std::vector<Block> blocks;
  std::vector<Window> windows;  ///< In the order in which they were taken; whole ones only.
};

/// Reads a trace while it is written.
class TraceReader {
 public:
  /// @param bytes what has been written since the last call, cut anywhere
  /// @return cannot_run when the bytes are no trace
  model::Result<void> take(std::string_view bytes);
  /// Its windows may be taken out; blocks are named by later windows too.
  Trace& trace() { return trace_; }

 private:
  enum class Taken { record, more_needed, broken };
  Taken take_record(std::string_view& bytes);

  Trace trace_;
  std::string pending_;  ///< The beginning of a record.
  Window open_;
  bool inside_ = false;
};

}  // namespace nsvet::explain
