// What differs between the versions of QEMU's plugin interface.
#pragma once

#include "plugin/qemu_plugin.h"

namespace nsvet::plugin {

using Translation = void (*)(qemu_plugin_tb* block);

/// Has `call` called for each block that QEMU translates from the first program's first one on;
/// what was translated before is translated again. The kernel boots as fast as without us.
void on_translation_after_boot(qemu_plugin_id_t id, const qemu_info_t& info, Translation call);

/// Whether qemu_plugin_insn_data() copies the bytes, or returns where they are.
bool copies_bytes(const qemu_info_t& info);

}  // namespace nsvet::plugin
