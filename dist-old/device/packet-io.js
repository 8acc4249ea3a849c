/**
 * What the engine moves frames with: batches in, batches out, all by descriptors of integers. Two implementations: `NativeIo` (TAPs by
 * the addon) and `MemoryIo` (queues, for tests and benchmarks); one contract test runs on both.
 *
 * Receive descriptors, 4 integers a frame: port, length with virtio-net header or -errno, tail or -1, and of a frame that the host's kernel
 * has accepted the interface index that it came in at, else 0. Frame i lies in head i, from `headAt(i)` on.
 * Transmit descriptors, 4 integers a frame: port, length with virtio-net header, byte offset in packet memory, tail or -1; afterwards the length is the
 * number of bytes sent, or -errno.
 */
export const DESCRIPTOR = 4;
/** Frames that one `transmit` can take; a flood of more is sent in parts. */
export const TX_MAX = 1024;
/** Place in `clock` that says how the last `receive` waited: WAIT_*. */
export const CLOCK_WAIT = 3;
/** Not at all: there were frames. */
export const WAIT_NONE = 0;
/** It polled, and frames came meanwhile. */
export const WAIT_SPUN = 1;
/** It slept, after polling in vain or without polling. */
export const WAIT_SLEPT = 2;
//# sourceMappingURL=packet-io.js.map