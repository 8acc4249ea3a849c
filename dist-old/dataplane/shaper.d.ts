/**
 * Holds ports to their bandwidth: what is over it waits, and what would wait too long is dropped.
 *
 * Theory of operation. A limit is of a port and a direction: what the port sends (FROM), what is sent to it (TO). It is a token bucket, kept as the
 * generic cell rate algorithm has it (ITU-T I.371): `due` is the time at which all that was sent would have been sent at the rate. A frame may go
 * while that lies no further ahead than the burst takes; then `due` grows by what the frame takes. So a frame may be longer than the burst, as a
 * segmentation-offload frame of 64 KiB is, and is never cut. A frame counts as on the wire: the headers of each of its segments, as the kernel's
 * `tbf` has it.
 * Frames over it wait in a queue (`mem/frame-queue.ts`) of MAX_WAIT: the time that the bandwidth plugin of CNI has `tbf` wait. A frame that comes when
 * that much waits is dropped (`over-rate`). Shaping rather than policing: TCP finds the rate by its queue, while a policer's drops, at round trips of
 * microseconds, leave it a fraction of the rate.
 * A frame between two ports with limits passes the sender's first, then the receiver's.
 *
 * Several workers have a queue each and one bucket together: `due` is shared memory, read and written without a lock. Two that write in the same
 * nanoseconds lose one frame's worth, which nobody notices.
 */
import type { Batch } from "../mem/batch.js";
import { type PacketMemory } from "../mem/packet-memory.js";
import { type Bandwidth } from "../table/bandwidth.js";
/** What `admit` answers when it is no port. */
export declare const PASSES = -1, WAITS = -2;
export declare class Shaper {
    /** Limits that there are. */
    limits: number;
    /** Frames that wait. */
    waiting: number;
    /** By port: FROM, TO. */
    private readonly limited;
    /** By port, twice: FROM, then TO. */
    private readonly queues;
    private readonly nsPerByte;
    private readonly burstNs;
    private readonly mostBytes;
    private readonly due;
    /** Numbers of queues that are in use, `limits` of them. */
    private readonly inUse;
    /** Monotonic nanoseconds, as of the last `setTime`. */
    private readonly now;
    constructor(buckets?: SharedArrayBuffer);
    set(port: number, { egress, ingress }: Bandwidth): void;
    /** The port is gone: what waits of it and for it is lost. */
    clear(port: number): void;
    setTime(sec: number, ns: number): void;
    /** Whether some frame of the batch is of or for a port with a limit, if all go to `to`. */
    concerns(b: Batch, to: number): boolean;
    /**
     * Whether frame `i` of the batch may go to `to`: PASSES; WAITS, it was copied; else the port whose limit it was dropped by. `from`: the port that it
     * came by; -1: of that it was asked before.
     */
    admit(b: Batch, i: number, from: number, to: number): number;
    /** Of a frame that goes to several ports, what it takes of its sender's limit: PASSES, or the port whose limit it was dropped by. */
    admitFlood(b: Batch, i: number): number;
    /**
     * Takes out frames whose time has come, into heads and tails of packet memory from 0 on, which must be free. `send` gets the slot, the port and the
     * size with the virtio-net header; `lost` gets a port to count a drop at, and whether that is since the other port is gone. False: there are more.
     */
    release(memory: PacketMemory, send: (slot: number, port: number, size: number) => void, lost: (port: number, gone: boolean) => void): boolean;
    /** Milliseconds, 1 to `most` (-1: for ever), until something that waits may go. */
    waitMs(most: number): number;
    private add;
    private pass;
    private conforms;
    private charge;
}
