/**
 * Which counters of sealed datagrams have come already: a window of the last ones by a bitmap that is not shifted (RFC 6479), one a worker of the
 * sender's. Datagrams of one sender may come to several of our workers, so it lies in memory that these share, and a lock is held for the few
 * instructions that it takes.
 *
 * Layout of a window: LOCK (int32), unused (int32), the highest counter so far plus 1 (float64), then the bitmap, int32 x WORDS. The bit of a counter
 * is at `counter % BITS`; what lies between the former highest counter and a new one is cleared, by words, so that up to 31 counters less than BITS
 * are remembered.
 */

/** Counters that are remembered, at least. */
export const WINDOW = 4096 - 32;
const BITS = 4096,
  WORDS = BITS / 32;
const BITMAP = 4; // in words
const STRIDE = BITMAP + WORDS;

export class ReplayWindows {
  private readonly words: Int32Array;
  private readonly tops: Float64Array;

  /** Over memory from `createWindows`. */
  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.tops = new Float64Array(memory);
  }

  /** Windows that there are: workers of the sender's. */
  get count(): number {
    return this.words.length / STRIDE;
  }

  /** Datagrams so far: one more than the highest counter, of all workers. */
  get highest(): number {
    let highest = 0;
    for (let worker = 0; worker < this.count; worker++) highest = Math.max(highest, this.tops[(worker * STRIDE + 2) >> 1]!);
    return highest;
  }

  /** Takes note of a counter; false, and nothing changes, if it has come already, or may have: it is older than the window. `worker` < `count`; `counter` < 2^53 - 1 (`table/seals.ts` takes none above 2^40). */
  accept(worker: number, counter: number): boolean {
    const { words } = this;
    const at = worker * STRIDE;
    while (Atomics.compareExchange(words, at, 0, 1) !== 0);
    const isNew = this.note(at, counter);
    Atomics.store(words, at, 0);
    return isNew;
  }

  private note(at: number, counter: number): boolean {
    const { words, tops } = this;
    const next = tops[(at + 2) >> 1]!;
    const word = at + BITMAP + (Math.floor(counter / 32) % WORDS);
    const bit = 1 << (counter % 32);
    if (counter >= next) {
      // Words that begin to stand for later counters.
      const before = Math.floor((next - 1) / 32);
      const steps = Math.min(Math.floor(counter / 32) - before, WORDS);
      for (let k = 1; k <= steps; k++) words[at + BITMAP + ((before + k) % WORDS)] = 0;
      tops[(at + 2) >> 1] = counter + 1;
    } else if (next - 1 - counter >= WINDOW || (words[word]! & bit) !== 0) {
      return false;
    }
    words[word] = words[word]! | bit;
    return true;
  }
}

/** Memory of windows in which nothing has come yet. */
export function createWindows(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * STRIDE * 4);
}
