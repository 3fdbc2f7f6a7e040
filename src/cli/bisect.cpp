#include "compare/bisect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/programs.h"
#include "cli/vm_cell.h"
#include "compare/compare.h"
#include "model/version.h"
#include "render/words.h"
#include "vm/cache.h"
#include "vm/kernel_image.h"
#include "vm/suites.h"

namespace nsvet::cli {
namespace {

using compare::Side;
using compare::Subject;

struct Options {
  std::string good;
  std::string bad;
  std::string benchmark;
  std::string check;
  std::vector<std::string> kernels;
  std::vector<std::string> append;
  std::string user = "root";
  std::string format = "text";
  int samples = 7;
};

// A kernel that may be asked, by what find_kernel() knows it by.
struct Candidate {
  std::string spec;
  std::string version;
};

bool between(const std::string& version, const std::string& a, const std::string& b) {
  const int from_a = model::compare_versions(version, a);
  const int from_b = model::compare_versions(version, b);
  return (from_a > 0 && from_b < 0) || (from_a < 0 && from_b > 0);
}

// Packaged kernels between the two, whichever is the newer: on offer, and cached.
model::Result<std::vector<Candidate>> packaged(const std::string& good, const std::string& bad) {
  const auto offers = vm::kernels_on_offer();
  if (!offers) return tl::unexpected(offers.error());
  const auto cached = vm::cached_kernels();
  if (!cached) return tl::unexpected(cached.error());
  std::map<std::string, Candidate> found;
  for (const auto& offer : *offers) {
    found[offer.version] = {"debian:" + offer.version, offer.version};
  }
  for (const auto& image : *cached) {
    if (!image.version.empty()) found[image.version] = {"debian:" + image.version, image.version};
  }
  std::vector<Candidate> candidates;
  for (const auto& [version, candidate] : found) {
    if (between(version, good, bad)) candidates.push_back(candidate);
  }
  const bool forwards = model::compare_versions(good, bad) < 0;
  std::ranges::sort(candidates, [&](const Candidate& a, const Candidate& b) {
    const int order = model::compare_versions(a.version, b.version);
    return forwards ? order < 0 : order > 0;
  });
  return candidates;
}

class Search {
 public:
  Search(const Options& options, std::string libexec)
      : options_(options), libexec_(std::move(libexec)) {}

  model::Result<void> run() {
    if (auto listed = list(); !listed) return listed;
    for (const std::size_t end : {std::size_t{0}, specs_.size() - 1}) {
      if (auto measured = measure(end); !measured) return measured;
    }
    const bool check = !options_.check.empty();
    auto subject = Subject::between(reports_.at(0), reports_.at(specs_.size() - 1),
                                    check ? Subject::Kind::check : Subject::Kind::benchmark, id());
    if (!subject) return tl::unexpected(subject.error());
    subject_ = std::make_unique<Subject>(std::move(*subject));
    say(0, "good");
    say(specs_.size() - 1, "bad");
    const auto place = compare::bisect(specs_.size(), [&](std::size_t i) { return side(i); });
    if (!place) return tl::unexpected(place.error());
    return conclude(*place);
  }

 private:
  const std::string& id() const {
    return options_.check.empty() ? options_.benchmark : options_.check;
  }

  bool json() const { return options_.format == "json"; }

  model::Result<void> list() {
    const auto good = vm::find_kernel(options_.good);
    if (!good) return tl::unexpected(good.error());
    const auto bad = vm::find_kernel(options_.bad);
    if (!bad) return tl::unexpected(bad.error());
    specs_.push_back(options_.good);
    if (!options_.kernels.empty()) {
      for (const auto& spec : options_.kernels) {
        if (spec != options_.good && spec != options_.bad) specs_.push_back(spec);
      }
    } else if (good->version.empty() || bad->version.empty()) {
      return model::bad_input(
          "packaged kernels can only be searched between two of them: give a list with --kernel");
    } else {
      const auto candidates = packaged(good->version, bad->version);
      if (!candidates) return tl::unexpected(candidates.error());
      for (const auto& candidate : *candidates) specs_.push_back(candidate.spec);
    }
    specs_.push_back(options_.bad);
    return {};
  }

  model::Result<void> measure(std::size_t place) {
    const auto kernel = vm::find_kernel(specs_[place]);
    if (!kernel) return tl::unexpected(kernel.error());
    auto report = run_vm_cell({.kernel = *kernel,
                               .user = options_.user,
                               .clock = model::Clock::insn,
                               .append = options_.append,
                               .only = {id()},
                               .full = true,
                               .samples = options_.samples,
                               .seed = 1},
                              libexec_);
    if (!report) return tl::unexpected(report.error());
    reports_.emplace(place, std::move(*report));
    return {};
  }

  model::Result<Side> side(std::size_t place) {
    if (auto measured = measure(place); !measured) return tl::unexpected(measured.error());
    const Side side = subject_->side_of(reports_.at(place));
    say(place, side == Side::good ? "as the good one"
                                  : (side == Side::bad ? "as the bad one" : "tells nothing"));
    return side;
  }

  void say(std::size_t place, const char* what) {
    const auto& report = reports_.at(place);
    const std::string release = compare::release_of(report);
    const std::string shown = subject_->shown(report);
    steps_.push_back(
        {{"kernel", specs_[place]}, {"release", release}, {"observed", shown}, {"is", what}});
    if (json()) return;
    fmt::print("{:<34} {:<16} {}\n", render::printable(release), what, render::printable(shown));
    std::fflush(stdout);
  }

  model::Result<void> conclude(const compare::Bisection& place) {
    const auto known = compare::known_changes();
    if (!known) return tl::unexpected(known.error());
    const auto& before = reports_.at(place.last_good);
    const auto& after = reports_.at(place.first_bad);
    const auto compared = compare::compare(before, after, *known);
    if (!compared) return tl::unexpected(compared.error());
    const auto finding =
        std::ranges::find_if(compared->findings, [&](const compare::Finding& found) {
          return found.expected && (found.id == id() || found.id.starts_with(id() + "."));
        });
    const auto* explained = finding == compared->findings.end() ? nullptr : &*finding;
    std::vector<std::string> untold;
    for (const auto i : place.untold) untold.push_back(compare::release_of(reports_.at(i)));
    const auto& last = compare::release_of(before);
    const auto& first = compare::release_of(after);
    if (json()) {
      nlohmann::ordered_json result{{"schema", "nsvet.bisection/1"},
                                    {"id", id()},
                                    {"user", options_.user},
                                    {"steps", steps_},
                                    {"last_good", last},
                                    {"first_bad", first},
                                    {"untold", untold}};
      if (explained != nullptr) {
        result["why"] = explained->why;
        result["source"] = explained->source;
      }
      fmt::print("{}\n",
                 result.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
      return {};
    }
    fmt::print("\n{} as {} changed after {}, in {}: {} -> {}\n", id(), options_.user, last, first,
               subject_->shown(before), subject_->shown(after));
    for (const auto& release : untold) fmt::print("  or in {}, which tells nothing\n", release);
    if (explained == nullptr) {
      fmt::print("  no known change explains it");
      if (options_.check.empty()) {
        fmt::print("; in which functions:\n  nsvet explain --bench {} --kernel {} --kernel {}",
                   id(), specs_[place.last_good], specs_[place.first_bad]);
      }
      fmt::print("\n");
    } else {
      fmt::print("  {} [{}]\n", explained->why, explained->source);
    }
    return {};
  }

  const Options& options_;
  std::string libexec_;
  std::vector<std::string> specs_;  ///< From the good one to the bad one.
  std::map<std::size_t, model::Report> reports_;
  std::unique_ptr<Subject> subject_;
  nlohmann::ordered_json steps_ = nlohmann::ordered_json::array();
};

int run(const Options& options) {
  if (options.benchmark.empty() == options.check.empty()) {
    return report_error(
        {model::Error::Kind::bad_input, "give what to look at: --bench ID or --check ID"});
  }
  const auto libexec = libexec_folder();
  if (!libexec) return report_error(libexec.error());
  const auto found = Search(options, *libexec).run();
  return found ? kAllGood : report_error(found.error());
}

}  // namespace

void add_bisect(CLI::App& app, Action& chosen) {
  auto* command = app.add_subcommand(
      "bisect", "The first kernel on which an outcome or a cost in instructions is another");
  command->footer(
      "Between two packaged kernels those on offer are searched; --kernel names others, in order.\n"
      "Example: nsvet bisect --good debian:6.12 --bad debian:7.3 --bench unshare/pid\n"
      "For a kernel tree, see scripts/bisect-step and git-bisect(1).");
  const auto options = std::make_shared<Options>();
  command->add_option("--good", options->good, "A kernel; see: nsvet kernels fetch --help")
      ->required();
  command->add_option("--bad", options->bad, "Another one; it may be the older")->required();
  command->add_option("--bench", options->benchmark, "A benchmark; see: nsvet list");
  command->add_option("--check", options->check, "A check: its outcome, or else its facts");
  command->add_option("--kernel", options->kernels, "A kernel between the two; may be repeated");
  command->add_option("--user", options->user, "As whom: root, or nobody (an ordinary user)")
      ->check(CLI::IsMember({"root", "nobody"}))
      ->capture_default_str();
  command->add_option("--append", options->append, "A boot parameter to add; may be repeated");
  command->add_option("--samples", options->samples, "Timed calls of the benchmark in each boot")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--format", options->format, "text, json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace nsvet::cli
