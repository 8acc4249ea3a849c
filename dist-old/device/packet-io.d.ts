/**
 * What the engine moves frames with: batches in, batches out, all by descriptors of integers. Two implementations: `NativeIo` (TAPs by
 * the addon) and `MemoryIo` (queues, for tests and benchmarks); one contract test runs on both.
 *
 * Receive descriptors, 4 integers a frame: port, length with virtio-net header or -errno, tail or -1, and of a frame that the host's kernel
 * has accepted the interface index that it came in at, else 0. Frame i lies in head i, from `headAt(i)` on.
 * Transmit descriptors, 4 integers a frame: port, length with virtio-net header, byte offset in packet memory, tail or -1; afterwards the length is the
 * number of bytes sent, or -errno.
 */
export declare const DESCRIPTOR = 4;
/** Frames that one `transmit` can take; a flood of more is sent in parts. */
export declare const TX_MAX = 1024;
/** Place in `clock` that says how the last `receive` waited: WAIT_*. */
export declare const CLOCK_WAIT = 3;
/** Not at all: there were frames. */
export declare const WAIT_NONE = 0;
/** It polled, and frames came meanwhile. */
export declare const WAIT_SPUN = 1;
/** It slept, after polling in vain or without polling. */
export declare const WAIT_SLEPT = 2;
export interface PacketIo {
    readonly rx: Int32Array;
    readonly tx: Int32Array;
    /** After `receive`: monotonic seconds, nanoseconds, how often a watched descriptor became readable, and CLOCK_WAIT. */
    readonly clock: Int32Array;
    /** Frames received. While there are none it polls for `spinNs`, then sleeps up to `timeoutMs` (-1: until something happens). */
    receive(spinNs: number, timeoutMs: number): number;
    /** Sends the first `count` descriptors; returns how many failed. */
    transmit(count: number): number;
    addPort(port: number, fd: number): void;
    /** Frames that the host's kernel has accepted come as those of `port`, out of the BPF ring buffer `fd` of `size` bytes. There can be one. */
    addRing(port: number, fd: number, size: number): void;
    removePort(port: number): void;
}
