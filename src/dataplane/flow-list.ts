/**
 * Flows that somebody comes back to later, by which time each may have ended, and its row be another one's. There may be as many as conntrack
 * holds: so no object each.
 */
import type { Conntrack } from "../table/conntrack.js";

/** Words of a tuple, and numbers of a flow here: its row, and the words of its tuples, which tell that it is still the same. */
const TUPLE = 3,
  FLOW = 1 + 2 * TUPLE;

export class FlowList {
  private readonly numbers: number[] = [];

  constructor(private readonly conntrack: Conntrack) {}

  get count(): number {
    return this.numbers.length / FLOW;
  }

  add(id: number): void {
    this.numbers.push(id);
    for (let dir = 0; dir < 2; dir++) for (let word = 0; word < TUPLE; word++) this.numbers.push(this.conntrack.tuple(id, dir, word));
  }

  /** Calls `stays` for each that is there still; those for which it says so are kept, in their order. */
  sift(stays: (id: number) => boolean): void {
    const { numbers } = this;
    let left = 0;
    for (let at = 0; at < numbers.length; at += FLOW) {
      const id = numbers[at]!;
      if (this.isSame(id, at) && stays(id)) for (let k = 0; k < FLOW; k++) numbers[left++] = numbers[at + k]!;
    }
    numbers.length = left;
  }

  /** Whether row `id` is in use and has the tuples that are noted from `at` on. */
  private isSame(id: number, at: number): boolean {
    const { conntrack } = this;
    if (!conntrack.isLive(id)) return false;
    for (let dir = 0; dir < 2; dir++)
      for (let word = 0; word < TUPLE; word++)
        if (this.numbers[at + 1 + dir * TUPLE + word] !== conntrack.tuple(id, dir, word)) return false;
    return true;
  }
}
