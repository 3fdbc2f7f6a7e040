#include "vm/suites.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <map>
#include <sstream>

#include "model/version.h"
#include "vm/cache.h"
#include "vm/command.h"

namespace nsvet::vm {
namespace {

constexpr const char* kKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
constexpr std::string_view kSuites[] = {"bullseye", "bookworm",         "bookworm-backports",
                                        "trixie",   "trixie-backports", "sid"};
constexpr std::string_view kSecuritySuites[] = {"bullseye-security", "bookworm-security",
                                                "trixie-security"};
constexpr const char* kPattern = "^linux-(image|binary|modules)-[0-9].*-cloud-amd64$";
constexpr std::time_t kDay = std::time_t{24} * 60 * 60;

// The mirror is the one that the host's own configuration names, without a list of ours.
model::Result<std::string> sources_list() {
  auto targets = run_command({"apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)",
                              "Created-By: Packages", "Origin: Debian"});
  if (!targets) return targets;
  std::string main;
  std::string security;
  std::istringstream lines(*targets);
  for (std::string label, uri; lines >> label >> uri;) {
    if (label == "Debian") main = uri;
    if (label == "Debian-Security") security = uri;
  }
  if (main.empty()) {
    return model::cannot_run(
        "apt knows no Debian mirror here: run apt-get update, or name a kernel "
        "by its path");
  }
  std::string text;
  auto add = [&](const std::string& uri, std::string_view suite) {
    text += fmt::format("deb [signed-by={}] {} {} main\n", kKeyring, uri, suite);
  };
  for (const auto suite : kSuites) add(main, suite);
  for (const auto suite : kSecuritySuites) {
    if (!security.empty()) add(security, suite);
  }
  return text;
}

std::vector<std::string> apt(const std::string& folder, std::vector<std::string> words) {
  words.insert(
      words.begin() + 1,
      {"-o", "Dir::Etc::sourcelist=" + folder + "/sources.list", "-o", "Dir::Etc::sourceparts=-",
       "-o", "Dir::State::lists=" + folder + "/lists", "-o", "Dir::Cache=" + folder + "/cache",
       "-o", "APT::Architecture=amd64", "-o", "Debug::NoLocking=1", "-q"});
  return words;
}

model::Result<std::string> fresh_lists() {
  auto cache = cache_folder();
  if (!cache) return cache;
  const std::string folder = *cache + "/apt";
  const std::string stamp = folder + "/updated";
  struct stat st {};
  if (::stat(stamp.c_str(), &st) == 0 && std::time(nullptr) - st.st_mtime < kDay) return folder;
  std::error_code error;
  std::filesystem::create_directories(folder + "/lists/partial", error);
  std::filesystem::create_directories(folder + "/cache/archives/partial", error);
  auto text = sources_list();
  if (!text) return text;
  if (auto written = sys::replace_file(folder + "/sources.list", *text); !written) {
    return model::cannot_run(to_string(written.error()));
  }
  // A suite that the mirror no longer has fails the call, while the others' lists have come.
  const auto updated = run_command(apt(folder, {"apt-get", "update"}));
  const auto names = run_command(apt(folder, {"apt-cache", "search", "--names-only", kPattern}));
  if (!names || names->empty()) {
    return model::cannot_run(fmt::format(
        "no package lists: {}", updated ? "no suite has kernels" : updated.error().message));
  }
  (void)sys::replace_file(stamp, "");
  return folder;
}

std::string upstream(const std::string& version) {
  return version.substr(0, version.find_first_not_of("0123456789."));
}

}  // namespace

std::string Offer::source() const {
  return fmt::format("linux-image-{} {}", release, package_version);
}

std::vector<Offer> parse_offers(const std::string& text) {
  std::map<std::pair<std::string, std::string>, Offer> offers;
  std::istringstream lines(text);
  std::string package;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (!line.starts_with("Version: ") || package.empty()) continue;
    const std::string version = line.substr(9);
    const auto dash = package.find('-', package.find('-') + 1);
    const std::string release = package.substr(dash + 1);
    // "6.12-cloud-amd64" only depends on the newest of its series.
    if (model::version_numbers(release).size() < 3) continue;
    Offer& offer = offers[{release, version}];
    offer.release = release;
    offer.version = upstream(version);
    offer.package_version = version;
    offer.packages.push_back(package);
    package.clear();
  }
  std::vector<Offer> sorted;
  for (auto& [key, offer] : offers) {
    const bool image = std::ranges::any_of(
        offer.packages, [](const auto& name) { return name.starts_with("linux-image-"); });
    if (image) sorted.push_back(std::move(offer));
  }
  std::ranges::stable_sort(sorted, [](const Offer& a, const Offer& b) {
    return model::compare_versions(a.version, b.version) < 0;
  });
  return sorted;
}

model::Result<std::vector<Offer>> kernels_on_offer() {
  const auto folder = fresh_lists();
  if (!folder) return tl::unexpected(folder.error());
  const auto names = run_command(apt(*folder, {"apt-cache", "search", "--names-only", kPattern}));
  if (!names) return tl::unexpected(names.error());
  std::vector<std::string> words{"apt-cache", "show"};
  std::istringstream lines(*names);
  for (std::string line; std::getline(lines, line);)
    words.push_back(line.substr(0, line.find(' ')));
  const auto text = run_command(apt(*folder, words));
  if (!text) return tl::unexpected(text.error());
  return parse_offers(*text);
}

model::Result<Download> download(const Offer& offer) {
  const auto folder = fresh_lists();
  if (!folder) return tl::unexpected(folder.error());
  auto temporary = sys::TempDir::create("nsvet-download");
  if (!temporary) return model::cannot_run(to_string(temporary.error()));
  fmt::print(stderr, "fetching {} {}\n", fmt::join(offer.packages, ", "), offer.package_version);
  std::vector<std::string> words{"apt-get", "download"};
  for (const auto& name : offer.packages) words.push_back(name + "=" + offer.package_version);
  words = apt(*folder, words);
  words.insert(words.begin(), {"env", "-C", temporary->path()});
  const auto done = run_command(words);
  if (!done) return tl::unexpected(done.error());
  std::vector<std::string> files;
  for (const auto& name :
       sys::list_directory(temporary->path()).value_or(std::vector<std::string>{})) {
    files.push_back(temporary->path() + "/" + name);
  }
  return Download{std::move(*temporary), std::move(files)};
}

}  // namespace nsvet::vm
