/**
 * Connection tracking: one entry a flow, found by its original and by its reply tuple.
 *
 * Theory of operation. A tuple is (source, destination, ports, protocol) in raw words (`wire/raw.ts`), as the packet carries it when it
 * comes in; an ICMP query has its identifier in both port halves. An entry holds the tuple of each direction. The rewrite of a packet of one
 * direction is the other direction's tuple turned round, so it needs no fields of its own; only the checksum deltas are kept ready.
 * Which addresses a flow gets is not decided here (`dataplane/admit.ts`), nor when a state changes (`dataplane/track.ts`).
 *
 * Of a TCP flow it keeps as much of both sides' acknowledgments as tells a forged end from a genuine one (`dataplane/tcp-window.ts`).
 *
 * Memory, all taken up front: 64 bytes a row (`flow-row.ts`), that is one cache line, 4 bytes a hash slot at four slots an entry (load at
 * most one half, so every probe ends), and 4 bytes that few packets need: 84 bytes an entry. There are no pointers, only row numbers, so the
 * memory could lie in a mapped file. IPv6 fits in the same rows with addresses interned as 32-bit numbers.
 *
 * Hash: multiplicative, seeded per process so that collisions are hard to aim; linear probing; the upper bits of the hash are kept in the
 * slot, so that rows are touched only when they very likely match. Removal shifts the cluster back: no tombstones.
 *
 * Time: `ageing.ts`. A full table takes no flow; which one makes room is decided in `dataplane/make-room.ts`.
 */
import { swapPorts } from "../wire/raw.js";
import { Ageing, MAX_TIMEOUT, NONE } from "./ageing.js";
import {
  ACKED,
  DEADLINE,
  DEFAULT_TIMEOUTS,
  DELTA,
  DST,
  EGRESS,
  EGRESS_PORT,
  HELD,
  MAPPING,
  NEXT,
  type NewFlow,
  PACKETS,
  PHASES,
  PORTS,
  REPLY,
  ROW_SHIFT,
  SRC,
  STATE,
  stateWord,
} from "./flow-row.js";

export { MAX_TIMEOUT } from "./ageing.js";
export * from "./flow-row.js";

/** Bits of the number that a flow gets when it is closed. */
const AGE = 0x3fffffff;

export class Conntrack {
  /** All rows. Written by methods here, and by `dataplane/established.ts` as `touch` does. */
  readonly rows: Int32Array;
  /** The same memory: half word `(row + ACKED) * 2 + dir` is an acknowledgment number's. */
  readonly rowHalves: Uint16Array;
  readonly timeouts: Int32Array;
  /** Of each row: interface index that the host's kernel accepted the client's last packet from that it saw. */
  readonly device: Int32Array;
  used = 0;
  created = 0;
  /** How many flows are in each state. */
  readonly population: Int32Array;
  private closings = 0; // wraps
  private readonly ageing: Ageing;
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly refMask: number;
  private free = NONE; // rows given back, linked by NEXT
  private fresh = 0; // rows never used start here

  /** `capacity`: entries, at most 2^20; `seed`: int32, random per process; `timeouts`: seconds, by state. */
  constructor(
    readonly capacity: number,
    private readonly seed: number,
    timeouts: Int32Array = DEFAULT_TIMEOUTS,
  ) {
    if (!(capacity >= 1 && capacity <= 1 << 20)) throw new RangeError(`conntrack capacity ${capacity} is not in 1..${1 << 20}`);
    if (timeouts.some((t) => t < 1 || t > MAX_TIMEOUT)) throw new RangeError(`a time-out is not in 1..${MAX_TIMEOUT} seconds`);
    this.timeouts = Int32Array.from(timeouts);
    this.population = new Int32Array(timeouts.length);
    this.rows = new Int32Array(capacity << ROW_SHIFT);
    this.rowHalves = new Uint16Array(this.rows.buffer);
    this.device = new Int32Array(capacity);
    this.ageing = new Ageing(this.rows, this.timeouts);
    const size = 1 << Math.ceil(Math.log2(capacity * 4));
    this.slots = new Int32Array(size);
    this.mask = size - 1;
    this.refMask = size - 1; // a reference, plus one, is at most 2 * capacity: half the slots
  }

  /** The arrays that every packet reads, at places all over them: they gain from huge pages (`engine/huge-pages.ts`). */
  get memory(): Int32Array[] {
    return [this.rows, this.slots];
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
      for (let i = hash & mask; slot !== 0 && ((slot ^ hash) & ~refMask) !== 0; slot = slots[i]!) i = (i + 1) & mask;
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

  /** Adds a flow; returns its row number, or -1 when the table is full. Neither tuple may be in the table. `now` in seconds. */
  insert(flow: NewFlow, now: number): number {
    let id = this.free;
    if (id !== NONE) this.free = this.rows[(id << ROW_SHIFT) + NEXT]!;
    else if (this.fresh < this.capacity) id = this.fresh++;
    else return -1;
    const { rows } = this;
    const { proto, state, src, dst, ports, replySrc, replyDst, replyPorts } = flow;
    const row = id << ROW_SHIFT;
    rows[row + SRC] = src;
    rows[row + DST] = dst;
    rows[row + PORTS] = ports;
    rows[row + REPLY + SRC] = replySrc;
    rows[row + REPLY + DST] = replyDst;
    rows[row + REPLY + PORTS] = replyPorts;
    rows[row + STATE] = stateWord(proto, state);
    rows[row + MAPPING] = flow.mapping;
    rows[row + EGRESS] = flow.egress | (flow.replyEgress << 16);
    rows[row + ACKED] = 0;
    rows[row + DELTA] = flow.addressDelta | (flow.allDelta << 16);
    rows[row + PACKETS] = 0;
    rows[row + PACKETS + 1] = 0;
    this.device[id] = flow.device;
    this.occupy(this.hash(src, dst, ports, proto), id << 1);
    this.occupy(this.hash(replySrc, replyDst, replyPorts, proto), (id << 1) | 1);
    this.ageing.start(id, now);
    this.population[state] = this.population[state]! + 1;
    this.used++;
    this.created++;
    return id;
  }

  /** Takes entry `id` out. */
  remove(id: number): void {
    const { rows, population } = this;
    const row = id << ROW_SHIFT;
    const word = rows[row + STATE]!;
    const proto = word & 0xff;
    const state = (word >> 8) & 0xff;
    this.vacate(this.hash(rows[row + SRC]!, rows[row + DST]!, rows[row + PORTS]!, proto), id << 1);
    this.vacate(this.hash(rows[row + REPLY + SRC]!, rows[row + REPLY + DST]!, rows[row + REPLY + PORTS]!, proto), (id << 1) | 1);
    this.ageing.stop(id);
    rows[row + STATE] = 0; // protocol 0: the row is free
    rows[row + NEXT] = this.free;
    this.free = id;
    population[state] = population[state]! - 1;
    this.used--;
  }

  /** Whether `id` is a live entry. */
  isLive(id: number): boolean {
    return id >= 0 && id < this.fresh && (this.rows[(id << ROW_SHIFT) + STATE]! & 0xff) !== 0;
  }

  /** One past the highest row ever used: the end for who walks all entries. */
  get end(): number {
    return this.fresh;
  }

  protocol(id: number): number {
    return this.rows[(id << ROW_SHIFT) + STATE]! & 0xff;
  }

  state(id: number): number {
    return (this.rows[(id << ROW_SHIFT) + STATE]! >> 8) & 0xff;
  }

  deadline(id: number): number {
    return this.rows[(id << ROW_SHIFT) + DEADLINE]!;
  }

  /** When the last packet came, in seconds. */
  lastSeen(id: number): number {
    return this.deadline(id) - this.timeouts[this.state(id)]!;
  }

  /** Counts a packet of direction `dir` and starts the state's time-out afresh. */
  touch(id: number, dir: number, now: number): void {
    const at = (id << ROW_SHIFT) + PACKETS + dir;
    this.rows[at] = (this.rows[at]! + 1) | 0;
    this.ageing.refresh(id, now);
  }

  packets(id: number, dir: number): number {
    return this.rows[(id << ROW_SHIFT) + PACKETS + dir]! >>> 0;
  }

  /** Changes the state and starts its time-out. What that means for ports and limits: `dataplane/turn.ts`. */
  setState(id: number, state: number, now: number): void {
    const { rows, population } = this;
    const at = (id << ROW_SHIFT) + STATE;
    const old = (rows[at]! >> 8) & 0xff;
    this.ageing.stop(id);
    rows[at] = (rows[at]! & ~0xff00) | (state << 8);
    this.ageing.start(id, now);
    population[old] = population[old]! - 1;
    population[state] = population[state]! + 1;
  }

  /** Flows that are HELD: those that do not make room for others as a matter of course. */
  get held(): number {
    let count = 0;
    for (let state = 0; state < PHASES.length; state++) if (PHASES[state] === HELD) count += this.population[state]!;
    return count;
  }

  /** Opened to a published port: the target's address is not the one that was asked for. */
  isPublished(id: number): boolean {
    return this.tuple(id, 0, DST) !== this.tuple(id, 1, SRC);
  }

  /** Whether the target sees another source address than that of who opened the flow. */
  hasOtherSource(id: number): boolean {
    return this.tuple(id, 0, SRC) !== this.tuple(id, 1, DST);
  }

  /** Tuple of direction `dir`: what = 0 source, 1 destination, 2 ports. */
  tuple(id: number, dir: number, what: number): number {
    return this.rows[(id << ROW_SHIFT) + dir * REPLY + what]!;
  }

  /** What a packet of direction `dir` gets: source, destination and ports of the other direction's tuple turned round. */
  newSrc(id: number, dir: number): number {
    return this.rows[(id << ROW_SHIFT) + (dir ^ 1) * REPLY + DST]!;
  }

  newDst(id: number, dir: number): number {
    return this.rows[(id << ROW_SHIFT) + (dir ^ 1) * REPLY + SRC]!;
  }

  newPorts(id: number, dir: number): number {
    return swapPorts(this.rows[(id << ROW_SHIFT) + (dir ^ 1) * REPLY + PORTS]!);
  }

  addressDelta(id: number, dir: number): number {
    return (this.rows[(id << ROW_SHIFT) + DELTA]! ^ -dir) & 0xffff;
  }

  allDelta(id: number, dir: number): number {
    return ((this.rows[(id << ROW_SHIFT) + DELTA]! ^ -dir) >>> 16) & 0xffff;
  }

  /** Where packets of direction `dir` go: port | EGRESS_* bits. */
  egress(id: number, dir: number): number {
    return (this.rows[(id << ROW_SHIFT) + EGRESS]! >>> (dir << 4)) & 0xffff;
  }

  /** Sets EGRESS_* bits of direction `dir`, and takes others away. */
  mark(id: number, dir: number, set: number, clear: number): void {
    const at = (id << ROW_SHIFT) + EGRESS;
    this.rows[at] = (this.rows[at]! & ~(clear << (dir << 4))) | (set << (dir << 4));
  }

  /** Whether packets of the reference's tuple come by `port`: by the one that those of the other direction leave by. */
  comesBy(ref: number, port: number): boolean {
    return (this.egress(ref >> 1, (ref & 1) ^ 1) & EGRESS_PORT) === port;
  }

  /** Upper half, raw, of the acknowledgment number that direction `dir` has sent last. */
  acked(id: number, dir: number): number {
    return this.rowHalves[(((id << ROW_SHIFT) + ACKED) << 1) + dir]!;
  }

  setAcked(id: number, dir: number, upperHalf: number): void {
    this.rowHalves[(((id << ROW_SHIFT) + ACKED) << 1) + dir] = upperHalf;
  }

  /** Port mapping that the flow holds (`table/nat-pool.ts`), or -1. */
  mapping(id: number): number {
    return Math.max(NONE, this.rows[(id << ROW_SHIFT) + MAPPING]!);
  }

  setMapping(id: number, mapping: number): void {
    this.rows[(id << ROW_SHIFT) + MAPPING] = mapping;
  }

  /** The flow holds no mapping any more: it is CLOSED, from now on. */
  close(id: number): void {
    this.rows[(id << ROW_SHIFT) + MAPPING] = this.closings | ~AGE;
    this.closings = (this.closings + 1) & AGE;
  }

  /** How many flows were closed since this one, itself among them: seconds are too long to tell which was first. */
  closedSince(id: number): number {
    return (this.closings - this.rows[(id << ROW_SHIFT) + MAPPING]!) & AGE;
  }

  /** Of the flows in `state`, which must not be HELD, the one that has been silent for longest; -1: there is none. */
  oldest(state: number): number {
    return this.ageing.oldest(state);
  }

  /** The flow after `id` in the order of `oldest`, of the same state; -1: there is none. */
  next(id: number): number {
    return this.rows[(id << ROW_SHIFT) + NEXT]!;
  }

  /**
   * Collects up to `out.length` flows whose time has come by `now` into `out`; the caller removes each (`remove`), or gives it a later deadline
   * (`setState`), before the next call. Looks at about `budget` at most; `behind` says whether it left some.
   */
  expire(now: number, out: Int32Array, budget: number): number {
    return this.ageing.expire(now, out, budget);
  }

  /** The last `expire` left some for the next one. */
  get behind(): boolean {
    return this.ageing.behind;
  }

  /** Appends the reference to its probe sequence. */
  private occupy(hash: number, ref: number): void {
    const { slots, mask, refMask } = this;
    let i = hash & mask;
    while (slots[i] !== 0) i = (i + 1) & mask;
    slots[i] = (hash & ~refMask) | (ref + 1);
  }

  /** Frees the reference's slot and moves later ones of the cluster up, so that no probe is cut short. */
  private vacate(hash: number, ref: number): void {
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
