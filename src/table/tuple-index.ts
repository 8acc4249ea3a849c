/**
 * The hash by which `conntrack.ts` finds a flow by either of its tuples. It knows rows (`flow-row.ts`) but for the words of the tuples only
 * as numbers.
 *
 * Hash: multiplicative, seeded per process so that collisions are hard to aim; linear probing; the upper bits of the hash are kept in the
 * slot, so that rows are touched only when they very likely match. Removal shifts the cluster back: no tombstones. Four slots an entry, two
 * of which are in use at most, so every probe ends.
 */
import { DST, PORTS, REPLY, ROW_SHIFT, SRC, STATE } from "./flow-row.js";

export class TupleIndex {
  /** All rows. Written by `Conntrack`, and by `dataplane/established.ts` as its `touch` does. */
  readonly rows: Int32Array;
  protected readonly slots: Int32Array;
  private readonly mask: number;
  private readonly refMask: number;

  /** `capacity`: entries, at most 2^20; `seed`: int32, random per process; `rows`: memory for them, of zeros. `allocate`: the rest of it. */
  constructor(
    capacity: number,
    private readonly seed: number,
    rows?: Int32Array,
    allocate = (size: number): ArrayBuffer => new ArrayBuffer(size),
  ) {
    if (!(capacity >= 1 && capacity <= 1 << 20)) throw new RangeError(`conntrack capacity ${capacity} is not in 1..${1 << 20}`);
    this.rows = rows ?? new Int32Array(allocate(capacity << (ROW_SHIFT + 2)));
    const size = 1 << Math.ceil(Math.log2(capacity * 4));
    this.slots = new Int32Array(allocate(size * 4));
    this.mask = size - 1;
    this.refMask = size - 1; // a reference, plus one, is at most 2 * capacity: half the slots
  }

  /** Hash of a tuple; pass it on to `find` and `insert`. */
  hash(src: number, dst: number, ports: number, proto: number): number {
    let h = Math.imul(src ^ this.seed, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15) ^ dst, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13) ^ ports, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 16) ^ proto, 0x27d4eb2f);
    return h ^ (h >>> 15);
  }

  /** Reference (row * 2 + direction) of the tuple, or -1. Direction 0: it is the original tuple, 1: the reply tuple. */
  find(hash: number, src: number, dst: number, ports: number, proto: number): number {
    const { slots, rows, mask, refMask } = this;
    const tag = hash & ~refMask;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = slots[i]!;
      if (slot === 0) return -1;
      if ((slot & ~refMask) !== tag) continue;
      const ref = (slot & refMask) - 1;
      const row = (ref >> 1) << ROW_SHIFT;
      const t = row + (ref & 1) * REPLY;
      if (rows[t + SRC] === src && rows[t + DST] === dst && rows[t + PORTS] === ports && (rows[row + STATE]! & 0xff) === proto) return ref;
    }
  }

  /**
   * Looks up `count` hashes at once, so that their cache misses overlap: one after the other, as `find` does it, each would wait for the last
   * (bench: `memory`, 1,000,000 flows). Of hash k, `refs[k]` becomes the first reference whose slot has its upper bits, or -1, and `states[k]`
   * the entry's state word; whether it is the very tuple is to be asked (`isTuple`). Where it is not, which is rare, `find` knows.
   */
  findAll(hashes: Int32Array, count: number, refs: Int32Array, states: Int32Array): void {
    const { slots, rows, mask, refMask } = this;
    for (let k = 0; k < count; k++) refs[k] = slots[hashes[k]! & mask]!;
    for (let k = 0; k < count; k++) {
      const hash = hashes[k]!;
      let slot = refs[k]!;
      if (((slot ^ hash) & ~refMask) !== 0) {
        for (let i = hash & mask; slot !== 0 && ((slot ^ hash) & ~refMask) !== 0; slot = slots[i]!) i = (i + 1) & mask;
      }
      const ref = (slot & refMask) - 1;
      refs[k] = ref;
      states[k] = ref === -1 ? 0 : rows[((ref >> 1) << ROW_SHIFT) + STATE]!;
    }
  }

  /** Whether the tuple of reference `ref` has these addresses and ports; its protocol is in the state word. */
  isTuple(ref: number, src: number, dst: number, ports: number): boolean {
    const { rows } = this;
    const t = ((ref >> 1) << ROW_SHIFT) + (ref & 1) * REPLY;
    return rows[t + SRC] === src && rows[t + DST] === dst && rows[t + PORTS] === ports;
  }

  /** As `find`, hashing too: for the slow path. */
  lookup(src: number, dst: number, ports: number, proto: number): number {
    return this.find(this.hash(src, dst, ports, proto), src, dst, ports, proto);
  }

  /** Appends the reference to its probe sequence. */
  protected occupy(hash: number, ref: number): void {
    const { slots, mask, refMask } = this;
    let i = hash & mask;
    while (slots[i] !== 0) i = (i + 1) & mask;
    slots[i] = (hash & ~refMask) | (ref + 1);
  }

  /** Frees the reference's slot and moves later ones of the cluster up, so that no probe is cut short. */
  protected vacate(hash: number, ref: number): void {
    const { slots, mask, refMask } = this;
    let hole = hash & mask;
    while ((slots[hole]! & refMask) !== ref + 1) hole = (hole + 1) & mask;
    for (let i = (hole + 1) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      const home = this.homeOf((slots[i]! & refMask) - 1) & mask;
      // Move it if its home is not between the hole (exclusive) and itself, going round.
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        slots[hole] = slots[i]!;
        hole = i;
      }
    }
    slots[hole] = 0;
  }

  private homeOf(ref: number): number {
    const { rows } = this;
    const row = (ref >> 1) << ROW_SHIFT;
    const t = row + (ref & 1) * REPLY;
    return this.hash(rows[t + SRC]!, rows[t + DST]!, rows[t + PORTS]!, rows[row + STATE]! & 0xff);
  }
}
