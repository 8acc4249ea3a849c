/**
 * Frames that are to wait for another one, as later fragments do for the first (`dataplane/fragment.ts`): copied out of the batch, whose heads
 * are needed for the next frames, and put into a batch of their own when their time has come.
 *
 * `HELD_FRAMES` slots of `ROOM` bytes, taken up front; nobody has more than `MOST_OF_ONE` of them. Frames that wait for the same one are a list,
 * newest first. No time here.
 */
import type { Batch } from "./batch.js";
import { HEAD_SIZE } from "./packet-memory.js";

export const HELD_FRAMES = 128;
/** A datagram of 64 KiB in reverse order, in fragments of 1,500 bytes, is 44 of them. */
export const MOST_OF_ONE = 48;
/** A frame of 9,000 bytes with its headers; longer ones do not wait. */
const ROOM = 9 * 1024;
const NONE = -1;

export class HeldFrames {
  private readonly bytes = new Uint8Array(HELD_FRAMES * ROOM);
  private readonly next = new Int32Array(HELD_FRAMES).map((_, n) => (n + 1 < HELD_FRAMES ? n + 1 : NONE));
  private readonly size = new Int32Array(HELD_FRAMES); // with the virtio-net header; 0: free
  private readonly port = new Int32Array(HELD_FRAMES);
  private readonly owner = new Int32Array(HELD_FRAMES);
  private readonly node = new Int32Array(HELD_FRAMES); // which other node it came from, of an overlay network
  private readonly goesOn = new Uint8Array(HELD_FRAMES);
  private free = 0;
  /** Frames whose time has come, in the order in which they go on. */
  private ready = NONE;

  /**
   * Copies frame `i` of the batch before the list that begins with `list`; the new beginning, or -1 when there is no room for it. `owner`: who has
   * sent it, raw address. `goesOn`: the frame itself goes on all the same.
   */
  hold(b: Batch, i: number, headerSize: number, list: number, owner: number, goesOn: boolean): number {
    const size = b.len[i]! + headerSize;
    const slot = this.free;
    if (slot === NONE || size > ROOM || this.countOf(owner) >= MOST_OF_ONE) return NONE;
    this.free = this.next[slot]!;
    const inHead = Math.min(size, HEAD_SIZE);
    put(this.bytes, slot * ROOM, b.memory.bytes, b.at[i]!, inHead);
    if (size > inHead) put(this.bytes, slot * ROOM + inHead, b.memory.bytes, b.memory.tailAt(b.tail[i]!), size - inHead);
    this.size[slot] = size;
    this.port[slot] = b.ingress[i]!;
    this.owner[slot] = owner;
    this.node[slot] = b.node[i]!;
    this.goesOn[slot] = goesOn ? 1 : 0;
    this.next[slot] = list;
    return slot;
  }

  /** The frames of the list are to go on, oldest first. */
  release(list: number): void {
    let slot = list;
    while (slot !== NONE) {
      const next = this.next[slot]!;
      this.next[slot] = this.ready;
      this.ready = slot;
      slot = next;
    }
  }

  /** Frees the first of the list, which is of no use; the rest of it, or -1. */
  drop(list: number): number {
    const next = this.next[list]!;
    this.size[list] = 0;
    this.next[list] = this.free;
    this.free = list;
    return next;
  }

  /** Port that a frame came in by; -1: it went on when it came. */
  lostBy(slot: number): number {
    return this.goesOn[slot] === 1 ? -1 : this.port[slot]!;
  }

  /** Frames here that did not go on when they came: each is to be sent or to be counted as a drop. */
  get kept(): number {
    let n = 0;
    for (let slot = 0; slot < HELD_FRAMES; slot++) if (this.size[slot] !== 0 && this.goesOn[slot] === 0) n++;
    return n;
  }

  get hasReady(): boolean {
    return this.ready !== NONE;
  }

  /** Fills the batch with frames that are to go on, as they came in, and frees them. Answers how many. */
  fill(b: Batch, headerSize: number): number {
    const { memory } = b;
    if (b.moved) b.reset();
    let n = 0;
    for (; n < memory.slots && this.ready !== NONE; n++) {
      const slot = this.ready;
      const size = this.size[slot]!;
      const inHead = Math.min(size, HEAD_SIZE);
      put(memory.bytes, b.at[n]!, this.bytes, slot * ROOM, inHead);
      if (size > inHead) put(memory.bytes, memory.tailAt(n), this.bytes, slot * ROOM + inHead, size - inHead);
      b.ingress[n] = this.port[slot]!;
      b.len[n] = size - headerSize;
      b.tail[n] = size > inHead ? n : -1;
      b.device[n] = 0;
      b.node[n] = this.node[slot]!;
      this.ready = this.drop(slot);
    }
    b.count = n;
    return n;
  }

  private countOf(owner: number): number {
    let n = 0;
    for (let slot = 0; slot < HELD_FRAMES; slot++) if (this.size[slot] !== 0 && this.owner[slot] === owner) n++;
    return n;
  }
}

/** Copies without an object for the part, as `set` and `subarray` would make one. */
function put(to: Uint8Array, at: number, from: Uint8Array, start: number, len: number): void {
  for (let k = 0; k < len; k++) to[at + k] = from[start + k]!;
}
