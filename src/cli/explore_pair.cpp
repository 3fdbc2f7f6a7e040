#include "cli/explore_pair.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "cli/command.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::cli {
namespace {

// Traces go from one process to the other as the guests write them.
std::string lines_of(const explore::Traces& traces) {
  std::string text;
  for (const auto& [id, trace] : traces) text += model::encode(trace) + "\n";
  return text;
}

explore::Traces traces_of(std::string_view text) {
  explore::Traces traces;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto event = model::decode(text.substr(0, end));
    if (event) {
      if (const auto* trace = std::get_if<model::Trace>(&*event)) traces[trace->id] = *trace;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return traces;
}

}  // namespace

model::Result<explore::Both> ExplorePair::run(const std::vector<explore::Sequence>& sequences,
                                              int disturbance) {
  // Only what is drawn is cut off by time.
  const auto time = std::exchange(options_.time, std::nullopt);
  // A kernel against itself must differ in something, or nothing would be proved.
  const int other = base_.kernel().sha256 == now_.kernel().sha256 ? disturbance + 1 : disturbance;
  if (!options_.side_by_side) {
    auto base = base_.run(sequences, disturbance, time, true);
    if (!base) return tl::unexpected(base.error());
    auto now = now_.run(sequences, other, time, true);
    if (!now) return tl::unexpected(now.error());
    return explore::Both{std::move(*base), std::move(*now)};
  }
  const std::string memory = fmt::format("/proc/self/fd/{}", memory_.get());
  auto child = sys::Child::spawn([&] {
    const auto base = base_.run(sequences, disturbance, time, false);
    if (!base) return report_error(base.error());
    return sys::write_file(memory, lines_of(*base)) ? 0 : 1;
  });
  if (!child) return model::cannot_run(to_string(child.error()));
  auto now = now_.run(sequences, other, time, true);
  // Its guest ends with it.
  if (!now) (void)child->kill(SIGKILL);
  const auto status = child->wait(std::chrono::hours(24));
  if (!now) return tl::unexpected(now.error());
  if (!status || !status->success()) return model::cannot_run("the base could not be explored");
  const auto text = sys::read_file(memory, 1U << 30);
  if (::ftruncate(memory_.get(), 0) != 0 || !text) return model::cannot_run("no memory");
  return explore::Both{traces_of(*text), std::move(*now)};
}

}  // namespace nsvet::cli
