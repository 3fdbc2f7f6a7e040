#include "render/structures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/convert.h"
#include "render/words.h"

namespace nsvet::render {
namespace {

// "12", or "12:3" for the third bit of byte 12.
std::string place(std::int64_t bits) {
  return bits % 8 == 0 ? std::to_string(bits / 8) : fmt::format("{}:{}", bits / 8, bits % 8);
}

std::string extent(std::int64_t bits) {
  return bits % 8 == 0 ? std::to_string(bits / 8) : fmt::format("{} bits", bits);
}

std::string size_of(const std::optional<std::int64_t>& bytes) {
  return bytes ? grouped(*bytes) : "absent";
}

}  // namespace

std::string structures_text(const std::vector<model::Structure>& structures) {
  std::string out;
  for (const auto& structure : structures) {
    out +=
        fmt::format("struct {}: {} bytes{}\n", printable(structure.name), grouped(structure.size),
                    structure.whole ? "" : ", of it what leads to namespaces");
    for (const auto& member : structure.members) {
      out += fmt::format("{:>8} {:>8}  {:<32} {}\n", place(member.offset), extent(member.size),
                         printable(member.path), printable(member.type));
    }
    out += '\n';
  }
  return out;
}

std::string structures_json(const std::vector<model::Structure>& structures) {
  model::Json rows = model::Json::array();
  for (const auto& structure : structures) rows.push_back(to_value(structure));
  return rows.dump(1, ' ', false, model::Json::error_handler_t::replace) + '\n';
}

std::string size_change_of(const compare::StructureChange& change) {
  std::string out = fmt::format("{} -> {}", size_of(change.before), size_of(change.after));
  if (change.before && change.after) out += fmt::format("  {:+}", change.growth());
  return out;
}

std::string member_changes_of(const compare::StructureChange& change) {
  std::vector<std::string> parts;
  const auto add = [&](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) parts.push_back(fmt::format("{}: {}", what, fmt::join(names, ", ")));
  };
  add("came", change.came);
  add("went", change.went);
  add("changed", change.changed);
  if (!change.moved.empty()) parts.push_back(fmt::format("moved: {}", change.moved.size()));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string structure_changes_text(const std::vector<compare::StructureChange>& changes,
                                   int width) {
  std::string out;
  for (const auto& change : changes) {
    out += fmt::format("    {:<18}{}\n", printable(change.name), size_change_of(change));
    for (const auto& line :
         wrapped(printable(member_changes_of(change)), static_cast<std::size_t>(width) - 8)) {
      if (!line.empty()) out += "        " + line + '\n';
    }
  }
  return out;
}

}  // namespace nsvet::render
