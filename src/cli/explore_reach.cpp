#include "cli/explore_reach.h"

#include <fmt/format.h>

#include "cli/programs.h"
#include "explain/coverage.h"

namespace nsvet::cli {
namespace {

// Words: in a boot, no sequence reaches so many blocks.
constexpr std::size_t kRoom = std::size_t{1} << 28U;

// Without KASLR they are the same in each boot.
model::Result<explain::Symbols> symbols_of(const std::string& kernel,
                                           ExploreGuest::Options options) {
  std::string symbols;
  options.symbols = true;
  options.on_event = [&](const model::Event& event) {
    if (const auto* told = std::get_if<model::KernelSymbols>(&event)) symbols = told->text;
  };
  const auto guest = ExploreGuest::create(kernel, std::move(options));
  if (!guest) return tl::unexpected(guest.error());
  const auto nothing = guest->run({{"nothing", false, {}}}, 0, std::nullopt, false);
  if (!nothing) return tl::unexpected(nothing.error());
  return explain::Symbols::parse(symbols);
}

}  // namespace

model::Result<ReachGuest> ReachGuest::create(const std::string& kernel,
                                             const ExploreGuest::Options& options) {
  const auto libexec = libexec_folder();
  if (!libexec) return tl::unexpected(libexec.error());
  auto symbols = symbols_of(kernel, options);
  if (!symbols) return tl::unexpected(symbols.error());
  auto memory = CoverageMemory::create(kRoom);
  if (!memory) return tl::unexpected(memory.error());
  auto with_plugin = options;
  with_plugin.plugin = memory->plugin(*libexec, true);
  auto guest = ExploreGuest::create(kernel, std::move(with_plugin));
  if (!guest) return tl::unexpected(guest.error());
  return ReachGuest(std::move(*guest), std::move(*memory), std::move(*symbols));
}

model::Result<std::map<std::string, explore::Reach>> ReachGuest::run(
    const std::vector<explore::Sequence>& sequences, int disturbance,
    explore::Features& features) const {
  if (auto cleared = memory_.clear(); !cleared) return tl::unexpected(cleared.error());
  const auto traces = guest_.run(sequences, disturbance, std::nullopt, true);
  if (!traces) return tl::unexpected(traces.error());
  const auto words = memory_.words();
  if (!words) return tl::unexpected(words.error());
  const auto parts = explain::between_marks(*words);
  const explain::NamespaceMap map(symbols_);
  const auto& release = guest_.kernel().release;
  std::map<std::string, explore::Reach> all;
  for (std::size_t i = 0; i < sequences.size() && i < parts.size(); ++i) {
    auto& reach = all[sequences[i].id];
    for (const auto address : parts[i]) {
      const auto* row = map.find(address);
      if (row == nullptr) continue;
      reach.insert(features.number(
          fmt::format("{} {}+{:#x}", release, row->function, address - row->address)));
    }
    const auto trace = traces->find(sequences[i].id);
    if (trace == traces->end()) continue;
    for (const auto& outcome : outcomes(sequences[i], trace->second)) {
      reach.insert(features.number(outcome));
    }
  }
  return all;
}

}  // namespace nsvet::cli
