/**
 * Captured packets on their way from a worker to the control side: a ring of bytes in shared memory, one writer and one reader, neither of which waits.
 * What finds no room is counted, and the next record says how many there were.
 *
 * Memory: CONTROL words, then the records (`wire/capture-record.ts`), each in one piece. Writer and reader each have a place, which the other only reads.
 */
import { HEADER_WORDS, LOST, SIZE, SKIP } from "../wire/capture-record.js";
import { type Lanes, lanesOf } from "../wire/lanes.js";

/** Words: where the reader is, where the writer is, whether the reader has been told, what is lost in all. */
const READER = 0,
  WRITER = 1,
  TOLD = 2,
  LOST_IN_ALL = 3,
  CONTROL = 16;

/** `size`: bytes for records, a multiple of 4. */
export function captureRing(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL * 4 + size);
}

export class CaptureRing implements Lanes {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  private readonly control: Int32Array;
  private readonly end: number;
  /** Where the next record goes; what lies before it, and is not published yet, nobody reads. */
  private next: number;
  private lost = 0;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, CONTROL);
    const { bytes, halves, words } = lanesOf(memory, CONTROL * 4);
    this.bytes = bytes;
    this.halves = halves;
    this.words = words;
    this.end = this.bytes.length;
    this.next = this.control[WRITER]!;
  }

  /** Place, in words, for a record of `size` bytes, a multiple of 4, with its SIZE and LOST said; -1: there is no room, and it is counted. */
  reserve(size: number): number {
    const reader = Atomics.load(this.control, READER);
    let at = this.next;
    // Never up to the reader: that would be an empty ring.
    if (at >= reader) {
      if (at + size >= this.end && (at + size > this.end || reader === 0)) {
        if (size >= reader) return this.lose();
        if (at < this.end) this.words[at >> 2] = SKIP;
        at = 0;
      }
    } else if (at + size >= reader) return this.lose();
    this.words[(at >> 2) + SIZE] = size;
    this.words[(at >> 2) + LOST] = this.lost;
    this.lost = 0;
    this.next = at + size;
    return at >> 2;
  }

  private lose(): number {
    this.lost++;
    Atomics.add(this.control, LOST_IN_ALL, 1);
    return -1;
  }

  /** The reader may have all that was reserved so far. Answers whether it is to be told. */
  publish(): boolean {
    if (this.next === this.control[WRITER]) return false;
    Atomics.store(this.control, WRITER, this.next);
    return Atomics.exchange(this.control, TOLD, 1) === 0;
  }

  /** Packets that found no room. */
  get lostInAll(): number {
    return Atomics.load(this.control, LOST_IN_ALL);
  }

  /** The reader has been told, and looks now: it is to be told of what comes later. */
  listen(): void {
    Atomics.store(this.control, TOLD, 0);
  }

  /** Place, in words, of the oldest record; -1: there is none. It stays until `free`. */
  peek(): number {
    const writer = Atomics.load(this.control, WRITER);
    let at = this.control[READER]!;
    if (at === writer) return -1;
    if (at + HEADER_WORDS * 4 > this.end || this.words[at >> 2] === SKIP) {
      at = 0;
      Atomics.store(this.control, READER, 0);
      if (writer === 0) return -1;
    }
    return at >> 2;
  }

  /** Frees the record at `place`, which `peek` has answered. */
  free(place: number): void {
    Atomics.store(this.control, READER, (place << 2) + this.words[place + SIZE]!);
  }
}
