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
 * most one half, so every probe ends), and 4 bytes that few packets need: 84 bytes an entry. There are no pointers, only row numbers, so rows
 * may lie in a mapped file that outlives the process (`flow-file.ts`).
 *
 * IPv6 is in the same rows: the words of its addresses are handles (`addresses.ts`), which whoever adds a flow holds and whoever takes it out
 * releases. The two tuples of an entry may be of different families.
 *
 * Look-up: `tuple-index.ts`. Time: `ageing.ts`. A full table takes no flow; which one makes room is decided in `dataplane/make-room.ts`.
 */
import { isIpv6 } from "../wire/address-word.js";
import { swapPorts } from "../wire/raw.js";
import { Ageing, MAX_TIMEOUT, NONE } from "./ageing.js";
import type { FlowMemory } from "./flow-file.js";
import {
  DEADLINE,
  DEFAULT_TIMEOUTS,
  DELTA,
  DST,
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
  TIMESTAMPED,
  V6_ORIGINAL,
  V6_REPLY,
  WAY,
  WITHHELD,
} from "./flow-row.js";
import { TupleIndex } from "./tuple-index.js";

export { MAX_TIMEOUT } from "./ageing.js";
export * from "./flow-row.js";

/** Bits of the number that a flow gets when it is closed. */
const AGE = 0x3fffffff;

export class Conntrack extends TupleIndex {
  readonly timeouts: Int32Array;
  /** Of each row: interface index that the host's kernel accepted the client's last packet from that it saw. */
  readonly device: Int32Array;
  used = 0;
  created = 0;
  /** Flows whose two ends are of different families. */
  across = 0;
  /** How many flows are in each state. */
  readonly population: Int32Array;
  private closings = 0; // wraps
  private readonly ageing: Ageing;
  private free = NONE; // rows given back, linked by NEXT
  private fresh = 0; // rows never used start here
  private reserved: number; // up to here there is memory for them

  /** `capacity`: entries, at most 2^20; `seed`: int32, random per process; `timeouts`: seconds, by state; `kept`: memory, of zeros; default: its own, by `allocate`. */
  constructor(
    readonly capacity: number,
    seed: number,
    timeouts: Int32Array = DEFAULT_TIMEOUTS,
    private readonly kept?: FlowMemory,
    allocate?: (size: number) => ArrayBuffer,
  ) {
    super(capacity, seed, kept?.rows, allocate);
    if (timeouts.some((t) => t < 1 || t > MAX_TIMEOUT)) throw new RangeError(`a time-out is not in 1..${MAX_TIMEOUT} seconds`);
    this.timeouts = Int32Array.from(timeouts);
    this.population = new Int32Array(timeouts.length);
    this.device = kept?.device ?? new Int32Array(capacity);
    this.reserved = kept === undefined ? capacity : 0;
    this.ageing = new Ageing(this.rows, this.timeouts);
  }

  /** The arrays that every packet reads, at places all over them: they gain from huge pages (`engine/huge-pages.ts`). */
  get memory(): Int32Array[] {
    return [this.rows, this.slots];
  }

  /** Adds a flow; returns its row number, or -1 when the table is full. Neither tuple may be in the table. `now` in seconds. */
  insert(flow: NewFlow, now: number): number {
    let id = this.free;
    if (id !== NONE) this.free = this.rows[(id << ROW_SHIFT) + NEXT]!;
    else if (this.hasFresh()) id = this.fresh++;
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
    const families = (isIpv6(src) ? V6_ORIGINAL : 0) | (isIpv6(replySrc) ? V6_REPLY : 0);
    if (isAcross(families)) this.across++;
    rows[row + STATE] = stateWord(proto, state) | families;
    rows[row + MAPPING] = flow.mapping;
    rows[row + WAY] = flow.egress;
    rows[row + REPLY + WAY] = flow.replyEgress;
    rows[row + DELTA] = flow.addressDelta | (flow.allDelta << 16);
    rows[row + PACKETS] = 0;
    rows[row + REPLY + PACKETS] = 0;
    this.device[id] = flow.device;
    this.occupy(this.hash(src, dst, ports, proto), id << 1);
    this.occupy(this.hash(replySrc, replyDst, replyPorts, proto), (id << 1) | 1);
    this.ageing.start(id, now);
    this.population[state] = this.population[state]! + 1;
    this.used++;
    this.created++;
    return id;
  }

  /** Whether there is another row that was never used. */
  private hasFresh(): boolean {
    if (this.fresh === this.capacity) return false;
    if (this.fresh === this.reserved) this.reserved = this.kept!.reserve(this.fresh + 1);
    return this.fresh < this.reserved;
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
    if (isAcross(word)) this.across--;
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
    const at = (id << ROW_SHIFT) + dir * REPLY + PACKETS;
    this.rows[at] = (this.rows[at]! + 1) | 0;
    this.ageing.refresh(id, now);
  }

  packets(id: number, dir: number): number {
    return this.rows[(id << ROW_SHIFT) + dir * REPLY + PACKETS]! >>> 0;
  }

  /** Counts packets of direction `dir` that somebody else has seen. */
  addPackets(id: number, dir: number, count: number): void {
    const at = (id << ROW_SHIFT) + dir * REPLY + PACKETS;
    this.rows[at] = (this.rows[at]! + count) | 0;
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
    return this.rows[(id << ROW_SHIFT) + dir * REPLY + WAY]! & 0xffff;
  }

  /** Sets EGRESS_* bits of direction `dir`, and takes others away. */
  mark(id: number, dir: number, set: number, clear: number): void {
    const at = (id << ROW_SHIFT) + dir * REPLY + WAY;
    this.rows[at] = (this.rows[at]! & ~clear) | set;
  }

  /** Whether the kernel could carry the flow, and is not to. */
  isWithheld(id: number): boolean {
    return (this.rows[(id << ROW_SHIFT) + STATE]! & WITHHELD) !== 0;
  }

  setWithheld(id: number, isWithheld: boolean): void {
    const at = (id << ROW_SHIFT) + STATE;
    this.rows[at] = isWithheld ? this.rows[at]! | WITHHELD : this.rows[at]! & ~WITHHELD;
  }

  /** Whether packets of the reference's tuple come by `port`: by the one that those of the other direction leave by. */
  comesBy(ref: number, port: number): boolean {
    return (this.egress(ref >> 1, (ref & 1) ^ 1) & EGRESS_PORT) === port;
  }

  /** Upper half, raw, of the acknowledgment number that direction `dir` has sent last. */
  acked(id: number, dir: number): number {
    return this.rows[(id << ROW_SHIFT) + dir * REPLY + WAY]! >>> 16;
  }

  setAcked(id: number, dir: number, upperHalf: number): void {
    const at = (id << ROW_SHIFT) + dir * REPLY + WAY;
    this.rows[at] = (this.rows[at]! & 0xffff) | (upperHalf << 16);
  }

  /** The flow's target remembers this TCP timestamp, a number, of its opener's. Takes the place of what `acked` says. */
  keepTimestamp(id: number, timestamp: number): void {
    this.rows[(id << ROW_SHIFT) + STATE] = this.rows[(id << ROW_SHIFT) + STATE]! | TIMESTAMPED;
    this.setAcked(id, 0, timestamp >>> 16);
    this.setAcked(id, 1, timestamp & 0xffff);
  }

  /** Whether it has one, which then is `timestamp`. */
  hasTimestamp(id: number): boolean {
    return (this.rows[(id << ROW_SHIFT) + STATE]! & TIMESTAMPED) !== 0;
  }

  timestamp(id: number): number {
    return (this.acked(id, 0) << 16) | this.acked(id, 1);
  }

  /** Its target does not remember that any more. */
  dropTimestamp(id: number): void {
    this.rows[(id << ROW_SHIFT) + STATE] = this.rows[(id << ROW_SHIFT) + STATE]! & ~TIMESTAMPED;
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
}

/** Whether a state word's flow has ends of different families. */
function isAcross(word: number): boolean {
  return ((word & V6_ORIGINAL) !== 0) !== ((word & V6_REPLY) !== 0);
}
