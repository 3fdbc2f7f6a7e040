#include "cli/matrix_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

namespace nsvet::cli {
namespace {

model::Result<void> wrong_type(const std::string& path, const toml::node& node,
                               std::string_view key, std::string_view expected) {
  return model::bad_input(
      fmt::format("{}:{}: {}: expected {}", path, node.source().begin.line, key, expected));
}

model::Result<void> take(const std::string& path, std::string_view key, const toml::node& node,
                         std::vector<std::string>& into) {
  const auto* list = node.as_array();
  if (list == nullptr) return wrong_type(path, node, key, "a list of strings");
  for (const auto& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr) return wrong_type(path, item, key, "a list of strings");
    into.push_back(text->get());
  }
  return {};
}

model::Result<void> take_choice(const std::string& path, std::string_view key,
                                const toml::node& node, std::string_view one, std::string_view two,
                                std::string& into) {
  const auto* text = node.as_string();
  if (text == nullptr || (text->get() != one && text->get() != two)) {
    return wrong_type(path, node, key, fmt::format("\"{}\" or \"{}\"", one, two));
  }
  into = text->get();
  return {};
}

model::Result<void> take_key(const std::string& path, std::string_view key, const toml::node& node,
                             MatrixSpec& matrix) {
  if (key == "kernels") return take(path, key, node, matrix.kernels);
  if (key == "users") return take(path, key, node, matrix.users);
  if (key == "append") return take(path, key, node, matrix.append);
  if (key == "only") return take(path, key, node, matrix.only);
  if (key == "clock") return take_choice(path, key, node, "insn", "wall", matrix.clock);
  if (key == "profile") return take_choice(path, key, node, "quick", "full", matrix.profile);
  if (key == "samples") {
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() < 1 || number->get() > 100000) {
      return wrong_type(path, node, key, "a number from 1 to 100000");
    }
    matrix.samples = static_cast<int>(number->get());
    return {};
  }
  if (key == "explain") {
    const auto* flag = node.as_boolean();
    if (flag == nullptr) return wrong_type(path, node, key, "true or false");
    matrix.explain = flag->get();
    return {};
  }
  return model::bad_input(fmt::format(
      "{}:{}: unknown key \"{}\" (known: kernels, users, append, only, clock, profile, samples, "
      "explain)",
      path, node.source().begin.line, key));
}

}  // namespace

model::Result<void> read_matrix_file(const std::string& path, MatrixSpec& matrix) {
  try {
    const toml::table table = toml::parse_file(path);
    for (const auto& [key, node] : table) {
      if (auto taken = take_key(path, key.str(), node, matrix); !taken) return taken;
    }
    return {};
  } catch (const toml::parse_error& wrong) {
    return model::bad_input(fmt::format("{}:{}: {}", path, wrong.source().begin.line,
                                        std::string(wrong.description())));
  }
}

}  // namespace nsvet::cli
