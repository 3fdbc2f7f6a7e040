#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/explore_files.h"
#include "cli/explore_grow.h"
#include "cli/explore_pair.h"
#include "cli/interrupt.h"
#include "compare/known_changes.h"
#include "explore/corpus.h"
#include "explore/generate.h"
#include "explore/merge.h"
#include "explore/report.h"
#include "model/ns_type.h"
#include "sys/file.h"

namespace nsvet::cli {
namespace {

struct Options {
  std::string base;
  std::string now;
  std::string replay;
  std::string grow;
  std::string corpus;
  std::vector<std::string> kernels;
  std::string shard = "1/1";
  std::string output;
  std::vector<std::string> focus;
  std::vector<std::string> append;
  std::vector<std::string> merge;
  std::uint64_t seed = 1;
  int sequences = 1000;
  int seconds = 0;
  int jobs = 2;
  bool rates = false;
  bool list = false;
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

model::Result<std::vector<explore::Sequence>> sequences_in(const std::string& file) {
  const auto text = sys::read_file(file);
  if (!text) return model::bad_input(to_string(text.error()));
  return explore::sequences_from_text(*text, file);
}

model::Result<std::vector<explore::Sequence>> drawn(const Options& options, const Shard& shard) {
  auto corpus = options.corpus.empty() ? explore::corpus() : sequences_in(options.corpus);
  if (!corpus) return corpus;
  const explore::Source source{.seed = options.seed, .focus = options.focus, .corpus = *corpus};
  const int count = options.seconds > 0 ? options.seconds * kFastest : options.sequences;
  std::vector<explore::Sequence> sequences;
  for (int i = 0; i < count; ++i) {
    const auto number = static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(shard.count) +
                        static_cast<std::uint64_t>(shard.index - 1);
    sequences.push_back(explore::generate(source, number));
  }
  return sequences;
}

int replay(const Options& options) {
  const auto sequences = sequences_in(options.replay);
  if (!sequences) return report_error(sequences.error());
  if (options.kernels.size() > 1) {
    return report_error({model::Error::Kind::bad_input, "--replay takes one --kernel"});
  }
  const auto guest = ExploreGuest::create(options.kernels.front(), {.append = options.append});
  if (!guest) return report_error(guest.error());
  const auto traces = guest->run(*sequences, 0, std::nullopt, false);
  if (!traces) return report_error(traces.error());
  for (const auto& sequence : *sequences) {
    const auto trace = traces->find(sequence.id);
    if (trace != traces->end()) fmt::print("{}", to_text(sequence, trace->second));
  }
  return kAllGood;
}

int grow(const Options& options) {
  catch_interrupts();
  const auto grown = grow_corpus({.file = options.grow,
                                  .kernels = options.kernels,
                                  .focus = options.focus,
                                  .append = options.append,
                                  .seed = options.seed,
                                  .sequences = options.sequences});
  return grown ? kAllGood : report_error(grown.error());
}

// Says and keeps what was found.
int finish(const explore::Explored& explored, const Options& options) {
  fmt::print("{}", to_text(explored.exploration, explored.subject, options.rates));
  if (!options.output.empty()) {
    if (auto written = write_exploration(explored, options.output); !written) {
      return report_error(written.error());
    }
  }
  return all_expected(explored.exploration) ? kAllGood : kFindings;
}

explore::Explain explainer(const std::vector<compare::KnownChange>& changes,
                           const std::string& base, const std::string& now) {
  return [crossed = compare::Crossed(changes, base, now)](const std::string& what) {
    const auto* change = crossed.explain({.subject = what, .after = {}});
    return change == nullptr ? std::string() : change->why;
  };
}

int merge(const Options& options, const std::vector<compare::KnownChange>& changes) {
  std::vector<std::pair<std::string, explore::Explored>> parts;
  for (const auto& folder : options.merge) {
    auto part = read_exploration(folder);
    if (!part) return report_error(part.error());
    parts.emplace_back(folder, std::move(*part));
  }
  const auto& first = parts.front().second.subject;
  const auto merged = explore::merge(parts, explainer(changes, first.base, first.now));
  if (!merged) return report_error(merged.error());
  return finish(*merged, options);
}

int run(const Options& options) {
  auto bad = [](const std::string& what) {
    return report_error({model::Error::Kind::bad_input, what});
  };
  if (!options.replay.empty()) {
    return options.kernels.empty() ? bad("--replay needs --kernel") : replay(options);
  }
  const auto changes = compare::known_changes();
  if (!changes) return report_error(changes.error());
  if (!options.merge.empty()) return merge(options, *changes);
  const auto shard = shard_from(options.shard);
  if (!shard) return bad(fmt::format("shard \"{}\": expected K/N, as 1/4", options.shard));
  for (const auto& type : options.focus) {
    if (!model::ns_type_from_name(type))
      return bad(fmt::format("\"{}\" is no namespace type", type));
  }
  if (!options.grow.empty()) {
    return options.kernels.empty() ? bad("--grow needs --kernel") : grow(options);
  }
  const auto sequences = drawn(options, *shard);
  if (!sequences) return report_error(sequences.error());
  if (options.list) {
    for (const auto& sequence : *sequences) fmt::print("{}", to_text(sequence));
    return kAllGood;
  }
  if (options.base.empty() || options.now.empty()) {
    return bad("give two kernels: --base and --new (see: nsvet explore --help)");
  }
  std::error_code error;
  if (!options.output.empty()) std::filesystem::create_directories(options.output, error);
  if (error) return bad(fmt::format("{}: {}", options.output, error.message()));
  const int seed = static_cast<int>(options.seed % 1000000);
  auto base = ExploreGuest::create(options.base, {.append = options.append, .seed = seed});
  if (!base) return report_error(base.error());
  auto now = ExploreGuest::create(options.now, {.append = options.append, .seed = seed});
  if (!now) return report_error(now.error());
  base->share_modules(*now);
  now->share_modules(*base);
  catch_interrupts();
  std::optional<std::chrono::seconds> time;
  if (options.seconds > 0) time = std::chrono::seconds(options.seconds);
  explore::Explored explored;
  explored.subject = {base->kernel().release,
                      now->kernel().release,
                      {{options.seed, options.shard, options.focus}}};
  ExplorePair pair(std::move(*base), std::move(*now), {time, options.jobs > 1});
  auto exploration = explore::explore(
      *sequences,
      [&](const std::vector<explore::Sequence>& some, int disturbance) {
        return pair.run(some, disturbance);
      },
      explainer(*changes, explored.subject.base, explored.subject.now),
      [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
  if (!exploration) return report_error(exploration.error());
  explored.exploration = std::move(*exploration);
  return finish(explored, options);
}

}  // namespace

void add_explore(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "explore",
      "Run the same random operations on two kernels: what differs, as small as it gets");
  command->footer(
      "Example: nsvet explore --base debian:7.0 --new debian:7.1 --time 60 -o results/explore\n"
      "         nsvet explore --replay results/explore/finding-01.seq --kernel debian:7.2\n"
      "         nsvet explore --grow corpus.seq --kernel debian:6.12 --kernel debian:7.3\n"
      "         nsvet explore --merge shard-1 shard-2 -o results/explore");
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
  command->add_flag("--list", options->list, "Print the sequences that would run, and run none");
  command->add_option("--merge", options->merge, "Folders of explorations, as of shards: make one");
  command->add_option("--replay", options->replay, "Run the sequences of this file on --kernel");
  command->add_option("--grow", options->grow,
                      "Grow the corpus in this file: add what reaches more of --kernel, keep the "
                      "fewest that reach all");
  command->add_option("--corpus", options->corpus, "Mutate the sequences of this file, not ours");
  command->add_option("--kernel", options->kernels,
                      "The kernel of --replay; of --grow, may be repeated");
  command->add_option("-o,--output", options->output, "Folder of the report and the reproducers");
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
