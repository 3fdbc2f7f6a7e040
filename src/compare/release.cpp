#include "compare/release.h"

#include <algorithm>
#include <cctype>

namespace nsvet::compare {
namespace {

bool digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && digit(text[at])) ++at;
  return at;
}

// The end of "6.12.115", "7.3.0-rc2" or "6.1.0-55" in front of `release`.
std::size_t end_of_version(std::string_view release) {
  std::size_t end = 0;
  while (end < release.size() && (digit(release[end]) || release[end] == '.')) ++end;
  if (release.substr(end, 3) == "-rc") end = skip_digits(release, end + 3);
  if (release.substr(end, 1) != "-") return end;
  const std::size_t counted = skip_digits(release, end + 1);
  // "-00002-g1a2b3c" is git's, not a distribution's.
  return counted == end + 1 || release.substr(counted, 2) == "-g" ? end : counted;
}

// The version, and the distribution's own build: "6.12.115+deb12".
std::string_view source_of(std::string_view release) {
  std::size_t end = end_of_version(release);
  if (release.substr(end, 1) == "+" && end + 1 < release.size() && release[end + 1] != '-') {
    end = std::min(release.find('-', end), release.size());
  }
  return release.substr(0, end);
}

}  // namespace

const std::string& release_of(const model::Report& report) {
  const auto found = report.environment.kernel.find("release");
  return found == report.environment.kernel.end() ? report.cell.kernel : found->second;
}

std::string short_release(std::string_view release) {
  const std::size_t end = end_of_version(release);
  return std::string(end == 0 ? release : release.substr(0, end));
}

bool same_source(std::string_view a, std::string_view b) {
  return a == b || (end_of_version(a) > 0 && source_of(a) == source_of(b));
}

}  // namespace nsvet::compare
