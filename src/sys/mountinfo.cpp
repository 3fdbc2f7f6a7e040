#include "sys/mountinfo.h"

#include <charconv>

namespace nsvet::sys {
namespace {

std::string_view take_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

bool to_number(std::string_view text, int& number) {
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc() && read.ptr == end;
}

// "TAG:NUMBER" or "unbindable"; unknown tags are passed over, as the page asks.
bool take_tag(std::string_view tag, MountInfo& mount) {
  const auto colon = tag.find(':');
  const auto name = tag.substr(0, colon);
  int* group = name == "shared"           ? &mount.shared
               : name == "master"         ? &mount.master
               : name == "propagate_from" ? &mount.propagate_from
                                          : nullptr;
  if (name == "unbindable") mount.unbindable = true;
  return group == nullptr || (colon != tag.npos && to_number(tag.substr(colon + 1), *group));
}

bool parse_line(std::string_view line, MountInfo& mount) {
  if (!to_number(take_word(line), mount.id) || !to_number(take_word(line), mount.parent)) {
    return false;
  }
  take_word(line);  // The device.
  mount.root = take_word(line);
  mount.point = take_word(line);
  mount.options = take_word(line);
  for (auto tag = take_word(line); tag != "-"; tag = take_word(line)) {
    if (tag.empty() || !take_tag(tag, mount)) return false;
  }
  mount.type = take_word(line);
  mount.source = take_word(line);
  mount.super_options = line;
  return true;
}

}  // namespace

Result<std::vector<MountInfo>> parse_mountinfo(std::string_view text) {
  std::vector<MountInfo> mounts;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (!parse_line(text.substr(0, end), mounts.emplace_back())) {
      return error(EBADMSG, "mountinfo line \"{:.80}\"", text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return mounts;
}

}  // namespace nsvet::sys
