/** Frames through TAP descriptors, and out of a ring buffer of BPF, by the addon (`native/io.c`). */
import { type PacketMemory } from "../mem/packet-memory.js";
import { type PacketIo } from "./packet-io.js";
export declare class NativeIo implements PacketIo {
    readonly rx: Int32Array;
    readonly tx: Int32Array<ArrayBuffer>;
    readonly clock: Int32Array<ArrayBuffer>;
    private readonly handle;
    /** `wakeFd`: an eventfd; a signal on it ends a waiting `receive`. */
    constructor(memory: PacketMemory, wakeFd: number);
    receive(spinNs: number, timeoutMs: number): number;
    transmit(count: number): number;
    addPort(port: number, fd: number): void;
    addRing(port: number, fd: number, size: number): void;
    removePort(port: number): void;
    /** Counts in `clock[2]` when `fd` gets something to read. */
    watch(fd: number): void;
}
