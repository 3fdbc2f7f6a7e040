// Brings what calls leave behind in the kernel, and the next ones pay for, to one state before each
// sample: figures of the insn clock would be some hundreds of instructions apart without it.
#pragma once

namespace nsvet::measure {

/// Of random(4), drivers/char/random.c. The kernel draws small numbers from batches, and refilling
/// one costs 1500 instructions: the batches are discarded (with the privilege for it) and refilled.
/// Since 5.18 each process that ends adds 16 bytes to the pool, and the one that fills a block of
/// 64 pays 1000 instructions for its hash: bytes are written until that has just happened.
void align_random();

/// The next PIDs will be the first ones of a node of the radix tree that holds them: whether a
/// process is the first or the last of its node is 130 instructions of its clone or exit. By
/// /proc/sys/kernel/ns_last_pid (proc(5)); without the privilege for it, and in a PID namespace of
/// its own, does nothing.
void align_pids();

}  // namespace nsvet::measure
