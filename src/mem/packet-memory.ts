/**
 * All packet memory: one block, made once, that `native/io.c` reads into and writes from.
 *
 * Layout: `slots` heads of HEAD_SIZE bytes, then `slots` tails of TAIL_SIZE. Frame i of a batch starts in head i with its 10-byte
 * virtio-net header; what does not fit goes on in a tail that TypeScript never looks at. Headers of small frames thus lie dense.
 * The head's size is an odd number of cache lines: with a power of two all headers would share a few cache sets.
 */
export const HEAD_SIZE = 33 * 64;
/** The longest frame, 64 KiB of IP with Ethernet, VLAN and virtio-net headers, fits into a head and a tail. */
export const TAIL_SIZE = 65536;
/** Frames a batch; 32 were faster than 64 (the tails stay in the cache). */
export const SLOTS = 32;

export class PacketMemory {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;

  constructor(readonly slots: number = SLOTS) {
    if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) throw new Error("raw words need a little-endian machine");
    const block = new ArrayBuffer(slots * (HEAD_SIZE + TAIL_SIZE));
    this.bytes = new Uint8Array(block);
    this.halves = new Uint16Array(block);
    this.words = new Int32Array(block);
  }

  /** Byte offset of the end of head `i`, where a longer frame goes on in a tail. */
  headEnd(i: number): number {
    return (i + 1) * HEAD_SIZE;
  }

  /** Byte offset of a tail. */
  tailAt(tail: number): number {
    return this.slots * HEAD_SIZE + tail * TAIL_SIZE;
  }
}
