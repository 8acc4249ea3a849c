/**
 * Frames that wait to be sent, first in, first out: copied out of packet memory, and back into it. All memory is taken up front. No time here.
 *
 * Layout: a ring of 32-bit words. A frame is a header of HEADER words (its bytes with the virtio-net header, the port that it goes to, its length as it
 * counts), then its bytes, as many words as they take. It lies in one piece: one that does not fit before the ring's end starts at its beginning, and
 * SKIP stands in its place.
 */
import { HEAD_SIZE, headAt, inHead, type PacketMemory, TAIL_SIZE } from "./packet-memory.js";

const HEADER = 3;
const SKIP = -1;
/** Words of the longest frame. */
const LONGEST = HEADER + (HEAD_SIZE + TAIL_SIZE) / 4;
/** The port that a frame goes to, when that is there no more. */
export const GONE = -1;

export class FrameQueue {
  private readonly words: Int32Array;
  private first = 0; // index of the first frame's header
  private end = 0; // where the next goes
  /** Frames that wait. */
  count = 0;
  /** Bytes of what waits, as they count. */
  backlog = 0;

  /** Room for `bytes` and for one frame more. */
  constructor(bytes: number) {
    this.words = new Int32Array(Math.ceil(bytes / 4) + 2 * LONGEST);
  }

  /**
   * Copies a frame of `size` bytes, virtio-net header included, that starts at byte `at` of packet memory, a multiple of 4, and goes on in `tail`.
   * `cost`: its length as it counts. False when there is no room.
   */
  put({ words, slots }: PacketMemory, at: number, tail: number, size: number, port: number, cost: number): boolean {
    const needed = HEADER + ((size + 3) >> 2);
    const start = this.place(needed);
    if (start === SKIP) return false;
    this.words[start] = size;
    this.words[start + 1] = port;
    this.words[start + 2] = cost;
    const head = inHead(at, size, tail);
    copy(this.words, start + HEADER, words, at >> 2, (head + 3) >> 2);
    if (size > head) copy(this.words, start + HEADER + (head >> 2), words, tailWord(slots, tail), (size - head + 3) >> 2);
    this.end = start + needed;
    this.count++;
    this.backlog += cost;
    return true;
  }

  /** Of the first frame, which there must be. */
  get size(): number {
    return this.words[this.first]!;
  }

  /** GONE when the port is. */
  get port(): number {
    return this.words[this.first + 1]!;
  }

  get cost(): number {
    return this.words[this.first + 2]!;
  }

  /** Copies the first frame to head and tail `slot` of packet memory. */
  read({ words, slots }: PacketMemory, slot: number): void {
    const { size } = this;
    const head = Math.min(size, HEAD_SIZE);
    copy(words, headAt(slot) >> 2, this.words, this.first + HEADER, (head + 3) >> 2);
    if (size > head) copy(words, tailWord(slots, slot), this.words, this.first + HEADER + (head >> 2), (size - head + 3) >> 2);
  }

  /** Takes the first frame out. */
  shift(): void {
    this.backlog -= this.cost;
    this.first = this.after(this.first);
    if (--this.count === 0) {
      this.first = 0;
      this.end = 0;
    }
  }

  /** What waits for `port` has nowhere to go. */
  forget(port: number): void {
    let at = this.first;
    for (let k = 0; k < this.count; k++) {
      if (this.words[at + 1] === port) this.words[at + 1] = GONE;
      at = this.after(at);
    }
  }

  /** Index of the header of the frame after the one at `at`; of the last one, of none. */
  private after(at: number): number {
    const next = at + HEADER + ((this.words[at]! + 3) >> 2);
    return next >= this.words.length || this.words[next] === SKIP ? 0 : next;
  }

  /** Where `needed` words go in one piece; SKIP: nowhere. A word is kept free before `first`, and one for SKIP. */
  private place(needed: number): number {
    if (this.count > 0 && this.end <= this.first) return this.end + needed < this.first ? this.end : SKIP;
    if (this.end + needed < this.words.length) return this.end;
    if (needed >= this.first) return SKIP;
    this.words[this.end] = SKIP;
    return 0;
  }
}

function tailWord(slots: number, tail: number): number {
  return (headAt(slots) - headAt(0) + tail * TAIL_SIZE) >> 2;
}

/** Word by word: `set` would need an object for the part. */
function copy(to: Int32Array, at: number, from: Int32Array, start: number, count: number): void {
  for (let k = 0; k < count; k++) to[at + k] = from[start + k]!;
}
