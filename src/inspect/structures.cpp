#include "inspect/structures.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>

namespace nsvet::inspect {
namespace {

constexpr std::array<std::string_view, 10> kWhole{
    "nsproxy", "ns_common",     "cgroup_namespace", "ipc_namespace",  "mnt_namespace",
    "net",     "pid_namespace", "time_namespace",   "user_namespace", "uts_namespace"};
constexpr std::array<std::string_view, 4> kPaths{"task_struct", "cred", "pid", "upid"};
constexpr int kDeepest = 32;  // Of declarators and nested anonymous structures.

using Types = std::unique_ptr<btf, void (*)(btf*)>;

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

class Reader {
 public:
  explicit Reader(const btf* types) : types_(types) {}

  std::vector<model::Structure> read() const {
    std::vector<model::Structure> found;
    const auto count = btf__type_cnt(types_);
    for (std::uint32_t id = 1; id < count; ++id) {
      const auto* type = btf__type_by_id(types_, id);
      if (!btf_is_struct(type)) continue;
      const auto name = name_of(type->name_off);
      const bool whole = holds(kWhole, name);
      if (!whole && !holds(kPaths, name)) continue;
      if (std::ranges::find(found, name, &model::Structure::name) != found.end()) continue;
      auto& structure = found.emplace_back(std::string(name), type->size, whole);
      add_members(structure, type, 0, "", 0);
    }
    std::ranges::sort(found, {}, &model::Structure::name);
    return found;
  }

 private:
  std::string_view name_of(std::uint32_t offset) const {
    const char* name = btf__name_by_offset(types_, offset);
    return name == nullptr ? std::string_view() : name;
  }

  const btf_type* without_qualifiers(std::uint32_t id) const {
    const auto* type = btf__type_by_id(types_, id);
    for (int i = 0; i < kDeepest && type != nullptr &&
                    (btf_is_const(type) || btf_is_volatile(type) || btf_is_type_tag(type));
         ++i) {
      type = btf__type_by_id(types_, type->type);
    }
    return type;
  }

  void add_members(model::Structure& structure, const btf_type* type, std::int64_t base,
                   const std::string& prefix, int depth) const {
    if (depth > kDeepest) return;
    for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
      const auto& member = btf_members(type)[i];
      const auto name = name_of(member.name_off);
      const std::int64_t offset = base + btf_member_bit_offset(type, i);
      const auto* of = without_qualifiers(member.type);
      if (of != nullptr && btf_is_composite(of) && of->name_off == 0) {
        const std::string_view step =
            !name.empty() ? name : (btf_is_union(of) ? "<union>" : "<struct>");
        add_members(structure, of, offset, fmt::format("{}{}.", prefix, step), depth + 1);
        continue;
      }
      if (!structure.whole && !leads_on(structure.name, member.type)) continue;
      const std::int64_t bits = btf_member_bitfield_size(type, i);
      const std::int64_t bytes = btf__resolve_size(types_, member.type);
      structure.members.push_back({prefix + std::string(name), text(member.type, 0), offset,
                                   bits != 0 ? bits : std::max<std::int64_t>(0, bytes) * 8});
    }
  }

  // Whether the type is, or points to, another structure of ours.
  bool leads_on(std::string_view from, std::uint32_t id) const {
    const auto* type = without_qualifiers(id);
    for (int i = 0; i < kDeepest && type != nullptr && (btf_is_ptr(type) || btf_is_array(type));
         ++i) {
      type = without_qualifiers(btf_is_array(type) ? btf_array(type)->type : type->type);
    }
    if (type == nullptr || !btf_is_struct(type)) return false;
    const auto name = name_of(type->name_off);
    return name != from && (holds(kWhole, name) || holds(kPaths, name));
  }

  std::string tagged(std::string_view keyword, const btf_type* type) const {
    const auto name = name_of(type->name_off);
    return fmt::format("{} {}", keyword, name.empty() ? "{...}" : name);
  }

  std::string text(std::uint32_t id, int depth) const {
    const auto* type = btf__type_by_id(types_, id);
    if (id == 0 || type == nullptr) return "void";
    if (depth > kDeepest) return "...";
    switch (btf_kind(type)) {
      case BTF_KIND_PTR: {
        const auto pointee = text(type->type, depth + 1);
        return pointee + (pointee.ends_with('*') ? "*" : " *");
      }
      case BTF_KIND_ARRAY:
        return fmt::format("{}[{}]", text(btf_array(type)->type, depth + 1),
                           btf_array(type)->nelems);
      case BTF_KIND_STRUCT:
        return tagged("struct", type);
      case BTF_KIND_UNION:
        return tagged("union", type);
      case BTF_KIND_ENUM:
      case BTF_KIND_ENUM64:
        return tagged("enum", type);
      case BTF_KIND_FWD:
        return tagged(btf_kflag(type) ? "union" : "struct", type);
      case BTF_KIND_CONST:
        return "const " + text(type->type, depth + 1);
      case BTF_KIND_VOLATILE:
        return "volatile " + text(type->type, depth + 1);
      case BTF_KIND_RESTRICT:
      case BTF_KIND_TYPE_TAG:
        return text(type->type, depth + 1);
      case BTF_KIND_FUNC_PROTO:
        return "function";
      default:  // Integers, floats and typedefs have names.
        return std::string(name_of(type->name_off));
    }
  }

  const btf* types_;
};

}  // namespace

model::Result<std::vector<model::Structure>> structures_of(const std::string& path) {
  libbpf_set_print(nullptr);
  const Types types(btf__parse(path.c_str(), nullptr), &btf__free);
  if (!types) {
    return model::cannot_run(
        fmt::format("{}: no types of a kernel there ({}): it needs CONFIG_DEBUG_INFO_BTF", path,
                    std::strerror(errno)));
  }
  return Reader(types.get()).read();
}

}  // namespace nsvet::inspect
