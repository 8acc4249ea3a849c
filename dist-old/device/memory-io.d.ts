/** Frames through queues in memory: what tests and in-memory benchmarks put in, and what the engine sent. */
import { type PacketMemory } from "../mem/packet-memory.js";
import { type PacketIo } from "./packet-io.js";
export interface SentFrame {
    port: number;
    /** Virtio-net header and frame. */
    bytes: Uint8Array;
}
export declare class MemoryIo implements PacketIo {
    private readonly memory;
    readonly rx: Int32Array;
    readonly tx: Int32Array<ArrayBuffer>;
    readonly clock: Int32Array<ArrayBuffer>;
    /** All that was sent, in order. */
    readonly sent: SentFrame[];
    private readonly waiting;
    private readonly ports;
    constructor(memory: PacketMemory);
    /** Queues a frame, virtio-net header first, as if it came in at `port`; `device`: as of a frame of the ring. */
    put(port: number, bytes: Uint8Array, device?: number): void;
    /** Frames put in and not yet received. */
    get pending(): number;
    receive(_spinNs?: number, _timeoutMs?: number): number;
    transmit(count: number): number;
    addPort(port: number): void;
    addRing(port: number): void;
    removePort(port: number): void;
}
