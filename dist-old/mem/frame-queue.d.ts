/**
 * Frames that wait to be sent, first in, first out: copied out of packet memory, and back into it. All memory is taken up front. No time here.
 *
 * Layout: a ring of 32-bit words. A frame is a header of HEADER words (its bytes with the virtio-net header, the port that it goes to, its length as it
 * counts), then its bytes, as many words as they take. It lies in one piece: one that does not fit before the ring's end starts at its beginning, and
 * SKIP stands in its place.
 */
import { type PacketMemory } from "./packet-memory.js";
/** The port that a frame goes to, when that is there no more. */
export declare const GONE = -1;
export declare class FrameQueue {
    private readonly words;
    private first;
    private end;
    /** Frames that wait. */
    count: number;
    /** Bytes of what waits, as they count. */
    backlog: number;
    /** Room for `bytes` and for one frame more. */
    constructor(bytes: number);
    /**
     * Copies a frame of `size` bytes, virtio-net header included, that starts at byte `at` of packet memory, a multiple of 4, and goes on in `tail`.
     * `cost`: its length as it counts. False when there is no room.
     */
    put({ words, slots }: PacketMemory, at: number, tail: number, size: number, port: number, cost: number): boolean;
    /** Of the first frame, which there must be. */
    get size(): number;
    /** GONE when the port is. */
    get port(): number;
    get cost(): number;
    /** Copies the first frame to head and tail `slot` of packet memory. */
    read({ words, slots }: PacketMemory, slot: number): void;
    /** Takes the first frame out. */
    shift(): void;
    /** What waits for `port` has nowhere to go. */
    forget(port: number): void;
    /** Index of the header of the frame after the one at `at`; of the last one, of none. */
    private after;
    /** Where `needed` words go in one piece; SKIP: nowhere. A word is kept free before `first`, and one for SKIP. */
    private place;
}
