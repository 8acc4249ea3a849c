/**
 * All packet memory: one block, made once, that `native/io.c` reads into and writes from.
 *
 * Layout: `slots` heads, each HEADROOM bytes and then HEAD_SIZE, then `slots` tails of TAIL_SIZE. Frame i of a batch starts in head i, behind
 * the headroom, with its 10-byte virtio-net header; what does not fit goes on in a tail that TypeScript never looks at. Headers of small frames
 * thus lie dense. A frame whose headers grow, since it becomes IPv6, starts in the headroom (`dataplane/translate.ts`).
 * Heads are an odd number of cache lines apart: with a power of two all headers would share a few cache sets.
 *
 * Behind the tails is room for datagrams of tunnels, each in one piece: what came sealed or several in a frame, until it goes on, and what goes out so
 * (`dataplane/datagrams-in.ts`, `datagrams-out.ts`). Without overlay networks it is never touched, and so takes no memory.
 */
export const HEAD_SIZE = 33 * 64,
  HEADROOM = 2 * 64;
const HEAD_STRIDE = HEADROOM + HEAD_SIZE;
/** The longest frame, 64 KiB of IP with Ethernet, VLAN and virtio-net headers, fits into a head and a tail. */
export const TAIL_SIZE = 65536;
/** Room for datagrams that go out; those that came in have room for a batch of the longest frames. */
export const DATAGRAMS_OUT_SIZE = 512 * 1024;
/** Frames a batch; 32 were faster than 64 (the tails stay in the cache). */
export const SLOTS = 32;

/** Byte offset where the frame received into head `i` starts. */
export function headAt(i: number): number {
  return i * HEAD_STRIDE + HEADROOM;
}

/** In which head the byte at offset `at` lies. */
export function slotOf(at: number): number {
  return Math.floor(at / HEAD_STRIDE);
}

/** How many bytes of a frame of `size` that starts at `at` and goes on in `tail` lie in one piece: of one without a tail (-1) all. */
export function inHead(at: number, size: number, tail: number): number {
  return tail === -1 ? size : Math.min(size, HEAD_STRIDE - (at % HEAD_STRIDE));
}

export class PacketMemory {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  /** Byte offsets of the room for datagrams of tunnels. */
  readonly datagramsOut: number;
  readonly datagramsIn: number;

  /** `allocate`: memory of so many bytes, zeros; default: V8's. */
  constructor(
    readonly slots: number = SLOTS,
    allocate = (size: number): ArrayBuffer => new ArrayBuffer(size),
  ) {
    if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) throw new Error("raw words need a little-endian machine");
    this.datagramsOut = this.tailAt(slots);
    this.datagramsIn = this.datagramsOut + DATAGRAMS_OUT_SIZE;
    const block = allocate(this.datagramsIn + slots * (HEAD_SIZE + TAIL_SIZE));
    this.bytes = new Uint8Array(block);
    this.halves = new Uint16Array(block);
    this.words = new Int32Array(block);
  }

  /** Byte offset of the end of head `i`, where a longer frame goes on in a tail. */
  headEnd(i: number): number {
    return (i + 1) * HEAD_STRIDE;
  }

  /** Byte offset of a tail. */
  tailAt(tail: number): number {
    return this.slots * HEAD_STRIDE + tail * TAIL_SIZE;
  }
}
