#include "plugin/interface.h"

#include <dlfcn.h>

#include <memory>

#include "explain/symbols.h"

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
qemu_plugin_id_t own_id = 0;
bool with_userdata = false;  // Version 7 gives each callback that in the place of the id.

void translated(qemu_plugin_id_t, qemu_plugin_tb* block) { call_for_each(block); }
void translated_7(qemu_plugin_tb* block, void*) { call_for_each(block); }

void register_translation() {
  constexpr const char* kName = "qemu_plugin_register_vcpu_tb_trans_cb";
  if (with_userdata) {
    in_qemu<void(qemu_plugin_id_t, decltype(&translated_7), void*)>(kName)(own_id, translated_7,
                                                                           nullptr);
  } else {
    in_qemu<void(qemu_plugin_id_t, decltype(&translated))>(kName)(own_id, translated);
  }
}

Translation call_after_boot = nullptr;

void go_on() {
  call_for_each = call_after_boot;
  register_translation();
}
void reset_done(qemu_plugin_id_t) { go_on(); }
void reset_done_7(void*) { go_on(); }

// Drops what is translated, and all callbacks.
void reset() {
  constexpr const char* kName = "qemu_plugin_reset";
  if (with_userdata) {
    in_qemu<void(qemu_plugin_id_t, decltype(&reset_done_7), void*)>(kName)(own_id, reset_done_7,
                                                                           nullptr);
  } else {
    in_qemu<void(qemu_plugin_id_t, decltype(&reset_done))>(kName)(own_id, reset_done);
  }
}

// The kernel unpacks itself below, and then leaves its own addresses for programs only.
void watch_boot(qemu_plugin_tb* block) {
  static bool booting = false;
  static bool over = false;
  if (explain::is_kernel(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0)))) {
    booting = true;
  } else if (booting && !over) {
    over = true;
    reset();
  }
}

}  // namespace

void on_translation_after_boot(qemu_plugin_id_t id, const qemu_info_t& info, Translation call) {
  own_id = id;
  with_userdata = info.version.cur >= 7;
  call_after_boot = call;
  call_for_each = watch_boot;
  register_translation();
}

bool copies_bytes(const qemu_info_t& info) { return info.version.cur >= 3; }

}  // namespace nsvet::plugin
