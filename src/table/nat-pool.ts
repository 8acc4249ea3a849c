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
 * Nobody says here that an address has left the host; past RINGS_KEPT rings, a new one takes the place of one that has all its ports.
 */
import { NONE, PortRing } from "./port-ring.js";
import type { RandomInt32 } from "./random.js";
import { Tally } from "./tally.js";

/** Rings in use at a time, an outside address and protocol each. */
const MAX_RINGS = 256;
/** Rings that stay though idle: 450 KB each with the default range. */
const RINGS_KEPT = 16;
/** Ports looked at to find one of an address that has too many, that is of more than half of them. */
const SAMPLES = 64;
const TALLY_SLOTS = 1024;

export class NatPool {
  /** Ports in use. */
  used = 0;
  private readonly rings: PortRing[] = [];
  private readonly holdings: Tally; // ports in use by (inside address, ring)

  /** Ports `first`..`last` of each outside address, of them those that lead back to this worker; `seed` int32. */
  constructor(
    private readonly first: number,
    private readonly last: number,
    private readonly seed: number,
    private readonly random: RandomInt32,
    private readonly worker = 0,
    private readonly workers = 1,
  ) {
    this.holdings = new Tally(TALLY_SLOTS, seed);
  }

  /** The mapping that the inside endpoint has, or had until not long ago, on `outside`; one more flow holds it. -1: none. Addresses and `port` raw. */
  acquire(proto: number, inside: number, port: number, outside: number): number {
    const at = this.ringOf(proto, outside);
    if (at === NONE) return NONE;
    const own = this.rings[at]!.find(inside, port);
    if (own === NONE) return NONE;
    if (this.rings[at]!.hold(own)) this.count(at, inside, 1);
    return (at << 16) | own;
  }

  /**
   * A port of `outside` that `inside` may claim: one that is not in use, or, when all are, one of an address that has too many. -1: none.
   * Ask again for another one.
   */
  candidate(proto: number, inside: number, outside: number): number {
    const at = this.ringOf(proto, outside);
    if (at === NONE) return NONE;
    const ring = this.rings[at]!;
    let port = ring.candidate();
    if (port === NONE && !this.hasShare(at, inside)) port = this.tooMuch(at);
    return port === NONE ? NONE : (at << 16) | port;
  }

  /** Makes `candidate` the mapping of the inside endpoint, which must have none; one flow holds it. */
  claim(candidate: number, inside: number, port: number): void {
    const at = candidate >>> 16;
    const ring = this.rings[at]!;
    const former = ring.holder(candidate & 0xffff);
    if (former !== 0) this.count(at, former, -1);
    ring.claim(candidate & 0xffff, inside, port);
    this.count(at, inside, 1);
  }

  /** One flow of the inside endpoint less holds the mapping; with the last one its port is free again. */
  release(id: number, inside: number, port: number): void {
    const at = id >>> 16;
    if (this.rings[at]!.release(id & 0xffff, inside, port)) this.count(at, inside, -1);
  }

  /** Outside port of a mapping or candidate, raw. */
  portOf(id: number): number {
    return this.rings[id >>> 16]!.portOf(id & 0xffff);
  }

  private count(ring: number, inside: number, n: number): void {
    this.used += n;
    this.holdings.add(n, inside, ring);
  }

  /** Whether the address has as many ports as one may keep when others want some. */
  private hasShare(ring: number, inside: number): boolean {
    return this.holdings.get(inside, ring) * 2 >= this.rings[ring]!.size;
  }

  /** A port of an address that has more than half of them; -1: none found. */
  private tooMuch(ring: number): number {
    for (let n = 0; n < SAMPLES; n++) {
      const port = this.rings[ring]!.any();
      const holder = this.rings[ring]!.holder(port);
      if (holder !== 0 && this.holdings.get(holder, ring) * 2 > this.rings[ring]!.size) return port;
    }
    return NONE;
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
    rings[i] = new PortRing(proto, outside, this.first, this.last, this.seed, this.random, this.worker, this.workers);
    return i;
  }
}
