/**
 * Connection tracking: one entry a flow, found by its original and by its reply tuple.
 *
 * Theory of operation. A tuple is (source, destination, ports, protocol) in raw words (`wire/raw.ts`), as the packet carries it when it
 * comes in; an ICMP query has its identifier in both port halves. An entry holds the tuple of each direction. The rewrite of a packet of one
 * direction is the other direction's tuple turned round, so it needs no fields of its own; only the checksum deltas are kept ready.
 * Which addresses a flow gets is not decided here (`dataplane/admit.ts`), nor when a TCP state changes (`dataplane/track.ts`).
 *
 * Of a TCP flow it keeps as much of both sides' acknowledgments as tells a forged end from a genuine one (`dataplane/tcp-window.ts`).
 *
 * Memory, all taken up front: 64 bytes a row, that is one cache line, and 4 bytes a hash slot at four slots an entry (load at most one
 * half, so every probe ends): 80 bytes an entry. There are no pointers, only row numbers, so the memory could lie in a mapped file.
 * IPv6 fits in the same rows with addresses interned as 32-bit numbers.
 *
 * Hash: multiplicative, seeded per process so that collisions are hard to aim; linear probing; the upper bits of the hash are kept in the
 * slot, so that rows are touched only when they very likely match. Removal shifts the cluster back: no tombstones.
 *
 * Time: seconds, passed in. A packet only stores a new deadline; the wheel (one bucket a second, `WHEEL_SIZE` of them, longer time-outs
 * than that refused) looks at an entry when its old deadline comes and either removes it or puts it where the new one is. Flows that are
 * closing are in a list of their own, ordered by deadline: when the table is full the oldest of them makes room, so that a burst of
 * short connections cannot fill it. Else a full table refuses new flows; it never evicts a live one.
 */
import { swapPorts } from "../wire/raw.js";

/** A row is 16 words; these are their places. Original tuple 0..2 (source, destination, ports), reply tuple 3..5. */
export const ROW_SHIFT = 4;
const SRC = 0;
const DST = 1;
const PORTS = 2;
export const REPLY = 3;
/** Bits 0..7 IP protocol (0: the row is free), 8..15 state (`stateWord`). */
const STATE = 6;
/** Second at which the entry dies. */
export const DEADLINE = 7;
const NEXT = 8;
const PREV = 9;
/** Port mapping that the flow holds (`table/nat-pool.ts`), or -1. */
const MAPPING = 10;
/** Egress of the original direction in the low half, of the reply direction in the high one: port in bits 0..9 (`ports.ts`), EGRESS_* bits above. */
export const EGRESS = 11;
/** Of TCP, the upper half of the last acknowledgment number of each direction, raw: original in the low half (`dataplane/tcp-window.ts`). */
export const ACKED = 12;
/** Checksum deltas of the original direction: addresses in the low half, addresses and ports in the high one. */
export const DELTA = 13;
/** Packets of each direction; wraps at 2^32. */
export const PACKETS = 14;

/** The uplink's steering is to bring the replies of what goes out here. */
export const EGRESS_RECORD = 1 << 10;
/** One end is the host itself: no router lies between, so TTL stays. */
export const EGRESS_KEEP_TTL = 1 << 11;
/** Of the reply direction: what it sends is in the steering's map, so that the client's packets come here (`dataplane/record.ts`). */
export const EGRESS_ENTERED = 1 << 13;
/** Of the original direction: the steering programs may carry the flow's packets, unseen by us (`engine/offload.ts`). */
export const EGRESS_OFFLOAD = 1 << 12;
export const EGRESS_PORT = 0x3ff;

/** States. TCP as far as a NAT needs it (RFC 5382 §5, RFC 7857 §2); UDP and ICMP: answered or not. */
export const SYN_SENT = 0,
  SYN_RECEIVED = 1,
  ESTABLISHED = 2,
  FIN_ORIGINAL = 3,
  FIN_REPLY = 4,
  CLOSING = 5,
  RESET = 6,
  UNREPLIED = 7,
  ASSURED = 8,
  ECHO = 9; // then the other queries, in the order of `icmp.query`
export const STATE_NAMES = [
  "syn-sent",
  "syn-received",
  "established",
  "fin-wait",
  "fin-wait",
  "closing",
  "reset",
  "unreplied",
  "assured",
  "echo",
  "timestamp",
  "information",
  "address-mask",
] as const;

/**
 * Seconds without a packet, by state. Established: RFC 5382 REQ-5 (2 h 4 min); other TCP states 4 min (same place, RFC 7857 §2.2 after a
 * reset), but a lone SYN 30 s (RFC 7857 §2.1 lets it be short against floods); UDP: RFC 4787 REQ-5; ICMP: RFC 5508 REQ-2.
 */
export const DEFAULT_TIMEOUTS = Int32Array.of(30, 60, 7440, 240, 240, 240, 240, 120, 300, 60, 60, 60, 60);

export function stateWord(proto: number, state: number): number {
  return proto | (state << 8);
}

const WHEEL_SIZE = 8192;
/** Longest time-out, in seconds. */
export const MAX_TIMEOUT = WHEEL_SIZE - 2;
const NONE = -1;
/** Value of PREV for the first entry of a list: bucket b is `HEAD - b`. */
const HEAD = -2;
const CLOSING_LIST = WHEEL_SIZE;

export class Conntrack {
  /** All rows. Written by methods here, and by `dataplane/established.ts` as `touch` does. */
  readonly rows: Int32Array;
  /** The same memory: half word `(row + ACKED) * 2 + dir` is an acknowledgment number's. */
  readonly rowHalves: Uint16Array;
  readonly timeouts: Int32Array;
  used = 0;
  created = 0;
  expired = 0;
  /** The last `expire` left some for the next one. */
  behind = false;
  private readonly slots: Int32Array;
  private readonly mask: number;
  private readonly refMask: number;
  private readonly first = new Int32Array(WHEEL_SIZE + 1).fill(NONE); // first row of each bucket, then of the closing list
  private lastClosing = NONE;
  private free = NONE; // rows given back, linked by NEXT
  private fresh = 0; // rows never used start here
  private tick = -1; // second up to which the wheel has been worked off

  /** `capacity`: entries, at most 2^20; `seed`: int32, random per process. */
  constructor(
    readonly capacity: number,
    private readonly seed: number,
    timeouts: Int32Array = DEFAULT_TIMEOUTS,
  ) {
    if (!(capacity >= 1 && capacity <= 1 << 20)) throw new RangeError(`conntrack capacity ${capacity} is not in 1..${1 << 20}`);
    if (timeouts.some((t) => t < 1 || t > MAX_TIMEOUT)) throw new RangeError(`a time-out is not in 1..${MAX_TIMEOUT} seconds`);
    this.timeouts = Int32Array.from(timeouts);
    this.rows = new Int32Array(capacity << ROW_SHIFT);
    this.rowHalves = new Uint16Array(this.rows.buffer);
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

  /**
   * Adds a flow; returns its row number, or -1 when the table is full (make room with `oldestClosing`). Neither tuple may be in the table.
   * `now` in seconds. The caller then sets what else it knows: `setEgress`, `setDeltas`, `setMapping`.
   */
  insert(
    proto: number,
    state: number,
    src: number,
    dst: number,
    ports: number,
    replySrc: number,
    replyDst: number,
    replyPorts: number,
    now: number,
  ): number {
    let id = this.free;
    if (id !== NONE) this.free = this.rows[(id << ROW_SHIFT) + NEXT]!;
    else if (this.fresh < this.capacity) id = this.fresh++;
    else return -1;
    const { rows } = this;
    const row = id << ROW_SHIFT;
    rows[row + SRC] = src;
    rows[row + DST] = dst;
    rows[row + PORTS] = ports;
    rows[row + REPLY + SRC] = replySrc;
    rows[row + REPLY + DST] = replyDst;
    rows[row + REPLY + PORTS] = replyPorts;
    rows[row + STATE] = stateWord(proto, state);
    rows[row + MAPPING] = -1;
    rows[row + EGRESS] = 0;
    rows[row + ACKED] = 0;
    rows[row + DELTA] = 0;
    rows[row + PACKETS] = 0;
    rows[row + PACKETS + 1] = 0;
    this.occupy(this.hash(src, dst, ports, proto), id << 1);
    this.occupy(this.hash(replySrc, replyDst, replyPorts, proto), (id << 1) | 1);
    rows[row + DEADLINE] = now + this.timeouts[state]!;
    if (state === CLOSING || state === RESET) this.linkClosing(id);
    else this.link(id);
    this.used++;
    this.created++;
    return id;
  }

  /** Takes entry `id` out. */
  remove(id: number): void {
    const { rows } = this;
    const row = id << ROW_SHIFT;
    const proto = rows[row + STATE]! & 0xff;
    this.vacate(this.hash(rows[row + SRC]!, rows[row + DST]!, rows[row + PORTS]!, proto), id << 1);
    this.vacate(this.hash(rows[row + REPLY + SRC]!, rows[row + REPLY + DST]!, rows[row + REPLY + PORTS]!, proto), (id << 1) | 1);
    this.unlink(id);
    rows[row + STATE] = 0; // protocol 0: the row is free
    rows[row + NEXT] = this.free;
    this.free = id;
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

  /** Counts a packet of direction `dir` and starts the state's time-out afresh. Not for closing states: their list is ordered, so `setState` again. */
  touch(id: number, dir: number, now: number): void {
    const { rows } = this;
    const row = id << ROW_SHIFT;
    rows[row + PACKETS + dir] = (rows[row + PACKETS + dir]! + 1) | 0;
    rows[row + DEADLINE] = now + this.timeouts[(rows[row + STATE]! >> 8) & 0xff]!;
  }

  packets(id: number, dir: number): number {
    return this.rows[(id << ROW_SHIFT) + PACKETS + dir]! >>> 0;
  }

  /** Changes the state and starts its time-out; a closing flow moves to the end of the closing list. */
  setState(id: number, state: number, now: number): void {
    const { rows } = this;
    const row = id << ROW_SHIFT;
    rows[row + STATE] = (rows[row + STATE]! & ~0xff00) | (state << 8);
    rows[row + DEADLINE] = now + this.timeouts[state]!;
    this.unlink(id);
    if (state === CLOSING || state === RESET) this.linkClosing(id);
    else this.link(id);
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

  /** Checksum deltas (`wire/checksum.ts`) of the original direction: of the addresses, and of addresses and ports. */
  setDeltas(id: number, addresses: number, all: number): void {
    this.rows[(id << ROW_SHIFT) + DELTA] = addresses | (all << 16);
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

  setEgress(id: number, original: number, reply: number): void {
    this.rows[(id << ROW_SHIFT) + EGRESS] = original | (reply << 16);
  }

  /** Upper half, raw, of the acknowledgment number that direction `dir` has sent last. */
  acked(id: number, dir: number): number {
    return this.rowHalves[(((id << ROW_SHIFT) + ACKED) << 1) + dir]!;
  }

  setAcked(id: number, dir: number, upperHalf: number): void {
    this.rowHalves[(((id << ROW_SHIFT) + ACKED) << 1) + dir] = upperHalf;
  }

  /** Whether packets of the reference's tuple come by `port`: by the one that those of the other direction leave by. */
  comesBy(ref: number, port: number): boolean {
    return (this.egress(ref >> 1, (ref & 1) ^ 1) & EGRESS_PORT) === port;
  }

  mapping(id: number): number {
    return this.rows[(id << ROW_SHIFT) + MAPPING]!;
  }

  setMapping(id: number, mapping: number): void {
    this.rows[(id << ROW_SHIFT) + MAPPING] = mapping;
  }

  /** The closing entry that has been so for longest, or -1. */
  oldestClosing(): number {
    return this.first[CLOSING_LIST]!;
  }

  /**
   * Collects up to `out.length` entries whose time has come by `now` into `out`; the caller removes each (`remove`), or gives it a later one (`setState`), before the next call.
   * Looks at `budget` entries at most, so that a great many at once do not stop the packets; then the next call goes on.
   */
  expire(now: number, out: Int32Array, budget: number): number {
    if (this.tick < now - WHEEL_SIZE) this.tick = now - WHEEL_SIZE; // once round finds all; twice would find some twice
    let found = 0;
    // Entries found on the closing list are in no bucket, so none is found twice.
    for (
      let id = this.first[CLOSING_LIST]!;
      id !== NONE && found < out.length && this.deadline(id) <= now;
      id = this.rows[(id << ROW_SHIFT) + NEXT]!
    )
      out[found++] = id;
    while (this.tick < now && budget > 0) {
      const bucket = (this.tick + 1) & (WHEEL_SIZE - 1);
      let id = this.first[bucket]!;
      while (id !== NONE && budget > 0 && found < out.length) {
        const next = this.rows[(id << ROW_SHIFT) + NEXT]!;
        budget--;
        if (this.deadline(id) <= now) out[found++] = id;
        else {
          this.unlink(id);
          this.link(id);
        }
        id = next;
      }
      if (id !== NONE) break; // the rest of this bucket with the next call: what was found is removed by then
      this.tick++;
    }
    this.expired += found;
    this.behind = this.tick < now || found === out.length;
    return found;
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

  /** Puts the entry into the bucket of its deadline. */
  private link(id: number): void {
    const { rows, first } = this;
    const row = id << ROW_SHIFT;
    const bucket = rows[row + DEADLINE]! & (WHEEL_SIZE - 1);
    const next = first[bucket]!;
    rows[row + NEXT] = next;
    rows[row + PREV] = HEAD - bucket;
    if (next !== NONE) rows[(next << ROW_SHIFT) + PREV] = id;
    first[bucket] = id;
  }

  private linkClosing(id: number): void {
    const { rows, first } = this;
    const row = id << ROW_SHIFT;
    const last = this.lastClosing;
    rows[row + NEXT] = NONE;
    rows[row + PREV] = last === NONE ? HEAD - CLOSING_LIST : last;
    if (last === NONE) first[CLOSING_LIST] = id;
    else rows[(last << ROW_SHIFT) + NEXT] = id;
    this.lastClosing = id;
  }

  private unlink(id: number): void {
    const { rows, first } = this;
    const row = id << ROW_SHIFT;
    const next = rows[row + NEXT]!,
      prev = rows[row + PREV]!;
    if (prev <= HEAD) first[HEAD - prev] = next;
    else rows[(prev << ROW_SHIFT) + NEXT] = next;
    if (next !== NONE) rows[(next << ROW_SHIFT) + PREV] = prev;
    else if (this.lastClosing === id) this.lastClosing = prev <= HEAD ? NONE : prev;
  }
}
