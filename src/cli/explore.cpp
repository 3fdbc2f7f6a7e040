#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <memory>

#include "cli/cell.h"
#include "cli/command.h"
#include "cli/explore_guest.h"
#include "cli/interrupt.h"
#include "compare/known_changes.h"
#include "explore/generate.h"
#include "explore/report.h"
#include "explore/reproducer.h"
#include "explore/session.h"
#include "model/ns_type.h"
#include "sys/file.h"
#include "sys/process.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::string base;
  std::string now;
  std::string replay;
  std::string kernel;
  std::string shard = "1/1";
  std::string output;
  std::vector<std::string> focus;
  std::vector<std::string> append;
  std::uint64_t seed = 1;
  int sequences = 1000;
  int seconds = 0;
  int jobs = 2;
  bool rates = false;
};

// More than any guest runs in a second.
constexpr int kFastest = 300;

struct Shard {
  int index = 1;
  int count = 1;
};

std::optional<Shard> shard_from(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, shard.index);
  if (index.ec != std::errc() || index.ptr == end || *index.ptr != '/') return std::nullopt;
  const auto count = std::from_chars(index.ptr + 1, end, shard.count);
  const bool good =
      count.ec == std::errc() && count.ptr == end && shard.index >= 1 && shard.index <= shard.count;
  return good ? std::optional(shard) : std::nullopt;
}

std::vector<explore::Sequence> drawn(const Options& options, const Shard& shard) {
  const explore::Source source{.seed = options.seed, .focus = options.focus};
  const int count = options.seconds > 0 ? options.seconds * kFastest : options.sequences;
  std::vector<explore::Sequence> sequences;
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(shard.count) +
                        static_cast<std::uint64_t>(shard.index - 1);
    sequences.push_back(explore::generate(source, number));
  }
  return sequences;
}

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

class Pair {
 public:
  Pair(ExploreGuest base, ExploreGuest now, const Options& options)
      : base_(std::move(base)), now_(std::move(now)), options_(options) {}

  model::Result<explore::Both> run(const std::vector<explore::Sequence>& sequences,
                                   int disturbance) {
    // Only what is drawn is cut off by time.
    std::optional<std::chrono::seconds> time;
    if (options_.seconds > 0 && first_) time = std::chrono::seconds(options_.seconds);
    first_ = false;
    // A kernel against itself must differ in something, or nothing would be proved.
    const int other = base_.kernel().sha256 == now_.kernel().sha256 ? disturbance + 1 : disturbance;
    if (options_.jobs == 1) {
      auto base = base_.run(sequences, disturbance, time);
      if (!base) return tl::unexpected(base.error());
      auto now = now_.run(sequences, other, time);
      if (!now) return tl::unexpected(now.error());
      return explore::Both{std::move(*base), std::move(*now)};
    }
    const std::string memory = fmt::format("/proc/self/fd/{}", memory_.get());
    auto child = sys::Child::spawn([&] {
      const auto base = base_.run(sequences, disturbance, time);
      if (!base) return report_error(base.error());
      return sys::write_file(memory, lines_of(*base)) ? 0 : 1;
    });
    if (!child) return model::cannot_run(to_string(child.error()));
    auto now = now_.run(sequences, other, time);
    const auto status = child->wait(std::chrono::hours(24));
    if (!now) return tl::unexpected(now.error());
    if (!status || !status->success()) return model::cannot_run("the base could not be explored");
    const auto text = sys::read_file(memory, 1U << 30);
    if (::ftruncate(memory_.get(), 0) != 0 || !text) return model::cannot_run("no memory");
    return explore::Both{traces_of(*text), std::move(*now)};
  }

  explore::Subject subject() const {
    return {base_.kernel().release, now_.kernel().release, options_.seed};
  }

 private:
  ExploreGuest base_;
  ExploreGuest now_;
  const Options& options_;
  sys::Fd memory_{::memfd_create("traces", MFD_CLOEXEC)};
  bool first_ = true;
};

model::Result<void> write_all(const explore::Exploration& exploration,
                              const explore::Subject& subject, const std::string& folder) {
  auto write = [&](const std::string& name, const std::string& text) -> model::Result<void> {
    const auto written = sys::replace_file(folder + "/" + name, text);
    if (!written) return model::cannot_run(to_string(written.error()));
    return {};
  };
  int number = 0;
  for (const auto& finding : exploration.findings) {
    const std::string name = fmt::format("finding-{:02}", ++number);
    const std::string head =
        fmt::format("{}\n{} -> {}\n", finding.subject, subject.base, subject.now);
    auto sequence = write(name + ".seq", "# " + finding.subject + "\n" + to_text(finding.sequence));
    if (!sequence) return sequence;
    auto program = write(name + ".c", explore::reproducer(finding.sequence, head));
    if (!program) return program;
  }
  return write("exploration.json", to_json(exploration, subject));
}

int replay(const Options& options) {
  const auto text = sys::read_file(options.replay);
  if (!text) {
    return report_error({model::Error::Kind::bad_input, to_string(text.error())});
  }
  const auto sequences = explore::sequences_from_text(*text, options.replay);
  if (!sequences) return report_error(sequences.error());
  const auto guest = ExploreGuest::create(options.kernel, {.append = options.append});
  if (!guest) return report_error(guest.error());
  const auto traces = guest->run(*sequences, 0);
  if (!traces) return report_error(traces.error());
  for (const auto& sequence : *sequences) {
    const auto trace = traces->find(sequence.id);
    if (trace != traces->end()) fmt::print("{}", to_text(sequence, trace->second));
  }
  return kAllGood;
}

int run(const Options& options) {
  if (!options.replay.empty()) {
    if (!options.kernel.empty()) return replay(options);
    return report_error({model::Error::Kind::bad_input, "--replay needs --kernel"});
  }
  auto bad = [](const std::string& what) {
    return report_error({model::Error::Kind::bad_input, what});
  };
  if (options.base.empty() || options.now.empty()) {
    return bad("give two kernels: --base and --new (see: nsvet explore --help)");
  }
  const auto shard = shard_from(options.shard);
  if (!shard) return bad(fmt::format("shard \"{}\": expected K/N, as 1/4", options.shard));
  for (const auto& type : options.focus) {
    if (!model::ns_type_from_name(type))
      return bad(fmt::format("\"{}\" is no namespace type", type));
  }
  const auto changes = compare::known_changes();
  if (!changes) return report_error(changes.error());
  std::error_code error;
  if (!options.output.empty()) std::filesystem::create_directories(options.output, error);
  if (error) return bad(fmt::format("{}: {}", options.output, error.message()));
  const int seed = static_cast<int>(options.seed % 1000000);
  auto base = ExploreGuest::create(options.base, {.append = options.append, .seed = seed});
  if (!base) return report_error(base.error());
  auto now = ExploreGuest::create(options.now, {.append = options.append, .seed = seed});
  if (!now) return report_error(now.error());
  catch_interrupts();
  Pair pair(std::move(*base), std::move(*now), options);
  const auto subject = pair.subject();
  const auto exploration = explore::explore(
      drawn(options, *shard),
      [&](const std::vector<explore::Sequence>& sequences, int disturbance) {
        return pair.run(sequences, disturbance);
      },
      [&](const std::string& what) {
        const auto* change =
            compare::explain(*changes, {.subject = what, .after = {}}, subject.base, subject.now);
        return change == nullptr ? std::string() : change->why;
      },
      [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
  if (!exploration) return report_error(exploration.error());
  fmt::print("{}", to_text(*exploration, subject, options.rates));
  if (!options.output.empty()) {
    if (auto written = write_all(*exploration, subject, options.output); !written) {
      return report_error(written.error());
    }
  }
  const bool unexpected = std::ranges::any_of(
      exploration->findings, [](const explore::Finding& f) { return f.known.empty(); });
  return unexpected ? kFindings : kAllGood;
}

}  // namespace

void add_explore(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "explore",
      "Run the same random operations on two kernels: what differs, as small as it gets");
  command->footer(
      "Example: nsvet explore --base debian:7.0 --new debian:7.1 --time 60 -o results/explore\n"
      "         nsvet explore --replay results/explore/finding-01.seq --kernel debian:7.2");
  const auto options = std::make_shared<Options>();
  command->add_option("--base", options->base, "A kernel; see: nsvet kernels fetch --help");
  command->add_option("--new", options->now, "The kernel that is compared with it");
  command->add_option("--sequences", options->sequences, "How many to draw")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--time", options->seconds, "Instead: for how many seconds a kernel")
      ->check(CLI::Range(1, 3600));
  command->add_option("--seed", options->seed, "Of what is drawn, and of the boots")
      ->capture_default_str();
  command->add_option("--focus", options->focus, "A namespace type; may be repeated");
  command->add_option("--shard", options->shard, "K/N: each N-th sequence, from the K-th on")
      ->capture_default_str();
  command->add_option("--append", options->append, "A boot parameter to add; may be repeated");
  command->add_option("--jobs", options->jobs, "Guests at a time")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  command->add_flag("--rates", options->rates, "Also say how often each operation succeeded");
  command->add_option("--replay", options->replay, "Run the sequences of this file on --kernel");
  command->add_option("--kernel", options->kernel, "The kernel of --replay");
  command->add_option("-o,--output", options->output, "Folder of the report and the reproducers");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
