// Changes between kernels that are documented, as data: known-changes.toml.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/error.h"

namespace nsvet::compare {

struct KnownChange {
  std::string since;  ///< The first kernel with it, as "6.14".
  /// Globs over "bench:ID", "growth:ID", "check:ID", "fact:ID.NAME"...
  std::vector<std::string> affects;
  std::string direction;  ///< "up", "down" or "any"; of a check, up is for the better.
  std::string why;
  std::string source;
  std::string until{};           ///< The first kernel without it again; empty: it stays.
  std::string to{};              ///< The value or outcome that it makes, as text; empty: any.
  std::optional<double> most{};  ///< Of a cost: the largest change in per cent that it explains.
  std::optional<double> instructions{};  ///< The same in instructions.
  bool defect = false;  ///< A fault of these kernels: explained, but not to be expected.
};

/// What was seen between two kernels.
struct Seen {
  std::string subject;    ///< "bench:unshare/pid", "fact:pid.x.y", ...
  std::string after{};    ///< The new value or outcome, as text.
  int direction = 0;      ///< Positive up, negative down, 0 neither.
  double change = 0;      ///< Of a cost: after/before - 1.
  double difference = 0;  ///< Of a cost on the insn clock: after - before.
};

/// The data that is compiled in.
model::Result<std::vector<KnownChange>> known_changes();

/// @param text TOML as in known-changes.toml
/// @param name of the file, for errors
model::Result<std::vector<KnownChange>> known_changes_from(
    std::string_view text, std::string_view name = "known-changes.toml");

/// The changes that lie between two releases. It refers to those that it was made of, and remembers
/// what it was asked: each thread needs its own.
class Crossed {
 public:
  Crossed(const std::vector<KnownChange>& changes, std::string_view from_release,
          std::string_view to_release);

  /// A kernel that goes back over a change shows it in the other direction, without its `to`.
  /// @return the change that explains what was seen between the releases; nullptr when none does
  const KnownChange* explain(const Seen& seen) const;

 private:
  struct Step {
    const KnownChange* change;
    bool comes;  ///< Or it goes.
  };
  static bool explains(const Step& step, const Seen& seen);
  const std::vector<Step>& affecting(const std::string& subject) const;

  std::vector<Step> steps_;
  // By subject: the same functions are asked for behind each cost.
  mutable std::unordered_map<std::string, std::vector<Step>> affecting_{};
};

}  // namespace nsvet::compare
