/**
 * Source ports (and ICMP identifiers) for translated flows.
 *
 * A *mapping* gives an inside endpoint (protocol, address, port) an outside port on an outside address. It is endpoint-independent
 * (RFC 4787 REQ-1, RFC 5382 REQ-1): all flows of the inside endpoint share it, counted; with the last it ends. An *exclusive* mapping
 * belongs to one flow: for hairpin, where two flows of one inside endpoint can end at one target. No port is given twice at a time (REQ-3).
 *
 * Ports of one outside address and protocol are a ring in random order: the next is taken at its head (RFC 6056: hard to guess), a
 * returned one goes to its tail, so it rests as long as possible. Both O(1). When the ring is empty there is no port and the flow is refused.
 * Nobody says here that an address has left the host; past RINGS_KEPT rings, a new one takes the place of one that has all its ports.
 */
import { rawHalf } from "../wire/raw.js";
import { workerOf } from "../wire/spread.js";

const NONE = -1;
/** Most mappings at a time, all outside addresses together. */
export const MAX_MAPPINGS = 1 << 17;
const SLOTS = MAX_MAPPINGS * 2;
/** Rings in use at a time, an outside address and protocol each: as many as a byte tells apart. */
const MAX_RINGS = 256;
/** Rings that stay though idle: 45 KB each with the default range, for twenty addresses and three protocols. */
const RINGS_KEPT = 64;

class PortRing {
  private readonly ports: Uint16Array;
  private head = 0;
  private left: number;

  constructor(
    readonly proto: number,
    readonly address: number,
    first: number,
    last: number,
    random: () => number,
    worker: number,
    workers: number,
  ) {
    const all = Array.from({ length: last - first + 1 }, (_, i) => rawHalf(first + i));
    this.ports = Uint16Array.from(all.filter((port) => workerOf(address, port, workers) === worker));
    this.left = this.ports.length;
    for (let i = this.left - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      const port = this.ports[i]!;
      this.ports[i] = this.ports[j]!;
      this.ports[j] = port;
    }
  }

  get idle(): boolean {
    return this.left === this.ports.length;
  }

  /** A free port, raw, or -1. */
  take(): number {
    if (this.left === 0) return NONE;
    const port = this.ports[this.head]!;
    this.head = this.head + 1 === this.ports.length ? 0 : this.head + 1;
    this.left--;
    return port;
  }

  give(port: number): void {
    const i = this.head + this.left;
    this.ports[i < this.ports.length ? i : i - this.ports.length] = port;
    this.left++;
  }
}

export class NatPool {
  used = 0;
  private readonly address = new Int32Array(MAX_MAPPINGS); // inside, raw
  private readonly key = new Int32Array(MAX_MAPPINGS); // inside port (raw half) | protocol << 16
  private readonly port = new Uint16Array(MAX_MAPPINGS); // outside, raw
  private readonly ring = new Uint8Array(MAX_MAPPINGS);
  private readonly refs = new Int32Array(MAX_MAPPINGS); // flows; negative: exclusive
  private readonly slots = new Int32Array(SLOTS); // mapping + 1, or 0
  private readonly rings: PortRing[] = [];
  private readonly free = new Int32Array(MAX_MAPPINGS);
  private freeCount = 0;
  private fresh = 0;

  /** Ports `first`..`last` of each outside address, of them those that lead back to this worker; `seed` int32; `random` in [0, 1). */
  constructor(
    private readonly first: number,
    private readonly last: number,
    private readonly seed: number,
    private readonly random: () => number,
    private readonly worker = 0,
    private readonly workers = 1,
  ) {}

  /** The mapping of the inside endpoint on `outside`, made if need be; one more flow holds it. -1: no port left. Addresses and `port` raw. */
  acquire(proto: number, inside: number, port: number, outside: number): number {
    const ring = this.ringOf(proto, outside);
    const key = port | (proto << 16);
    const i = this.find(inside, key, ring);
    if (this.slots[i] !== 0) {
      const id = this.slots[i]! - 1;
      this.refs[id] = this.refs[id]! + 1;
      return id;
    }
    const id = this.make(inside, key, ring);
    if (id === NONE) return NONE;
    this.slots[i] = id + 1;
    this.refs[id] = 1;
    return id;
  }

  /** A mapping for one flow alone. -1: no port left. */
  acquireExclusive(proto: number, outside: number): number {
    const id = this.make(0, 0, this.ringOf(proto, outside));
    if (id !== NONE) this.refs[id] = -1;
    return id;
  }

  /** One flow less holds the mapping; with the last one its port is free again. */
  release(id: number): void {
    const refs = this.refs[id]!;
    if (refs > 1) {
      this.refs[id] = refs - 1;
      return;
    }
    if (refs === 1) this.vacate(id);
    this.refs[id] = 0;
    this.rings[this.ring[id]!]!.give(this.port[id]!);
    this.free[this.freeCount++] = id;
    this.used--;
  }

  /** Outside port, raw. */
  portOf(id: number): number {
    return this.port[id]!;
  }

  private make(inside: number, key: number, ring: number): number {
    if (ring === NONE) return NONE;
    const id = this.freeCount > 0 ? this.free[this.freeCount - 1]! : this.fresh;
    if (id === MAX_MAPPINGS) return NONE;
    const port = this.rings[ring]!.take();
    if (port === NONE) return NONE;
    if (this.freeCount > 0) this.freeCount--;
    else this.fresh++;
    this.address[id] = inside;
    this.key[id] = key;
    this.ring[id] = ring;
    this.port[id] = port;
    this.used++;
    return id;
  }

  /** Index of the ring, made with the first flow that needs it; -1: there are too many. */
  private ringOf(proto: number, outside: number): number {
    for (let i = 0; i < this.rings.length; i++) if (this.rings[i]!.address === outside && this.rings[i]!.proto === proto) return i;
    return this.addRing(proto, outside);
  }

  private addRing(proto: number, outside: number): number {
    const { rings } = this;
    const idle = rings.length < RINGS_KEPT ? NONE : rings.findIndex((ring) => ring.idle);
    const i = idle === NONE ? rings.length : idle;
    if (i === MAX_RINGS) return NONE;
    rings[i] = new PortRing(proto, outside, this.first, this.last, this.random, this.worker, this.workers);
    return i;
  }

  private home(inside: number, key: number, ring: number): number {
    const h = Math.imul(Math.imul(inside ^ this.seed, 0x9e3779b1) ^ key ^ (ring << 24), 0x85ebca6b);
    return (h ^ (h >>> 15)) & (SLOTS - 1);
  }

  /** Slot of the mapping, or the empty one where it would go. */
  private find(inside: number, key: number, ring: number): number {
    for (let i = this.home(inside, key, ring); ; i = (i + 1) & (SLOTS - 1)) {
      const id = this.slots[i]! - 1;
      if (id === NONE || (this.address[id] === inside && this.key[id] === key && this.ring[id] === ring)) return i;
    }
  }

  private vacate(id: number): void {
    const { slots } = this;
    let hole = this.find(this.address[id]!, this.key[id]!, this.ring[id]!);
    for (let i = (hole + 1) & (SLOTS - 1); slots[i] !== 0; i = (i + 1) & (SLOTS - 1)) {
      const other = slots[i]! - 1;
      const home = this.home(this.address[other]!, this.key[other]!, this.ring[other]!);
      if (((i - home) & (SLOTS - 1)) < ((i - hole) & (SLOTS - 1))) continue;
      slots[hole] = slots[i]!;
      hole = i;
    }
    slots[hole] = 0;
  }
}
