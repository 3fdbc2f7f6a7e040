#include "explain/symbols.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace nsvet::explain {
namespace {

// What the compiler puts behind a function's name for a part or a variant of it.
constexpr std::array<std::string_view, 5> kVariants{".isra.", ".constprop.", ".part.", ".cold",
                                                    ".llvm."};

std::string source_name(std::string_view name) {
  std::size_t length = name.size();
  for (const auto variant : kVariants) length = std::min(length, name.find(variant));
  return std::string(name.substr(0, length));
}

std::string_view word(std::string_view& line) {
  const auto begin = std::min(line.find_first_not_of(" \t"), line.size());
  const auto end = std::min(line.find_first_of(" \t", begin), line.size());
  const auto result = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return result;
}

struct Row {
  Function function;
  char type;
};

// "ffffffff81000000 T name [module]", see proc_kallsyms(5) and nm(1).
std::optional<Row> row_of(std::string_view line) {
  const auto address = word(line);
  const auto type = word(line);
  const auto name = word(line);
  auto module = word(line);
  if (type.size() != 1 || name.empty()) return std::nullopt;
  if (std::string_view("tTwW").find(type[0]) == std::string_view::npos) return std::nullopt;
  // Padding before a function, for patching: never executed, and it would hide the function's end.
  if (name.starts_with("__pfx_") || name.starts_with("__cfi_")) return std::nullopt;
  Row row{{}, type[0]};
  const char* end = address.data() + address.size();
  if (std::from_chars(address.data(), end, row.function.address, 16).ptr != end)
    return std::nullopt;
  if (module.size() > 2) row.function.module = module.substr(1, module.size() - 2);
  row.function.name = source_name(name);
  return row;
}

// Of several names of one address the global one, then the first in the alphabet: the order in
// which the kernel lists them is not the same on all.
bool before(const Row& a, const Row& b) {
  if (a.function.address != b.function.address) return a.function.address < b.function.address;
  const bool a_global = a.type == 'T';
  const bool b_global = b.type == 'T';
  return a_global != b_global ? a_global : a.function.name < b.function.name;
}

}  // namespace

std::string Function::full_name() const {
  return module.empty() ? name : name + " [" + module + "]";
}

model::Result<Symbols> Symbols::parse(std::string_view kallsyms) {
  std::vector<Row> rows;
  while (!kallsyms.empty()) {
    const auto end = std::min(kallsyms.find('\n'), kallsyms.size());
    if (auto row = row_of(kallsyms.substr(0, end))) rows.push_back(std::move(*row));
    kallsyms.remove_prefix(std::min(end + 1, kallsyms.size()));
  }
  std::ranges::sort(rows, before);
  if (rows.empty() || rows.back().function.address == 0) {
    return model::cannot_run(
        "this kernel does not name its functions: /proc/kallsyms is empty or hides the addresses "
        "(CONFIG_KALLSYMS)");
  }
  Symbols symbols;
  for (auto& row : rows) {
    const bool again =
        !symbols.functions_.empty() && symbols.functions_.back().address == row.function.address;
    if (!again) symbols.functions_.push_back(std::move(row.function));
  }
  return symbols;
}

const Function* Symbols::find(std::uint64_t address) const {
  const auto after = std::ranges::upper_bound(functions_, address, {}, &Function::address);
  return after == functions_.begin() ? nullptr : &*std::prev(after);
}

}  // namespace nsvet::explain
