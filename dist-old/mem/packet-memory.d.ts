/**
 * All packet memory: one block, made once, that `native/io.c` reads into and writes from.
 *
 * Layout: `slots` heads, each HEADROOM bytes and then HEAD_SIZE, then `slots` tails of TAIL_SIZE. Frame i of a batch starts in head i, behind
 * the headroom, with its 10-byte virtio-net header; what does not fit goes on in a tail that TypeScript never looks at. Headers of small frames
 * thus lie dense. A frame whose headers grow, since it becomes IPv6, starts in the headroom (`dataplane/translate.ts`).
 * Heads are an odd number of cache lines apart: with a power of two all headers would share a few cache sets.
 */
export declare const HEAD_SIZE: number, HEADROOM: number;
/** The longest frame, 64 KiB of IP with Ethernet, VLAN and virtio-net headers, fits into a head and a tail. */
export declare const TAIL_SIZE = 65536;
/** Frames a batch; 32 were faster than 64 (the tails stay in the cache). */
export declare const SLOTS = 32;
/** Byte offset where the frame received into head `i` starts. */
export declare function headAt(i: number): number;
/** In which head the byte at offset `at` lies. */
export declare function slotOf(at: number): number;
/** How many bytes of a frame that starts at `at` lie in its head. */
export declare function inHead(at: number): number;
export declare class PacketMemory {
    readonly slots: number;
    readonly bytes: Uint8Array;
    readonly halves: Uint16Array;
    readonly words: Int32Array;
    constructor(slots?: number);
    /** Byte offset of the end of head `i`, where a longer frame goes on in a tail. */
    headEnd(i: number): number;
    /** Byte offset of a tail. */
    tailAt(tail: number): number;
}
