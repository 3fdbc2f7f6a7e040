// The part of QEMU's TCG plugin interface that we use. Debian ships no header for it; these are the
// declarations of QEMU's documentation (docs/devel/tcg-plugins.rst, "API") for versions 1 to 7 of
// the interface: QEMU 7.2 to 11.1. What differs between them is in plugin/interface.h.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

using qemu_plugin_id_t = std::uint64_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;

struct qemu_info_t {
  const char* target_name;
  struct {
    int min;
    int cur;  ///< The version of the interface that this QEMU has.
  } version;
  // More follows, which we do not read.
};

enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

using qemu_plugin_vcpu_udata_cb_t = void (*)(unsigned int vcpu_index, void* userdata);

void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn* insn, qemu_plugin_vcpu_udata_cb_t cb,
                                            qemu_plugin_cb_flags flags, void* userdata);
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb* tb, qemu_plugin_vcpu_udata_cb_t cb,
                                          qemu_plugin_cb_flags flags, void* userdata);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* tb);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb* tb, std::size_t index);
std::uint64_t qemu_plugin_insn_vaddr(const qemu_plugin_insn* insn);
std::size_t qemu_plugin_insn_size(const qemu_plugin_insn* insn);
/// Up to version 2 of the interface it returns a pointer to the bytes; from 3 on it copies them.
void* qemu_plugin_insn_data(const qemu_plugin_insn* insn, void* copy, std::size_t size);
void qemu_plugin_outs(const char* text);

/// What QEMU looks up in us.
extern __attribute__((visibility("default"))) int qemu_plugin_version;
__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const qemu_info_t* info, int argc,
                                                               char** argv);
}
