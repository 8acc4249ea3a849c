/**
 * Who has which source port (or ICMP identifier) when what inside endpoints send is masqueraded.
 *
 * A *mapping* gives an inside endpoint (protocol, address, port) an outside port on an outside address. It is endpoint-independent
 * (RFC 4787 REQ-1, RFC 5382 REQ-1): all flows of the inside endpoint share it, counted, and while ports are left each port is one endpoint's.
 * With the last flow its port is free for others. Ports of an outside address and protocol are a ring (`port-ring.ts`).
 *
 * A mapping says whose a port is; it does not make a flow unique. That is asked of conntrack, flow by flow (`dataplane/source-port.ts`): when
 * no port is left, and for flows that have no use for a mapping, a port serves any number of flows that differ in their destination (RFC 7857 §3).
 *
 * No inside address keeps more than half of the ports when others want them (RFC 6888 REQ-4): one that has none yet may take them away. The
 * flows that they serve go on.
 *
 * Addresses are words (`wire/address-word.ts`); inside ones are held by their flows.
 *
 * Nobody says here that an address has left the host; past RINGS_KEPT rings, a new one takes the place of one that has all its ports.
 */
import type { Addresses } from "./addresses.js";
import { NONE, PortRing } from "./port-ring.js";
import type { RandomInt32 } from "./random.js";

/** Number of a mapping: its ring above, the port's place in the range below. */
const RING_SHIFT = 16,
  PORT_BITS = 0xffff;
/** Most mappings at a time, all outside addresses together. */
const MAX_MAPPINGS = 1 << 17;
/** At most half full, so that every probe ends; mostly so empty that the first one hits. */
const SLOTS = MAX_MAPPINGS * 2;
/** Rings in use at a time, an outside address and protocol each. */
const MAX_RINGS = 256;
/** Rings that stay though idle: 400 KB each with the default range. */
const RINGS_KEPT = 16;
/** Ports in use that are looked at to find out whether one address has more than half of them. */
const SAMPLES = 64;

export class NatPool {
  /** Ports in use. */
  used = 0;
  private readonly rings: PortRing[] = [];
  private readonly slots = new Int32Array(SLOTS); // mapping + 1, or 0

  /** Ports `first`..`last` of each outside address, of them those that lead back to this worker; `seed` int32. */
  constructor(
    private readonly first: number,
    private readonly last: number,
    private readonly seed: number,
    private readonly random: RandomInt32,
    private readonly worker = 0,
    private readonly workers = 1,
    private readonly addresses?: Addresses,
  ) {}

  /**
   * The mapping of the inside endpoint on `outside`, made if need be; one more flow holds it. -1: there is no port left, not even of an address
   * that has too many. Addresses and `port` raw.
   */
  acquire(proto: number, inside: number, port: number, outside: number): number {
    const at = this.ringOf(proto, outside);
    if (at === NONE) return NONE;
    const ring = this.rings[at]!;
    let slot = this.find(at, inside, port);
    const known = this.slots[slot]! - 1;
    if (known !== NONE) {
      ring.hold(known & PORT_BITS);
      return known;
    }
    if (this.used === MAX_MAPPINGS) return NONE;
    let taken = ring.take();
    if (taken === NONE) {
      taken = this.tooMuch(ring, inside);
      if (taken === NONE) return NONE;
      this.vacate((at << RING_SHIFT) | taken, ring.holder(taken), ring.holderPort(taken));
      slot = this.find(at, inside, port);
    } else {
      this.used++;
    }
    return this.assign(slot, at, taken, inside, port);
  }

  /** The mapping of the inside endpoint, if it is, or can be, this very port of `outside` (raw); one more flow holds it. Else -1. */
  reacquire(proto: number, inside: number, port: number, outside: number, outsidePort: number): number {
    const at = this.ringOf(proto, outside);
    if (at === NONE) return NONE;
    const ring = this.rings[at]!;
    const slot = this.find(at, inside, port);
    const known = this.slots[slot]! - 1;
    if (known !== NONE) {
      if (this.portOf(known) !== outsidePort) return NONE;
      ring.hold(known & PORT_BITS);
      return known;
    }
    const taken = this.used === MAX_MAPPINGS ? NONE : ring.takeThis(outsidePort);
    if (taken === NONE) return NONE;
    this.used++;
    return this.assign(slot, at, taken, inside, port);
  }

  /** Whether but one flow holds the mapping. */
  isNew(id: number): boolean {
    return this.rings[id >>> RING_SHIFT]!.flows(id & PORT_BITS) === 1;
  }

  /** One flow of the inside endpoint less holds the mapping, if it is that endpoint's still; with the last one its port is free again. */
  release(id: number, inside: number, port: number): void {
    const ring = this.rings[id >>> RING_SHIFT]!;
    const index = id & PORT_BITS;
    if (!ring.isOf(index, inside, port) || !ring.release(index)) return;
    this.vacate(id, inside, port);
    this.used--;
  }

  /** Outside port of a mapping or candidate, raw. */
  portOf(id: number): number {
    return this.rings[id >>> RING_SHIFT]!.portOf(id & PORT_BITS);
  }

  /** A port of the one address, other than `inside`, that has more than half of them all; -1: there is none. By a vote of random ports (Boyer and Moore's). */
  private tooMuch(ring: PortRing, inside: number): number {
    let found = NONE;
    let votes = 0;
    for (let n = 0; n < SAMPLES; n++) {
      const port = ring.any();
      const holder = ring.holder(port);
      if (holder === 0) continue; // another worker's
      if (votes === 0) found = port;
      votes += holder === ring.holder(found) ? 1 : -1;
    }
    if (found === NONE || ring.holder(found) === inside) return NONE;
    let ofIt = 0;
    let all = 0;
    for (let n = 0; n < SAMPLES; n++) {
      const holder = ring.holder(ring.any());
      if (holder !== 0) all++;
      if (holder === ring.holder(found)) ofIt++;
    }
    return ofIt * 2 > all ? found : NONE;
  }

  private assign(slot: number, ring: number, index: number, inside: number, port: number): number {
    const id = (ring << RING_SHIFT) | index;
    this.slots[slot] = id + 1;
    this.rings[ring]!.assign(index, inside, port);
    return id;
  }

  /** Index of the ring, made with the first flow that needs it; -1: there are too many. */
  private ringOf(proto: number, outside: number): number {
    for (let i = 0; i < this.rings.length; i++) if (this.rings[i]!.address === outside && this.rings[i]!.proto === proto) return i;
    return this.addRing(proto, outside);
  }

  private addRing(proto: number, outside: number): number {
    const { rings } = this;
    const idle = rings.length < RINGS_KEPT ? NONE : rings.findIndex((ring) => ring.isIdle());
    const i = idle === NONE ? rings.length : idle;
    if (i === MAX_RINGS) return NONE;
    const { addresses } = this;
    if (i < rings.length) addresses?.release(rings[i]!.address);
    addresses?.hold(outside); // a ring may outlive its flows
    const spread = addresses?.spread(outside) ?? outside;
    rings[i] = new PortRing(proto, outside, this.first, this.last, this.random, this.worker, this.workers, spread);
    return i;
  }

  private home(ring: number, inside: number, port: number): number {
    const h = Math.imul(Math.imul(inside ^ this.seed, 0x9e3779b1) ^ port ^ (ring << 24), 0x85ebca6b);
    return (h ^ (h >>> 15)) & (SLOTS - 1);
  }

  /** Slot of the mapping, or the empty one where it would go. */
  private find(ring: number, inside: number, port: number): number {
    const { slots, rings } = this;
    for (let i = this.home(ring, inside, port); ; i = (i + 1) & (SLOTS - 1)) {
      const id = slots[i]! - 1;
      if (id === NONE || (id >>> RING_SHIFT === ring && rings[ring]!.isOf(id & PORT_BITS, inside, port))) return i;
    }
  }

  /** Takes out the mapping of this inside endpoint. */
  private vacate(id: number, inside: number, port: number): void {
    const { slots, rings } = this;
    let hole = this.home(id >>> RING_SHIFT, inside, port);
    while (slots[hole] !== id + 1) hole = (hole + 1) & (SLOTS - 1);
    for (let i = (hole + 1) & (SLOTS - 1); slots[i] !== 0; i = (i + 1) & (SLOTS - 1)) {
      const other = slots[i]! - 1;
      const its = rings[other >>> RING_SHIFT]!;
      const home = this.home(other >>> RING_SHIFT, its.holder(other & PORT_BITS), its.holderPort(other & PORT_BITS));
      if (((i - home) & (SLOTS - 1)) < ((i - hole) & (SLOTS - 1))) continue;
      slots[hole] = slots[i]!;
      hole = i;
    }
    slots[hole] = 0;
  }
}
