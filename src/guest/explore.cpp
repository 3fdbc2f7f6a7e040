// nsvet-explore: runs the sequences of a file, each in a sandbox of its own, and says what came
// back: one JSON line each, to the port of a guest or to stdout.
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string_view>

#include "explore/guest/step.h"
#include "explore/sequence.h"
#include "guest/port.h"
#include "model/event.h"
#include "model/mark.h"
#include "sys/error.h"
#include "sys/file.h"

namespace {

using namespace nsvet;

model::Event run(const explore::Sequence& sequence) {
  const auto steps = explore::runnable(sequence);
  std::array<answer, STEPS> answers{};
  const int count =
      run_steps(steps.data(), static_cast<int>(steps.size()), sequence.user, answers.data());
  model::Trace trace;
  trace.id = sequence.id;
  if (count < 0) trace.trouble = "no sandbox: " + sys::errno_name(errno);
  for (int i = 0; i < count; ++i) {
    const auto& answer = answers[static_cast<std::size_t>(i)];
    trace.answers.emplace_back(answer.text);
    trace.failed += answer.failed != 0 ? '1' : '0';
  }
  return trace;
}

}  // namespace

int main(int argc, char** argv) {
  // usage: nsvet-explore FILE [--port]
  if (argc < 2) return 2;
  const bool to_port = argc > 2 && std::strcmp(argv[2], "--port") == 0;
  guest::Port port;
  if (to_port && !port.open()) return 1;
  const auto send = [&](const model::Event& event) {
    const std::string line = model::encode(event) + "\n";
    if (to_port) {
      port.write(line);
    } else {
      (void)sys::write_all(STDOUT_FILENO, line);
    }
  };
  const auto text = sys::read_file(argv[1], 256U << 20);
  if (!text) {
    send(model::Trouble{to_string(text.error())});
    return 1;
  }
  const auto sequences = explore::sequences_from_text(*text, argv[1]);
  // Namespaces are freed in their own time, and their numbers given to the next. In a guest, idle
  // time costs nothing: enough of it is there.
  const long settle = to_port ? 50000000 : 3000000;
  if (!sequences || prepare(settle) != 0) {
    send(model::Trouble{sequences ? "no sandbox can be prepared: " + sys::errno_name(errno)
                                  : sequences.error().message});
    return 1;
  }
  for (const auto& sequence : *sequences) {
    send(model::Start{sequence.id});
    model::mark_sequence();
    send(run(sequence));
  }
  send(model::Finish{});
  return 0;
}
