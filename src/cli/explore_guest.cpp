#include "cli/explore_guest.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/cell.h"
#include "cli/guest_files.h"
#include "cli/interrupt.h"
#include "cli/programs.h"
#include "sys/file.h"
#include "vm/boot.h"

namespace nsvet::cli {
namespace {

using explore::Sequence;
using explore::Traces;

constexpr int kMostDeaths = 20;                ///< Guests that die before we give up.
constexpr std::ptrdiff_t kMostOfABoot = 2500;  ///< Sequences: a guest must not grow old.

vm::Perturbation perturbation(int seed, int disturbance) {
  return {.seed = seed + disturbance,
          .kaslr = disturbance % 2 == 1,
          .padding = disturbance < 2 ? "" : "nsvet.padding=0123456789abcdef"};
}

model::Result<vm::GuestFile> guest_file(const std::string& from, const std::string& to) {
  auto bytes = sys::read_file(from);
  if (!bytes) return model::cannot_run(to_string(bytes.error()));
  return vm::GuestFile{to, std::move(*bytes), 0755};
}

}  // namespace

model::Result<ExploreGuest> ExploreGuest::create(const std::string& kernel, Options options) {
  auto image = vm::find_kernel(kernel);
  if (!image) return tl::unexpected(image.error());
  const auto libexec = libexec_folder();
  if (!libexec) return tl::unexpected(libexec.error());
  ExploreGuest guest(std::move(*image), std::move(options));
  std::vector<std::pair<std::string, std::string>> wanted{
      {*libexec + "/guest/nsvet-init", "init"},
      {*libexec + "/explore/nsvet-explore", "nsvet/explore/nsvet-explore"}};
  for (const auto& module : guest.kernel_.modules) {
    wanted.emplace_back(module, "modules" + module.substr(module.rfind('/')));
  }
  for (const auto& [from, to] : wanted) {
    auto file = guest_file(from, to);
    if (!file) return tl::unexpected(file.error());
    guest.files_.push_back(std::move(*file));
  }
  if (guest.options_.symbols) guest.files_.push_back({"kernel_symbols", ""});
  return guest;
}

void ExploreGuest::share_modules(const ExploreGuest& other) {
  std::erase_if(files_, [&](const vm::GuestFile& file) {
    return file.path.starts_with("modules/") &&
           std::ranges::find(other.files_, file.path, &vm::GuestFile::path) == other.files_.end();
  });
}

model::Result<Traces> ExploreGuest::run(const std::vector<Sequence>& sequences, int disturbance,
                                        std::optional<std::chrono::seconds> time, bool show) const {
  using Clock = std::chrono::steady_clock;
  Traces traces;
  Progress progress(kernel_.spec);
  model::Begin all;
  all.total = static_cast<std::int64_t>(sequences.size());
  if (show) progress.take(all);
  auto next = sequences.begin();
  for (int deaths = 0; next != sequences.end() && deaths < kMostDeaths;) {
    std::string text;
    const auto last = next + std::min(kMostOfABoot, sequences.end() - next);
    for (auto sequence = next; sequence != last; ++sequence) {
      text += to_text(*sequence);
    }
    auto files = files_;
    files.push_back({"explore.txt", text});
    const auto initramfs = nameless_initramfs(files);
    if (!initramfs) return tl::unexpected(initramfs.error());
    const vm::Machine machine{.kernel = kernel_.image,
                              .initramfs = initramfs->path,
                              .append = options_.append,
                              .perturbation = perturbation(options_.seed, disturbance),
                              .plugin = options_.plugin};
    std::optional<Clock::time_point> begin;
    std::string running;
    std::string trouble;
    bool good = false;
    bool late = false;
    const auto result =
        vm::boot(machine, {.on_event =
                               [&](const model::Event& event, std::chrono::nanoseconds) {
                                 if (!begin) begin = Clock::now();
                                 if (show) progress.take(event);
                                 if (options_.on_event) options_.on_event(event);
                                 if (const auto* start = std::get_if<model::Start>(&event)) {
                                   running = start->id;
                                 }
                                 if (const auto* trace = std::get_if<model::Trace>(&event)) {
                                   traces[trace->id] = *trace;
                                   if (!trace->trouble.empty()) trouble = trace->trouble;
                                   good |= trace->trouble.empty();
                                   ++next;
                                 }
                               },
                           .stop =
                               [&] {
                                 late = time && begin && Clock::now() - *begin > *time;
                                 return late || interrupted();
                               }});
    if (show) progress.clear();
    if (!result) return tl::unexpected(result.error());
    if (!good && !trouble.empty()) {
      return model::cannot_run(fmt::format("{}: {}", kernel_.spec, trouble));
    }
    for (const auto& message : result->kernel_log) {
      const auto trace = traces.find(message.running);
      if (trace != traces.end()) trace->second.answers.push_back(message.severity);
    }
    if (late) return traces;
    if (result->end.state == model::EndState::complete) {
      next = last;
      continue;
    }
    if (interrupted()) return model::cannot_run("stopped");
    if (!begin || next == last) {
      return model::cannot_run(fmt::format("{}: {}", kernel_.spec, result->end.message));
    }
    // The sequence that ran then is what killed it.
    traces[next->id] = {next->id, {std::string(to_string(result->end.state))}, "1", ""};
    ++next;
    ++deaths;
  }
  return traces;
}

}  // namespace nsvet::cli
