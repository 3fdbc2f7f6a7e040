// What calls leave behind in the kernel, and the next ones pay for.
#pragma once

namespace nsvet::measure {

/// Brings it to one state, for the insn clock: figures would be some hundreds of instructions apart
/// without it. Without the privilege for a part of it, does the others.
///
/// - The kernel draws small random numbers from batches, and refilling one costs 1500 instructions
///   (drivers/char/random.c): the batches are discarded and refilled.
/// - Since 5.18 each process that ends adds 16 bytes to the pool of random(4), and one in four
///   fills a block and pays 1000 instructions for its hash: bytes are written until that has
///   happened.
/// - Whether a process is the first or the last one in a node of the radix tree that holds PIDs is
///   130 instructions of its clone or exit: the next PIDs will be the first ones of a node, by
///   /proc/sys/kernel/ns_last_pid (proc(5)). Not in a PID namespace of its own.
void align();

}  // namespace nsvet::measure
