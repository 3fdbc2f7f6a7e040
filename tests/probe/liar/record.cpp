#include "record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "names.h"

namespace nsvet::liar {
namespace {

// An address as the text that it points to, when it looks like one.
std::string shown(const Tracee& tracee, std::uint64_t value) {
  constexpr std::uint64_t kNoAddress = 0x10000;
  if (value >= kNoAddress) {
    const std::string text = tracee.read_text(value);
    const bool readable = text.size() > 1 && std::ranges::all_of(text, [](unsigned char c) {
                            return std::isgraph(c) != 0 && c != '"';
                          });
    if (readable) return fmt::format("\"{}\"", text);
  }
  return fmt::format("{:#x}", value);
}

}  // namespace

Record::Record(const std::vector<Lie>& lies) {
  for (const Lie& lie : lies) {
    if (lie.verb != Lie::Verb::record) continue;
    file_.reset(std::fopen(lie.text.c_str(), "we"));
    if (file_ == nullptr) {
      fmt::print(stderr, "liar: cannot write {}\n", lie.text);
      std::exit(2);
    }
  }
}

void Record::write(const Tracee& tracee, const Call& call) {
  if (file_ == nullptr) return;
  auto entered = call.entered;
  auto now = call.registers;
  fmt::print(file_.get(), "{} {}", tracee.tid(), call_name(call.number));
  for (unsigned i = 0; i < 6; ++i) {
    fmt::print(file_.get(), " {}", shown(tracee, argument(entered, i)));
  }
  fmt::print(file_.get(), " = {}\n", static_cast<std::int64_t>(result(now)));
}

}  // namespace nsvet::liar
