/**
 * All packet memory: one block, made once, that `native/io.c` reads into and writes from.
 *
 * Layout: `slots` heads, each HEADROOM bytes and then HEAD_SIZE, then `slots` tails of TAIL_SIZE. Frame i of a batch starts in head i, behind
 * the headroom, with its 10-byte virtio-net header; what does not fit goes on in a tail that TypeScript never looks at. Headers of small frames
 * thus lie dense. A frame whose headers grow, since it becomes IPv6, starts in the headroom (`dataplane/translate.ts`).
 * Heads are an odd number of cache lines apart: with a power of two all headers would share a few cache sets.
 */
export const HEAD_SIZE = 33 * 64, HEADROOM = 2 * 64;
const HEAD_STRIDE = HEADROOM + HEAD_SIZE;
/** The longest frame, 64 KiB of IP with Ethernet, VLAN and virtio-net headers, fits into a head and a tail. */
export const TAIL_SIZE = 65536;
/** Frames a batch; 32 were faster than 64 (the tails stay in the cache). */
export const SLOTS = 32;
/** Byte offset where the frame received into head `i` starts. */
export function headAt(i) {
    return i * HEAD_STRIDE + HEADROOM;
}
/** In which head the byte at offset `at` lies. */
export function slotOf(at) {
    return Math.floor(at / HEAD_STRIDE);
}
/** How many bytes of a frame that starts at `at` lie in its head. */
export function inHead(at) {
    return HEAD_STRIDE - (at % HEAD_STRIDE);
}
export class PacketMemory {
    constructor(slots = SLOTS) {
        this.slots = slots;
        if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1)
            throw new Error("raw words need a little-endian machine");
        const block = new ArrayBuffer(slots * (HEAD_STRIDE + TAIL_SIZE));
        this.bytes = new Uint8Array(block);
        this.halves = new Uint16Array(block);
        this.words = new Int32Array(block);
    }
    /** Byte offset of the end of head `i`, where a longer frame goes on in a tail. */
    headEnd(i) {
        return (i + 1) * HEAD_STRIDE;
    }
    /** Byte offset of a tail. */
    tailAt(tail) {
        return this.slots * HEAD_STRIDE + tail * TAIL_SIZE;
    }
}
//# sourceMappingURL=packet-memory.js.map