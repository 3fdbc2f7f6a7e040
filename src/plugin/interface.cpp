#include "plugin/interface.h"

#include <dlfcn.h>

#include <memory>

namespace {

// What query-version of the QEMU Machine Protocol answers (its reference manual, "VersionInfo"):
// QEMU looks at our version before it tells us its own.
struct VersionTriple {
  std::int64_t major;
  std::int64_t minor;
  std::int64_t micro;
};
struct VersionInfo {
  const VersionTriple* qemu;
  const char* package;
};

template <class Function>
Function* in_qemu(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

// Each QEMU refuses plugins of versions that it has no more, and of those that it has not yet.
int wanted_version() {
  auto* const query = in_qemu<VersionInfo*(void** error)>("qmp_query_version");
  auto* const release = in_qemu<void(VersionInfo*)>("qapi_free_VersionInfo");
  if (query != nullptr && release != nullptr) {
    const std::unique_ptr<VersionInfo, decltype(release)> answer(query(nullptr), release);
    const auto& qemu = *answer->qemu;
    if (qemu.major > 11 || (qemu.major == 11 && qemu.minor >= 1)) return 7;
  }
  return in_qemu<void()>("qemu_plugin_read_register") != nullptr ? 2 : 1;
}

}  // namespace

int qemu_plugin_version = wanted_version();

namespace nsvet::plugin {
namespace {

Translation call_for_each = nullptr;

void with_id(qemu_plugin_id_t, qemu_plugin_tb* block) { call_for_each(block); }
void with_data(qemu_plugin_tb* block, void*) { call_for_each(block); }

}  // namespace

void on_translation(qemu_plugin_id_t id, const qemu_info_t& info, Translation call) {
  constexpr int kData = 7;
  call_for_each = call;
  constexpr const char* kName = "qemu_plugin_register_vcpu_tb_trans_cb";
  if (info.version.cur >= kData) {
    in_qemu<void(qemu_plugin_id_t, decltype(&with_data), void*)>(kName)(id, with_data, nullptr);
  } else {
    in_qemu<void(qemu_plugin_id_t, decltype(&with_id))>(kName)(id, with_id);
  }
}

bool copies_bytes(const qemu_info_t& info) { return info.version.cur >= 3; }

}  // namespace nsvet::plugin
